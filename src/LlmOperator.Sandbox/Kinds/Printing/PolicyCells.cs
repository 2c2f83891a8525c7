using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of autoscalers, disruption budgets, leases and access rules.</summary>
internal static class PolicyCells
{
    /// <summary>HorizontalPodAutoscalers in their v2 form.</summary>
    public static IReadOnlyList<Column> Autoscaler { get; } =
    [
        Cells.Name,
        Cells.Text("Reference", "What is scaled.", obj => $"{obj.Text("spec", "scaleTargetRef", "kind")}/{obj.Text("spec", "scaleTargetRef", "name")}"),
        Cells.Text("Targets", "Metrics as they are, against what is wanted.", MetricTargets.Of),
        Cells.Text("MinPods", "Fewest pods.", obj => Cells.Scalar(obj.At("spec", "minReplicas")) ?? Cells.Unset),
        Cells.Number("MaxPods", "Most pods.", obj => obj.Integer("spec", "maxReplicas")),
        Cells.Number("Replicas", "Pods there are.", obj => obj.Integer("status", "currentReplicas")),
        Cells.Age,
    ];

    /// <summary>PodDisruptionBudgets.</summary>
    public static IReadOnlyList<Column> DisruptionBudget { get; } =
    [
        Cells.Name,
        Cells.Text("Min Available", "Pods that must stay.", obj => Cells.Scalar(obj.At("spec", "minAvailable")) ?? "N/A"),
        Cells.Text("Max Unavailable", "Pods that may be away.", obj => Cells.Scalar(obj.At("spec", "maxUnavailable")) ?? "N/A"),
        Cells.Number("Allowed Disruptions", "Pods that may be evicted now.", obj => obj.Integer("status", "disruptionsAllowed")),
        Cells.Age,
    ];

    /// <summary>Leases.</summary>
    public static IReadOnlyList<Column> Lease { get; } = [Cells.Name, Cells.Text("Holder", "Who holds it.", obj => obj.Text("spec", "holderIdentity") ?? ""), Cells.Age];

    /// <summary>Roles and ClusterRoles.</summary>
    public static IReadOnlyList<Column> Role { get; } = [Cells.Name, Cells.CreatedAt];

    /// <summary>RoleBindings and ClusterRoleBindings.</summary>
    public static IReadOnlyList<Column> RoleBinding { get; } =
    [
        Cells.Name,
        Cells.Text("Role", "What is granted.", obj => $"{obj.Text("roleRef", "kind")}/{obj.Text("roleRef", "name")}"),
        Cells.Age,
        Cells.Text("Users", "Users it is granted to.", obj => Subjects(obj, "User"), 1),
        Cells.Text("Groups", "Groups it is granted to.", obj => Subjects(obj, "Group"), 1),
        Cells.Text("ServiceAccounts", "Service accounts it is granted to.", obj => Subjects(obj, "ServiceAccount"), 1),
    ];

    /// <summary>PriorityClasses.</summary>
    public static IReadOnlyList<Column> PriorityClass { get; } =
    [
        Cells.Name,
        Cells.Number("Value", "Priority of its pods.", obj => obj.Integer("value")),
        new("Global-Default", "boolean", "", "Whether pods without a class get this one.", 0, (obj, _) => obj.Flag("globalDefault") ?? false),
        Cells.Age,
        Cells.Text("PreemptionPolicy", "Whether its pods push others away.", obj => obj.Text("preemptionPolicy")),
    ];

    /// <summary>RuntimeClasses.</summary>
    public static IReadOnlyList<Column> RuntimeClass { get; } = [Cells.Name, Cells.Text("Handler", "Runtime on the node.", obj => obj.Text("handler")), Cells.Age];

    private static string Subjects(JsonObject obj, string kind) => string.Join(", ", obj.Objects("subjects")
        .Where(subject => subject.Text("kind") == kind)
        .Select(subject => kind == "ServiceAccount" ? $"{subject.Text("namespace")}/{subject.Text("name")}" : subject.Text("name")));
}
