using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using LlmOperator.Planning.Tests.Engines;
using LlmOperator.Testing;

namespace LlmOperator.Planning.Tests.Objects;

/// <summary>The objects a plan asks for, and the golden files they are kept in.</summary>
internal static class PlannedObjects
{
    private const string Folder = "tests/LlmOperator.Planning.Tests/Golden";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string GoldenPath(string name) => $"{Folder}/{name}.json";

    /// <summary>Every golden file with the objects in it.</summary>
    public static IEnumerable<(string File, JsonObject Object)> Golden() =>
        Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot, Folder), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .SelectMany(file => JsonNode.Parse(File.ReadAllText(file)) is JsonArray list
                ? list.Select(obj => (Path.GetFileName(file), obj!.AsObject()))
                : [(Path.GetFileName(file), JsonNode.Parse(File.ReadAllText(file))!.AsObject())]);

    /// <summary>The plan of a case.</summary>
    public static EndpointPlan Of(string name)
    {
        var known = EngineCases.All.Single(known => known.Name == name);
        var model = Cluster.Model(known.Model);
        if (known.Revision is { } revision)
        {
            model = model with { Status = model.Status! with { ResolvedRevision = revision } };
        }

        return EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(known.Endpoint), model) with { HasLeaderWorkerSets = true });
    }

    public static IReadOnlyList<JsonObject> Json(EndpointPlan plan) =>
        [.. new[] { Json(plan.Deployment), Json(plan.LeaderWorkerSet), Json(plan.Service), Json(plan.DisruptionBudget), Json(plan.NetworkPolicy), Json(plan.PromptTraceConfiguration) }.OfType<JsonObject>()];

    public static string Text(EndpointPlan plan)
    {
        var ready = plan.Status.Conditions!.First(condition => condition.Type == ConditionTypes.Ready);
        return plan.IsFollowed
            ? new JsonArray([.. Json(plan)]).ToJsonString(Indented) + "\n"
            : throw new InvalidOperationException($"{ready.Reason}: {ready.Message}");
    }

    /// <summary>Objects as a golden file has them.</summary>
    public static string Text(params IKubeObject?[] objects) => new JsonArray([.. objects.Select(obj => obj switch
    {
        ServiceAccount account => Json(account),
        Role role => Json(role),
        RoleBinding binding => Json(binding),
        Service service => Json(service),
        PodDisruptionBudget budget => Json(budget),
        Deployment deployment => Json(deployment),
        StatefulSet set => Json(set),
        NetworkPolicy policy => Json(policy),
        ServiceMonitor monitor => Json(monitor),
        null => null,
        _ => throw new ArgumentException($"{obj.Kind} is no kind of a gateway or a Qdrant"),
    }).OfType<JsonObject>()]).ToJsonString(Indented) + "\n";

    private static JsonObject? Json<T>(T? obj)
        where T : class, IKubeObject<T>
        => obj is null ? null : JsonNode.Parse(JsonSerializer.Serialize(obj, T.JsonTypeInfo))!.AsObject();
}
