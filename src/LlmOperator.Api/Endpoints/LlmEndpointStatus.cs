using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Endpoints;

/// <summary>What is served.</summary>
public sealed record LlmEndpointStatus
{
    /// <summary>Most entries of <see cref="Revisions"/>.</summary>
    public const int MostRevisions = 16;

    /// <summary>Generation of the spec this status is about.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Address of the OpenAI-compatible API inside the cluster.</summary>
    [Length(2048)]
    public string? Url { get; init; }

    /// <summary>Address of the namespace's gateway, which serves all endpoints of it; absent where there is none.</summary>
    [Length(2048)]
    public string? GatewayUrl { get; init; }

    /// <summary>Name clients give as model in a request.</summary>
    [Length(253)]
    public string? ServedModelName { get; init; }

    /// <summary>Inference server in use.</summary>
    [Length(32)]
    public string? Engine { get; init; }

    /// <summary>Pods there are.</summary>
    public int? Replicas { get; init; }

    /// <summary>Pods that answer.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>Pods of the target revision.</summary>
    public int? UpdatedReplicas { get; init; }

    /// <summary>Pods wanted.</summary>
    public int? DesiredReplicas { get; init; }

    /// <summary>Ready and wanted pods in one text, for example 2/3.</summary>
    [Length(32)]
    public string? Ready { get; init; }

    /// <summary>Label selector of the pods, for the scale subresource.</summary>
    [Length(1024)]
    public string? Selector { get; init; }

    /// <summary>Revision that answers requests.</summary>
    [Length(63)]
    public string? ActiveRevision { get; init; }

    /// <summary>Revision that is being rolled out; the active one when nothing is.</summary>
    [Length(63)]
    public string? TargetRevision { get; init; }

    /// <summary>Model behind the target revision, with the revision of its weights.</summary>
    public ServedModel? Model { get; init; }

    /// <summary>What is served under the target revision, and under each other one that still has pods. One whose configuration is no longer known is left out.</summary>
    [ListMap("revision")]
    [Count(MostRevisions)]
    public IReadOnlyList<ServedRevision>? Revisions { get; init; }

    /// <summary>Accelerators of a replica.</summary>
    public AcceleratorStatus? Accelerator { get; init; }

    /// <summary>Memory a replica takes on each accelerator, and what there is.</summary>
    public MemoryStatus? Memory { get; init; }

    /// <summary>What the running replicas cost by the prices of the accelerator catalogue.</summary>
    public CostStatus? Cost { get; init; }

    /// <summary>What is the case: ModelReady, Fits, Scheduled, Available, Progressing, and Ready, which sums them up.</summary>
    [ListMap("type")]
    [Count(32)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}

/// <summary>A model as an endpoint serves it.</summary>
public sealed record ServedModel
{
    /// <summary>Name of the LlmModel.</summary>
    [Length(253)]
    public required string Name { get; init; }

    /// <summary>Revision of its weights.</summary>
    [Length(512)]
    public string? Revision { get; init; }
}

/// <summary>What pods of a revision serve.</summary>
public sealed record ServedRevision
{
    /// <summary>Revision, as pods have it in the label llmops.dev/revision.</summary>
    [Length(63)]
    public required string Revision { get; init; }

    /// <summary>Model, with the revision of its weights.</summary>
    public required ServedModel Model { get; init; }

    /// <summary>Repository of the model on Hugging Face; absent where it comes from elsewhere.</summary>
    [Length(256)]
    public string? Repository { get; init; }

    /// <summary>Inference server.</summary>
    [Length(32)]
    public required string Engine { get; init; }

    /// <summary>Tokens of input and output by engine.contextLength; absent where the model's own limits hold.</summary>
    public int? ContextLength { get; init; }
}

/// <summary>Accelerators of a replica.</summary>
public sealed record AcceleratorStatus
{
    /// <summary>Class in the catalogue.</summary>
    [Length(63)]
    public required string Type { get; init; }

    /// <summary>Accelerators a replica has.</summary>
    public required int Count { get; init; }

    /// <summary>Both in one text, for example 1x A10G.</summary>
    [Length(128)]
    public string? Summary { get; init; }

    /// <summary>What accelerator.type auto made its choice for, as a digest: the choice stays while it does.</summary>
    [Length(64)]
    public string? Basis { get; init; }
}

/// <summary>Memory of one accelerator, in MiB.</summary>
public sealed record MemoryStatus
{
    /// <summary>What weights, key-value cache and overhead take.</summary>
    public required long NeededMiB { get; init; }

    /// <summary>What the engine may take: the accelerator's memory times engine.gpuMemoryUtilization.</summary>
    public required long AvailableMiB { get; init; }

    /// <summary>Weights.</summary>
    public long? WeightsMiB { get; init; }

    /// <summary>Key-value cache for the context and concurrency asked for.</summary>
    public long? KvCacheMiB { get; init; }

    /// <summary>Activations, the runtime and captured graphs.</summary>
    public long? OverheadMiB { get; init; }

    /// <summary>Tokens of key-value cache that what is left beside weights and overhead holds.</summary>
    public long? KvCacheTokens { get; init; }
}

/// <summary>What an endpoint costs by the prices of the accelerator catalogue.</summary>
public sealed record CostStatus
{
    /// <summary>Currency of the catalogue's prices, for example USD.</summary>
    [Length(8)]
    public required string Currency { get; init; }

    /// <summary>Price of all pods that have a node, an hour, as a decimal number; each at the class of accelerators it runs on.</summary>
    [Length(32)]
    public required string PerHour { get; init; }

    /// <summary>Price of one replica an hour, as a decimal number.</summary>
    [Length(32)]
    public required string PerReplicaHour { get; init; }
}
