using LlmOperator.Api.Common;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.Gateway.Cluster;

/// <summary>An endpoint as the gateway serves it: what the cluster says of it, its pods, and what is under way.</summary>
/// <param name="name">Its name.</param>
/// <param name="pods">Its pods.</param>
/// <param name="facts">What the cluster says.</param>
internal sealed class ServedEndpoint(string name, PodPool pods, EndpointFacts facts)
{
    private volatile EndpointFacts _facts = facts;

    public string Name { get; } = name;

    public PodPool Pods { get; } = pods;

    public Traffic Traffic { get; } = new();

    /// <summary>What the cluster says of it, at this moment. A request reads it once.</summary>
    public EndpointFacts Facts
    {
        get => _facts;
        set => _facts = value;
    }
}

/// <summary>What the cluster says of an endpoint.</summary>
internal sealed record EndpointFacts
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary>Name the engine knows the model by.</summary>
    public required string ServedName { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Inference server, as the endpoint names it.</summary>
    public required string Engine { get; init; }

    /// <summary>The same in the words of the GenAI conventions.</summary>
    public string Provider => Engine == EngineType.LlamaCpp ? "llama.cpp" : Engine.ToLowerInvariant();

    /// <summary>Revision that answers requests, as far as the cluster says.</summary>
    public string? Revision { get; init; }

    /// <summary>Revision the model is that of. While it is rolled out, pods of an earlier one answer too, and may have another model.</summary>
    public string? TargetRevision { get; init; }

    public string? Model { get; init; }

    /// <summary>Commit of the model.</summary>
    public string? ModelRevision { get; init; }

    /// <summary>Whether pods of a revision have the model.</summary>
    public bool IsModelOf(string? revision) => TargetRevision is null || revision == TargetRevision;

    /// <summary>Sampling where a request does not say. An endpoint with retrieval has the pipeline's where its spec says nothing.</summary>
    public GenerationSpec? Generation { get; init; }

    /// <summary>Retrieval; null when the endpoint answers without.</summary>
    public RagSpec? Rag { get; init; }

    /// <summary>Tokens of input and output the engine was told to serve; null when the model's limits hold.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Where the prompt template stands; null when the endpoint has none.</summary>
    public DataKeyReference? Template { get; init; }

    public required BalancingRules Balancing { get; init; }

    public required PromptTraceSpec Trace { get; init; }

    /// <summary>Reads an endpoint.</summary>
    public static EndpointFacts Of(LlmEndpoint endpoint)
    {
        var spec = endpoint.Spec!;
        var hash = spec.LoadBalancing is { Strategy: LoadBalancingStrategy.PrefixHash } balancing ? balancing.PrefixHash ?? new() : null;
        return new()
        {
            Name = endpoint.Metadata.Name!,
            Namespace = endpoint.Metadata.Namespace!,
            ServedName = endpoint.Status?.ServedModelName ?? endpoint.Metadata.Name!,
            Created = endpoint.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch,
            Engine = (spec.Engine ?? new()).Type,
            Revision = endpoint.Status?.ActiveRevision ?? endpoint.Status?.TargetRevision,
            TargetRevision = endpoint.Status?.TargetRevision,
            Model = endpoint.Status?.Model?.Name ?? spec.ModelRef.Name,
            ModelRevision = endpoint.Status?.Model?.Revision,
            Generation = spec.Generation ?? (spec.Rag is null ? null : new()),
            Rag = spec.Rag,
            ContextLength = spec.Engine?.ContextLength,
            Template = spec.Prompt?.TemplateRef,
            Balancing = hash is null ? new() : new(hash.PrefixCharLength, hash.MeanLoadFactor / 100.0, hash.Replication),
            Trace = spec.PromptTrace ?? new(),
        };
    }
}
