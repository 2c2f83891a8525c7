using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Cache;

/// <summary>What is seen of a model's cache.</summary>
public sealed record CacheObservation
{
    /// <summary>The model.</summary>
    public required LlmModel Model { get; init; }

    /// <summary>What the cache has to hold; null while a revision is not resolved.</summary>
    public IReadOnlyList<CacheItem>? Items { get; init; }

    /// <summary>The volume claim of the cache's name, whoever owns it.</summary>
    public PersistentVolumeClaim? Claim { get; init; }

    /// <summary>Jobs the model owns.</summary>
    public IReadOnlyList<Job> Jobs { get; init; } = [];

    /// <summary>Pods of those Jobs.</summary>
    public IReadOnlyList<Pod> JobPods { get; init; } = [];

    /// <summary>Values of the cache label of pods, and of the pod templates of workloads, that load this model's weights; null for one that loads them from elsewhere.</summary>
    public IReadOnlyList<string?> Loaded { get; init; } = [];

    /// <summary>Bytes fetched so far, as the Job's log says; null when it does not.</summary>
    public FetchProgress? Progress { get; init; }

    /// <summary>Image that fetches.</summary>
    public required string FetcherImage { get; init; }

    /// <summary>Address of the Hugging Face hub where the source names none; null for the hub's own.</summary>
    public string? HubEndpoint { get; init; }

    /// <summary>Present time.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>What follows for a model's cache.</summary>
public sealed record CachePlan
{
    /// <summary>The claim to have; null leaves what there is.</summary>
    public PersistentVolumeClaim? Claim { get; init; }

    /// <summary>A Job to start; null for none. A Job that is there is never changed.</summary>
    public Job? Job { get; init; }

    /// <summary>Jobs to delete.</summary>
    public IReadOnlyList<Job> ObsoleteJobs { get; init; } = [];

    /// <summary>A claim to delete, because the model wants no cache any more and nobody loads from it.</summary>
    public PersistentVolumeClaim? ObsoleteClaim { get; init; }

    /// <summary>The cache's part of the status; null where there is no cache.</summary>
    public CacheStatus? Status { get; init; }

    /// <summary>Bytes of the folders endpoints load; null when not known.</summary>
    public long? CachedBytes { get; init; }

    /// <summary>How it stands, as the condition <c>Cached</c> says it; null where there is no cache.</summary>
    public CacheState? State { get; init; }

    /// <summary>When to look again, where time alone leads to the next step; null when a change will tell.</summary>
    public TimeSpan? LookAgain { get; init; }

    /// <summary>The Job whose log tells of progress; null when none runs.</summary>
    public Job? Running { get; init; }
}

/// <summary>How a cache stands.</summary>
/// <param name="Status">Status of the condition.</param>
/// <param name="Reason">Its reason.</param>
/// <param name="Message">What is the case and what to change.</param>
public sealed record CacheState(string Status, string Reason, string Message);
