using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tables;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of the kinds that make pods.</summary>
internal static class WorkloadCells
{
    private static readonly Column Containers = Cells.Text("Containers", "Names of the containers.", obj => ContainerList(obj, "name"), 1);
    private static readonly Column Images = Cells.Text("Images", "Images of the containers.", obj => ContainerList(obj, "image"), 1);
    private static readonly Column Selector = Cells.Text("Selector", "Labels of the pods.", obj => Cells.Selector(obj.At("spec", "selector")), 1);
    private static readonly Column Desired = Cells.Number("Desired", "Pods wanted.", obj => obj.Integer("spec", "replicas"));
    private static readonly Column Current = Cells.Number("Current", "Pods there are.", obj => obj.Integer("status", "replicas"));
    private static readonly Column ReadyCount = Cells.Number("Ready", "Pods that are ready.", obj => obj.Integer("status", "readyReplicas"));
    private static readonly Column ReadyOfWanted =
        Cells.Text("Ready", "Pods that are ready, of those wanted.", obj => $"{obj.Integer("status", "readyReplicas") ?? 0}/{obj.Integer("spec", "replicas") ?? 0}");

    /// <summary>Deployments.</summary>
    public static IReadOnlyList<Column> Deployment { get; } =
    [
        Cells.Name,
        ReadyOfWanted,
        Cells.Number("Up-to-date", "Pods of the newest template.", obj => obj.Integer("status", "updatedReplicas")),
        Cells.Number("Available", "Pods that have been ready for long enough.", obj => obj.Integer("status", "availableReplicas")),
        Cells.Age,
        Containers,
        Images,
        Selector,
    ];

    /// <summary>ReplicaSets.</summary>
    public static IReadOnlyList<Column> ReplicaSet { get; } = [Cells.Name, Desired, Current, ReadyCount, Cells.Age, Containers, Images, Selector];

    /// <summary>ReplicationControllers, whose selector is a plain map.</summary>
    public static IReadOnlyList<Column> ReplicationController { get; } =
    [
        .. ReplicaSet.Take(7),
        Cells.Text("Selector", "Labels of the pods.", obj => Cells.Labels(obj.At("spec", "selector")), 1),
    ];

    /// <summary>StatefulSets.</summary>
    public static IReadOnlyList<Column> StatefulSet { get; } = [Cells.Name, ReadyOfWanted, Cells.Age, Containers, Images];

    /// <summary>DaemonSets.</summary>
    public static IReadOnlyList<Column> DaemonSet { get; } =
    [
        Cells.Name,
        Cells.Number("Desired", "Nodes that should run a pod.", obj => obj.Integer("status", "desiredNumberScheduled")),
        Cells.Number("Current", "Nodes that run one.", obj => obj.Integer("status", "currentNumberScheduled")),
        Cells.Number("Ready", "Nodes whose pod is ready.", obj => obj.Integer("status", "numberReady")),
        Cells.Number("Up-to-date", "Nodes whose pod has the newest template.", obj => obj.Integer("status", "updatedNumberScheduled")),
        Cells.Number("Available", "Nodes whose pod has been ready for long enough.", obj => obj.Integer("status", "numberAvailable")),
        Cells.Text("Node Selector", "Labels of the nodes.", obj => Cells.Labels(obj.At("spec", "template", "spec", "nodeSelector"))),
        Cells.Age,
        Containers,
        Images,
        Selector,
    ];

    /// <summary>Jobs.</summary>
    public static IReadOnlyList<Column> Job { get; } =
    [
        Cells.Name,
        Cells.Text("Status", "Where the Job stands.", JobStatus),
        Cells.Text("Completions", "Pods that succeeded, of those needed.", Completions),
        Cells.Timed("Duration", "How long it ran, or has been running.", Duration),
        Cells.Age,
        Containers,
        Images,
        Selector,
    ];

