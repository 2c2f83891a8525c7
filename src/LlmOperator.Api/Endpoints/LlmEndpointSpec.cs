using System.Text.Json;
using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>What is to be served, on what, and how.</summary>
[Rule(
    "!(has(self.replicas) && has(self.autoscaling))",
    "replicas and autoscaling exclude each other: remove replicas and set autoscaling.minReplicas, or remove autoscaling",
    FieldPath = ".replicas")]
[Rule(
    "!has(self.parallelism) || !has(self.parallelism.tensor) || !has(self.accelerator) || !has(self.accelerator.count) || self.accelerator.count % self.parallelism.tensor == 0",
    "parallelism.tensor must equal or divide accelerator.count, the accelerators of one pod: set accelerator.count to a multiple of parallelism.tensor, or leave it out",
    FieldPath = ".parallelism")]
[Rule(
    "self.backend == 'SageMaker' || has(self.accelerator)",
    "accelerator is required when backend is Kubernetes: set accelerator.type to a class of the catalogue, such as A10G, or to auto")]
[Rule(
    "self.backend == 'SageMaker' ? has(self.sageMaker) : !has(self.sageMaker)",
    "sageMaker belongs to backend SageMaker: set it when backend is SageMaker and remove it otherwise")]
public sealed record LlmEndpointSpec
{
    /// <summary>The LlmModel to serve, in the same namespace. It may be changed at any time; the new model is rolled out.</summary>
    public required LocalReference ModelRef { get; init; }

    /// <summary>Where the model runs: on Kubernetes, or on Amazon SageMaker. It cannot be changed later.</summary>
    [AllowedValues(EndpointBackend.Kubernetes, EndpointBackend.SageMaker)]
    [Default(EndpointBackend.Kubernetes)]
    [Rule("self == oldSelf", "backend cannot be changed: create a second LlmEndpoint with the other backend, move traffic to it, then delete this one")]
    public string Backend { get; set; } = EndpointBackend.Kubernetes;

    /// <summary>What answers are used for; a model whose licence does not allow it is refused.</summary>
    [AllowedValues("Commercial", "NonCommercial")]
    public string? Usage { get; init; }

    /// <summary>The inference server.</summary>
    public EngineSpec? Engine { get; init; }

    /// <summary>The accelerators of one replica.</summary>
    public AcceleratorSpec? Accelerator { get; init; }

    /// <summary>How one copy of the model is spread over accelerators.</summary>
    public ParallelismSpec? Parallelism { get; init; }

    /// <summary>Replicas to run; 1 when neither this nor autoscaling is given. The scale subresource writes it: set it to let kubectl scale, or a HorizontalPodAutoscaler of your own, work on the endpoint.</summary>
    [Bounds(0, 10_000)]
    public int? Replicas { get; init; }

    /// <summary>Let the number of replicas follow the load. Excludes replicas.</summary>
    public AutoscalingSpec? Autoscaling { get; init; }

    /// <summary>How a new revision replaces the old one.</summary>
    public RolloutSpec? Rollout { get; init; }

    /// <summary>How requests are spread over the pods.</summary>
    public LoadBalancingSpec? LoadBalancing { get; init; }

    /// <summary>Retrieval-augmented generation from a RagIndex.</summary>
    public RagSpec? Rag { get; init; }

    /// <summary>The prompt that is made of a query and its context.</summary>
    public PromptSpec? Prompt { get; init; }

    /// <summary>Sampling of answers where a request does not say.</summary>
    public GenerationSpec? Generation { get; init; }

    /// <summary>A trace of every prompt and answer.</summary>
    public PromptTraceSpec? PromptTrace { get; init; }

    /// <summary>Amazon SageMaker, when it is the backend.</summary>
    public SageMakerSpec? SageMaker { get; init; }

    /// <summary>Where pods may run, besides having the accelerator.</summary>
    public SchedulingSpec? Scheduling { get; init; }

    /// <summary>Who may reach the pods, and what they may reach.</summary>
    public NetworkPolicySpec? NetworkPolicy { get; init; }

    /// <summary>Pull secrets for the engine's image.</summary>
    [ListMap("name")]
    [Count(16)]
    public IReadOnlyList<LocalReference>? ImagePullSecrets { get; init; }

    /// <summary>Pod template (metadata and spec) merged over the one the operator makes: lists with a merge key, such as containers, by that key, other lists as a whole, everything else by field; null removes, and $patch: delete or replace does so to an element or a map. The engine's container is named engine, the sidecar's, an init container, prompt-trace.</summary>
    public JsonElement? PodTemplate { get; init; }
}

/// <summary>Values of <see cref="LlmEndpointSpec.Backend"/>.</summary>
public static class EndpointBackend
{
    /// <summary>Pods of this cluster.</summary>
    public const string Kubernetes = "Kubernetes";

    /// <summary>Amazon SageMaker.</summary>
    public const string SageMaker = "SageMaker";
}

/// <summary>Accelerators of one replica.</summary>
public sealed record AcceleratorSpec
{
    /// <summary>Class in the operator's accelerator catalogue (T4, L4, A10G, L40S, A100-40GB, A100-80GB, H100-80GB …; A100 takes either memory size), or auto for the cheapest class the model fits on.</summary>
    [Length(63, 1)]
    [Pattern(Patterns.AcceleratorClass)]
    public required string Type { get; init; }

    /// <summary>Accelerators a pod has. parallelism.tensor x parallelism.pipeline when absent, which is 1 unless those are set. With fewer than that, pods on several nodes share one copy of the model, which takes the kind LeaderWorkerSet.</summary>
    [Bounds(1, 64)]
    public int? Count { get; init; }
}

/// <summary>How one copy of a model is spread over accelerators.</summary>
public sealed record ParallelismSpec
{
    /// <summary>Accelerators of one node that share every layer. It must divide the model's attention heads. All of accelerator.count when absent.</summary>
    [Bounds(1, 64)]
    public int? Tensor { get; init; }

    /// <summary>Groups of accelerators that hold consecutive layers, on one node or, where accelerator.count is less than tensor x pipeline, on several.</summary>
    [Bounds(1, 64)]
    public int? Pipeline { get; init; }

    /// <summary>Copies of the model that answer side by side, each in a pod of its own: a factor on the number of pods a replica has.</summary>
    [Bounds(1, 256)]
    public int? Data { get; init; }
}
