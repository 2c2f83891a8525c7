using System.Collections.Immutable;
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

    /// <summary>What the cluster says of a pod of it.</summary>
    public EndpointFacts FactsOf(Pod pod) => Facts.Of(pod.Revision);

    /// <summary>What the cluster says of the pods that are ready, once for each revision; of the endpoint where none is.</summary>
    public IReadOnlyList<EndpointFacts> FactsOfPods()
    {
        var facts = Facts;
        return Pods.Revisions is { Count: > 0 } revisions ? [.. revisions.Select(facts.Of)] : [facts];
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

    /// <summary>The same of pods of each revision the cluster tells of.</summary>
    private IReadOnlyDictionary<string, EndpointFacts> Revisions { get; init; } = ImmutableDictionary<string, EndpointFacts>.Empty;

    /// <summary>The same in the words of the GenAI conventions.</summary>
    public string Provider => Engine == EngineType.LlamaCpp ? "llama.cpp" : Engine.ToLowerInvariant();

    /// <summary>Revision these facts are of: that of a pod, or of the endpoint the one that answers requests as far as the cluster says.</summary>
    public string? Revision { get; init; }

    /// <summary>Name of the model. Of the endpoint it is that which is being rolled out, as are the engine and the context.</summary>
    public string? Model { get; init; }

    /// <summary>Commit of the model.</summary>
    public string? ModelRevision { get; init; }

    /// <summary>Repository of the model on Hugging Face as the endpoint's status has it; null where it does not say.</summary>
    public string? Repository { get; init; }

    /// <summary>Whether the model is known to be that of the revision.</summary>
    public bool IsModelKnown { get; init; } = true;

    /// <summary>
    /// What the cluster says of pods of a revision. Where it does not say, it is what is being rolled out, though with a model that is not known unless the cluster tells of no revision at all, or, for a pod of
    /// which not even the revision is known, unless all that the cluster tells of have the same.
    /// </summary>
    /// <param name="revision">The revision; null for pods of which it is not known.</param>
    public EndpointFacts Of(string? revision) =>
        revision is not null ? Revisions.GetValueOrDefault(revision) ?? this with { Revision = revision, IsModelKnown = Revisions.Count == 0 }
        : HaveOneModel() ? this
        : this with { IsModelKnown = false };

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

    private bool HaveOneModel() => Revisions.Count == 0
        || ((Revision is null || Revisions.ContainsKey(Revision)) && Revisions.Values.All(one => (one.Model, one.ModelRevision, one.Repository) == (Model, ModelRevision, Revisions.Values.First().Repository)));

    /// <summary>Reads an endpoint.</summary>
    public static EndpointFacts Of(LlmEndpoint endpoint)
    {
        var spec = endpoint.Spec!;
        var (engine, model) = (spec.Engine ?? new(), endpoint.Status?.Model ?? new() { Name = spec.ModelRef.Name });
        var revisions = new Dictionary<string, EndpointFacts>(StringComparer.Ordinal);
        var hash = spec.LoadBalancing is { Strategy: LoadBalancingStrategy.PrefixHash } balancing ? balancing.PrefixHash ?? new() : null;
        var facts = new EndpointFacts
        {
            Name = endpoint.Metadata.Name!,
            Namespace = endpoint.Metadata.Namespace!,
            ServedName = endpoint.Status?.ServedModelName ?? endpoint.Metadata.Name!,
            Created = endpoint.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch,
            Engine = engine.Type,
            Revisions = revisions,
            Revision = endpoint.Status?.ActiveRevision ?? endpoint.Status?.TargetRevision,
            Model = model.Name,
            ModelRevision = model.Revision,
            Generation = spec.Generation ?? (spec.Rag is null ? null : new()),
            Rag = spec.Rag,
            ContextLength = engine.ContextLength,
            Template = spec.Prompt?.TemplateRef,
            Balancing = hash is null ? new() : new(hash.PrefixCharLength, hash.MeanLoadFactor / 100.0, hash.Replication),
            Trace = spec.PromptTrace ?? new(),
        };
        if ((endpoint.Status?.TargetRevision ?? endpoint.Status?.ActiveRevision) is { } target)
        {
            // An operator of before told of this one alone what it serves.
            revisions[target] = facts with { Revision = target, Engine = endpoint.Status!.Engine ?? engine.Type };
        }

        foreach (var served in endpoint.Status?.Revisions ?? [])
        {
            revisions[served.Revision] = facts with
            {
                Revision = served.Revision,
                Model = served.Model.Name,
                ModelRevision = served.Model.Revision,
                Repository = served.Repository,
                Engine = served.Engine,
                ContextLength = served.ContextLength,
            };
        }

        return facts;
    }
}