    /// <summary>CronJobs.</summary>
    public static IReadOnlyList<Column> CronJob { get; } =
    [
        Cells.Name,
        Cells.Text("Schedule", "When Jobs are made, in cron's notation.", obj => obj.Text("spec", "schedule")),
        Cells.Text("Timezone", "Zone of the schedule.", obj => Cells.OrNone(obj.Text("spec", "timeZone"))),
        Cells.Text("Suspend", "Whether no Jobs are made for now.", obj => obj.Flag("spec", "suspend") switch { true => "True", false => "False", null => Cells.Unset }),
        Cells.Number("Active", "Jobs that run.", obj => obj.Objects("status", "active").Count()),
        Cells.Timed("Last Schedule", "Time since the last Job was made.", (obj, now) => obj.Text("status", "lastScheduleTime") is null ? Cells.None : Cells.Since(obj.At("status", "lastScheduleTime"), now)),
        Cells.Age,
        Cells.Text("Containers", "Names of the containers.", obj => ContainerList(obj["spec"]?["jobTemplate"] as JsonObject ?? [], "name"), 1),
        Cells.Text("Images", "Images of the containers.", obj => ContainerList(obj["spec"]?["jobTemplate"] as JsonObject ?? [], "image"), 1),
        Cells.Text("Selector", "Labels of the pods.", obj => Cells.Selector(obj.At("spec", "jobTemplate", "spec", "selector")), 1),
    ];

    /// <summary>PodTemplates.</summary>
    public static IReadOnlyList<Column> PodTemplate { get; } =
    [
        Cells.Name,
        Cells.Text("Containers", "Names of the containers.", obj => JoinedFields(obj.Objects("template", "spec", "containers"), "name")),
        Cells.Text("Images", "Images of the containers.", obj => JoinedFields(obj.Objects("template", "spec", "containers"), "image")),
        Cells.Text("Pod Labels", "Labels pods get.", obj => Cells.Labels(obj.At("template", "metadata", "labels"))),
    ];

    /// <summary>ControllerRevisions.</summary>
    public static IReadOnlyList<Column> ControllerRevision { get; } =
    [
        Cells.Name,
        Cells.Text("Controller", "Controller it belongs to.", Controller),
        Cells.Number("Revision", "Its number in the history.", obj => obj.Integer("revision")),
        Cells.Age,
    ];

    private static string ContainerList(JsonObject obj, string field) => JoinedFields(obj.Objects("spec", "template", "spec", "containers"), field);

    private static string JoinedFields(IEnumerable<JsonObject> containers, string field) =>
        string.Join(',', containers.Select(container => container.Text(field) ?? ""));

    private static string Controller(JsonObject obj)
    {
        var owner = obj.Objects("metadata", "ownerReferences").FirstOrDefault(candidate => candidate.Flag("controller") == true);
        if (owner is null)
        {
            return Cells.None;
        }

        var apiVersion = owner.Text("apiVersion") ?? "";
        var kind = (owner.Text("kind") ?? "").ToLowerInvariant();
        var slash = apiVersion.IndexOf('/');
        return slash < 0 ? $"{kind}/{owner.Text("name")}" : $"{kind}.{apiVersion[..slash]}/{owner.Text("name")}";
    }

    private static string JobStatus(JsonObject job)
    {
        bool Holds(string type) => Cells.Condition(job, type) == "True";
        return Holds("Complete") ? "Complete"
            : Holds("Failed") ? "Failed"
            : job.Text("metadata", "deletionTimestamp") is not null ? "Terminating"
            : Holds("Suspended") ? "Suspended"
            : Holds("FailureTarget") ? "FailureTarget"
            : Holds("SuccessCriteriaMet") ? "SuccessCriteriaMet"
            : "Running";
    }

    private static string Completions(JsonObject job)
    {
        var succeeded = job.Integer("status", "succeeded") ?? 0;
        if (job.Integer("spec", "completions") is { } completions)
        {
            return $"{succeeded}/{completions}";
        }

        var parallelism = job.Integer("spec", "parallelism") ?? 0;
        return parallelism > 1 ? $"{succeeded}/1 of {parallelism}" : $"{succeeded}/1";
    }

    private static string Duration(JsonObject job, DateTimeOffset now) => Cells.Moment(job.At("status", "startTime")) is not { } start
        ? ""
        : HumanTime.Duration((Cells.Moment(job.At("status", "completionTime")) ?? now) - start);
}
