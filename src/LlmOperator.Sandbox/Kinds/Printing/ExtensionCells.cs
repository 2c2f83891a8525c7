using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of the kinds that extend or guard the API server itself.</summary>
internal static class ExtensionCells
{
    /// <summary>CustomResourceDefinitions.</summary>
    public static IReadOnlyList<Column> Definition { get; } = [Cells.Name, Cells.CreatedAt];

    /// <summary>APIServices.</summary>
    public static IReadOnlyList<Column> ApiService { get; } =
    [
        Cells.Name,
        Cells.Text("Service", "Service behind it, or Local.", obj =>
            obj.Object("spec", "service") is { } service ? $"{service.Text("namespace")}/{service.Text("name")}" : "Local"),
        Cells.Text("Available", "Whether it answers.", Availability),
        Cells.Age,
    ];

    /// <summary>Webhook configurations.</summary>
    public static IReadOnlyList<Column> Webhooks { get; } = [Cells.Name, Cells.Number("Webhooks", "Number of webhooks.", obj => obj.Objects("webhooks").Count()), Cells.Age];

    /// <summary>ValidatingAdmissionPolicies.</summary>
    public static IReadOnlyList<Column> ValidatingPolicy { get; } =
        [Cells.Name, Cells.Number("Validations", "Number of expressions.", obj => obj.Objects("spec", "validations").Count()), ParamKind, Cells.Age];

    /// <summary>MutatingAdmissionPolicies.</summary>
    public static IReadOnlyList<Column> MutatingPolicy { get; } =
        [Cells.Name, Cells.Number("Mutations", "Number of mutations.", obj => obj.Objects("spec", "mutations").Count()), ParamKind, Cells.Age];

    /// <summary>Bindings of admission policies.</summary>
    public static IReadOnlyList<Column> PolicyBinding { get; } =
    [
        Cells.Name,
        Cells.Text("PolicyName", "Policy it binds.", obj => obj.Text("spec", "policyName")),
        Cells.Text("ParamRef", "Parameters it is bound with.", ParamRef),
        Cells.Age,
    ];

    /// <summary>CertificateSigningRequests.</summary>
    public static IReadOnlyList<Column> SigningRequest { get; } =
    [
        Cells.Name,
        Cells.Age,
        Cells.Text("SignerName", "Who signs.", obj => Cells.OrNone(obj.Text("spec", "signerName"))),
        Cells.Text("Requestor", "Who asks.", obj => obj.Text("spec", "username") ?? ""),
        Cells.Text("RequestedDuration", "How long it should hold.", obj => obj.Integer("spec", "expirationSeconds") is { } seconds
            ? Tables.HumanTime.Duration(TimeSpan.FromSeconds(seconds))
            : Cells.None),
        Cells.Text("Condition", "Where it stands.", SigningState),
    ];

    /// <summary>FlowSchemas.</summary>
    public static IReadOnlyList<Column> FlowSchema { get; } =
    [
        Cells.Name,
        Cells.Text("PriorityLevel", "Level its requests go to.", obj => obj.Text("spec", "priorityLevelConfiguration", "name")),
        Cells.Number("MatchingPrecedence", "Order among schemas.", obj => obj.Integer("spec", "matchingPrecedence")),
        Cells.Text("DistinguisherMethod", "What tells flows apart.", obj => Cells.OrNone(obj.Text("spec", "distinguisherMethod", "type"))),
        Cells.Age,
        Cells.Text("MissingPL", "Whether its level is missing.", obj => Cells.Condition(obj, "Dangling") ?? "?"),
    ];

    /// <summary>PriorityLevelConfigurations.</summary>
    public static IReadOnlyList<Column> PriorityLevel { get; } =
    [
        Cells.Name,
        Cells.Text("Type", "Limited or Exempt.", obj => obj.Text("spec", "type")),
        Cells.Text("NominalConcurrencyShares", "Its share of seats.", obj => Cells.OrNone(Cells.Scalar(obj.At("spec", "limited", "nominalConcurrencyShares")))),
        Cells.Text("Queues", "Number of queues.", obj => Cells.OrNone(Cells.Scalar(obj.At("spec", "limited", "limitResponse", "queuing", "queues")))),
        Cells.Text("HandSize", "Queues a flow may use.", obj => Cells.OrNone(Cells.Scalar(obj.At("spec", "limited", "limitResponse", "queuing", "handSize")))),
        Cells.Text("QueueLengthLimit", "Longest queue.", obj => Cells.OrNone(Cells.Scalar(obj.At("spec", "limited", "limitResponse", "queuing", "queueLengthLimit")))),
        Cells.Age,
    ];

    /// <summary>ResourceClaims.</summary>
    public static IReadOnlyList<Column> ResourceClaim { get; } = [Cells.Name, Cells.Text("State", "Whether devices are given.", ClaimState), Cells.Age];

    /// <summary>ResourceSlices.</summary>
    public static IReadOnlyList<Column> ResourceSlice { get; } =
    [
        Cells.Name,
        Cells.Text("Node", "Node with the devices.", obj => obj.Text("spec", "nodeName") ?? ""),
        Cells.Text("Driver", "Driver of the devices.", obj => obj.Text("spec", "driver")),
        Cells.Text("Pool", "Pool they belong to.", obj => obj.Text("spec", "pool", "name")),
        Cells.Age,
    ];

    private static Column ParamKind => Cells.Text("ParamKind", "Kind of its parameters.", obj => obj.Object("spec", "paramKind") is { } kind
        ? $"{kind.Text("apiVersion")}/{kind.Text("kind")}"
        : Cells.Unset);

    private static string ParamRef(JsonObject obj) => obj.Object("spec", "paramRef") is not { } reference ? Cells.Unset
        : reference.Text("namespace") is { Length: > 0 } ns ? $"{ns}/{reference.Text("name") ?? "*"}"
        : reference.Text("name") ?? "*";

    private static string Availability(JsonObject obj)
    {
        var condition = obj.Objects("status", "conditions").FirstOrDefault(candidate => candidate.Text("type") == "Available");
        return condition is null ? "Unknown"
            : condition.Text("status") == "True" ? "True"
            : $"{condition.Text("status")} ({condition.Text("reason")})";
    }

    private static string SigningState(JsonObject obj)
    {
        var types = obj.Objects("status", "conditions").Select(condition => condition.Text("type")).ToHashSet();
        var state = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        return state + (types.Contains("Failed") ? ",Failed" : "") + (obj.Text("status", "certificate") is { Length: > 0 } ? ",Issued" : "");
    }

    private static string ClaimState(JsonObject obj)
    {
        var states = new List<string>();
        if (obj.Text("metadata", "deletionTimestamp") is not null)
        {
            states.Add("deleted");
        }

        if (obj.Object("status", "allocation") is null)
        {
            states.Add("pending");
        }
        else
        {
            states.Add("allocated");
            if (obj.Objects("status", "reservedFor").Any())
            {
                states.Add("reserved");
            }
        }

        return string.Join(',', states);
    }
}
