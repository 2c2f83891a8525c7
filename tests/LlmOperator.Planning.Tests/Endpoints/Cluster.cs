using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Models;
using LlmOperator.Testing;

namespace LlmOperator.Planning.Tests.Endpoints;

/// <summary>Endpoints, models and nodes as an operator would see them.</summary>
internal static class Cluster
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static LlmEndpoint Endpoint(string? spec = null) => new()
    {
        Metadata = new() { Name = "twin", Namespace = "prod", Uid = "uid-1", Generation = 2 },
        Spec = JsonSerializer.Deserialize(spec ?? """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}""", ApiJsonContext.Default.LlmEndpointSpec),
    };

    public static LlmModel Model(string? spec = null)
    {
        var model = new LlmModel
        {
            Metadata = new() { Name = "m", Namespace = "prod", Generation = 1 },
            Spec = JsonSerializer.Deserialize(spec ?? """{"source":{"huggingFace":{"repo":"org/model","revision":"v1"}},"parameters":"8B"}""", ApiJsonContext.Default.LlmModelSpec),
        };
        return model with { Status = ModelPlanner.Plan(new(model, [], Now)).Status };
    }

    public static EndpointObservation Observe(LlmEndpoint endpoint, LlmModel? model, params Node[] nodes) => new()
    {
        Endpoint = endpoint,
        Model = model,
        Nodes = nodes,
        Catalogue = AcceleratorCatalogue.Default,
        Now = Now,
    };

    public static Node Node(string name, string? product, int count = 1) => new()
    {
        Metadata = new() { Name = name, Labels = product is null ? null : new Dictionary<string, string> { ["nvidia.com/gpu.product"] = product } },
        Status = new() { Allocatable = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(count) } },
    };

    public static Pod Pod(string name, string? node, string? unschedulable = null) => new()
    {
        Metadata = new() { Name = name, Namespace = "prod" },
        Spec = new() { NodeName = node },
        Status = new()
        {
            Phase = node is null ? "Pending" : "Running",
            Conditions = unschedulable is null ? null : [new() { Type = "PodScheduled", Status = "False", Reason = "Unschedulable", Message = unschedulable }],
        },
    };

    /// <summary>A Deployment as its controller would report it once the planner's was applied.</summary>
    public static Deployment Running(Deployment wanted, int ready, int? updated = null, params WorkloadCondition[] conditions)
    {
        var replicas = wanted.Spec!.Replicas ?? 1;
        return wanted with
        {
            Metadata = wanted.Metadata with { Generation = 1 },
            Status = new()
            {
                ObservedGeneration = 1,
                Replicas = replicas,
                UpdatedReplicas = updated ?? replicas,
                ReadyReplicas = ready,
                AvailableReplicas = ready,
                Conditions = conditions.Length > 0 ? conditions : [new() { Type = "Available", Status = ready >= replicas ? "True" : "False" }],
            },
        };
    }

    /// <summary>An object of a sample file, as the API server would store it.</summary>
    public static (LlmModel Model, LlmEndpoint Endpoint) Sample(string model, string endpoint)
    {
        var found = YamlJson.Documents($"config/samples/{model}").Single().Deserialize(ApiJsonContext.Default.LlmModel)!;
        found = found with { Metadata = found.Metadata with { Namespace = "default", Generation = 1 } };
        var served = YamlJson.Documents($"config/samples/{endpoint}").Single().Deserialize(ApiJsonContext.Default.LlmEndpoint)!;
        return (
            found with { Status = ModelPlanner.Plan(new(found, [], Now)).Status },
            served with { Metadata = served.Metadata with { Namespace = "default", Uid = "00000000-0000-0000-0000-000000000001", Generation = 1 } });
    }
}
