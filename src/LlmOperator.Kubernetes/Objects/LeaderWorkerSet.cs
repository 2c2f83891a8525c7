using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Groups of pods that work as one: a leader and its workers (leaderworkerset.x-k8s.io). The kind is an addition to Kubernetes and may be missing from a cluster.</summary>
public sealed record LeaderWorkerSet : IKubeObject<LeaderWorkerSet>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<LeaderWorkerSet> JsonTypeInfo => KubeJson.Default.LeaderWorkerSet;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is wanted.</summary>
    public LeaderWorkerSetSpec? Spec { get; set; }

    /// <summary>What there is.</summary>
    public LeaderWorkerSetStatus? Status { get; set; }
}

/// <summary>What is wanted of groups of pods.</summary>
public sealed record LeaderWorkerSetSpec
{
    /// <summary>Groups.</summary>
    public int? Replicas { get; set; }

    /// <summary>A group.</summary>
    public LeaderWorkerTemplate? LeaderWorkerTemplate { get; set; }

    /// <summary>How groups are replaced.</summary>
    public LeaderWorkerRollout? RolloutStrategy { get; set; }

    /// <summary>Whether workers are made with their leader (<c>LeaderCreated</c>) or once it is ready (<c>LeaderReady</c>).</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? StartupPolicy { get; set; }
}

/// <summary>A group of pods.</summary>
public sealed record LeaderWorkerTemplate
{
    /// <summary>The leader; like the workers when absent.</summary>
    public PodTemplateSpec? LeaderTemplate { get; set; }

    /// <summary>The workers.</summary>
    public PodTemplateSpec? WorkerTemplate { get; set; }

    /// <summary>Pods of a group, the leader included.</summary>
    public int? Size { get; set; }

    /// <summary>What happens to a group when one of its pods fails.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RestartPolicy { get; set; }
}

/// <summary>How groups are replaced.</summary>
public sealed record LeaderWorkerRollout
{
    /// <summary><c>RollingUpdate</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; set; } = "";

    /// <summary>How many at a time.</summary>
    public RollingUpdateGroups? RollingUpdateConfiguration { get; set; }
}

/// <summary>How many groups are replaced at a time.</summary>
public sealed record RollingUpdateGroups
{
    /// <summary>Groups fewer than wanted.</summary>
    public IntOrString? MaxUnavailable { get; set; }

    /// <summary>Groups more than wanted.</summary>
    public IntOrString? MaxSurge { get; set; }
}

/// <summary>What there is of groups of pods.</summary>
public sealed record LeaderWorkerSetStatus
{
    /// <summary>Generation the status speaks of; older controllers leave it out.</summary>
    public long? ObservedGeneration { get; set; }

    /// <summary>Groups there are.</summary>
    public int? Replicas { get; set; }

    /// <summary>Groups whose pods are all ready.</summary>
    public int? ReadyReplicas { get; set; }

    /// <summary>Groups of the present template.</summary>
    public int? UpdatedReplicas { get; set; }

    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<Condition>? Conditions { get; set; }
}
