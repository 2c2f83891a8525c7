using LlmOperator.Api.Common;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes.Collections;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>What is seen of an index.</summary>
public sealed record RagIndexObservation
{
    /// <summary>The index, with the status it had.</summary>
    public required RagIndex Index { get; init; }

    /// <summary>Endpoints that retrieve from it and are not being deleted.</summary>
    public IReadOnlyList<string> UsedBy { get; init; } = [];

    /// <summary>The endpoint its embedding names; null when there is none.</summary>
    public LlmEndpoint? EmbeddingEndpoint { get; init; }

    /// <summary>The model of that endpoint; null when there is none.</summary>
    public LlmModel? EmbeddingModel { get; init; }

    /// <summary>Pods of a managed Qdrant.</summary>
    public StatefulSet? StatefulSet { get; init; }

    /// <summary>What keeps pods from starting; null when nothing is known to.</summary>
    public string? PodProblem { get; init; }

    /// <summary>Why the volumes are not as the spec says; null when they are.</summary>
    public SpecProblemText? VolumeProblem { get; init; }

    /// <summary>Why Prometheus cannot be told of the metrics; null when it is, or there is none.</summary>
    public SpecProblemText? MonitorProblem { get; init; }

    /// <summary>What goes on in the cluster; null when nothing does.</summary>
    public string? ClusterProgress { get; init; }

    /// <summary>What of the data cannot be read though Qdrant answers; null when everything can.</summary>
    public SpecProblemText? DataProblem { get; init; }

    /// <summary>Why Qdrant cannot be asked; null when it answered.</summary>
    public SpecProblemText? Fault { get; init; }

    /// <summary>Version it reports.</summary>
    public string? Version { get; init; }

    /// <summary>Nodes of its cluster.</summary>
    public int? Peers { get; init; }

    /// <summary>Its collections as they are; null when they were not looked at.</summary>
    public IReadOnlyList<CollectionStatus>? Collections { get; init; }

    /// <summary>Why some are not as the spec asks.</summary>
    public IReadOnlyList<CollectionIssue> Issues { get; init; } = [];

    /// <summary>Snapshots as they are.</summary>
    public SnapshotStatus? Snapshots { get; init; }

    /// <summary>Why scheduled snapshots are not taken; null when they are.</summary>
    public SpecProblemText? SnapshotProblem { get; init; }

    /// <summary>What a deletion waits for; null when it waits for nothing.</summary>
    public string? Waiting { get; init; }

    /// <summary>Present time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The reference clients read the API key by.</summary>
    public SecretKeyReference? ApiKey => Index.Spec?.Qdrant switch
    {
        { Managed: not null } => new() { Name = QdrantNames.Keys, Key = QdrantNames.Key(Index.Metadata.Name!) },
        { External: { } external } => external.ApiKeySecretRef,
        _ => null,
    };

    /// <summary>Address of the server.</summary>
    public string? Url => Index.Spec?.Qdrant switch
    {
        { Managed: not null } => QdrantNames.Url(Index),
        { External: { } external } => external.Url,
        _ => null,
    };
}

/// <summary>What is said of an index.</summary>
/// <param name="Status">The whole status.</param>
/// <param name="Transitions">What changed and is worth an Event.</param>
public sealed record RagIndexPlan(RagIndexStatus Status, IReadOnlyList<ConditionTransition> Transitions);
