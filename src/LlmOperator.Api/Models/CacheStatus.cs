using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Models;

/// <summary>What lies in a model's cache, and what is being fetched.</summary>
public sealed record CacheStatus
{
    /// <summary>PersistentVolumeClaim that holds the folders.</summary>
    [Length(253)]
    public required string ClaimName { get; init; }

    /// <summary>What endpoints load: a set of folders that are whole. Absent until the first fetch has ended.</summary>
    public CachedWeights? Serving { get; init; }

    /// <summary>Folders that are whole, those of former revisions too while an endpoint uses them.</summary>
    [Atomic]
    [Count(256)]
    [Length(128)]
    public IReadOnlyList<string>? Folders { get; init; }

    /// <summary>Per cent of the fetch that is under way.</summary>
    [Bounds(0, 100)]
    public int? ProgressPercent { get; init; }

    /// <summary>Fetches that failed one after the other.</summary>
    public int? FailedAttempts { get; init; }

    /// <summary>When the last one failed.</summary>
    public DateTimeOffset? LastFailureTime { get; init; }
}

/// <summary>Folders of a cache that belong together: a revision of the weights with its adapters.</summary>
public sealed record CachedWeights
{
    /// <summary>Folder of the weights, named after their revision.</summary>
    [Length(128)]
    public required string Folder { get; init; }

    /// <summary>Folders of the adapters.</summary>
    [Atomic]
    [Count(64)]
    public IReadOnlyList<CachedAdapter>? Adapters { get; init; }
}

/// <summary>An adapter in a cache.</summary>
public sealed record CachedAdapter
{
    /// <summary>Name of the adapter.</summary>
    [Length(63)]
    public required string Name { get; init; }

    /// <summary>Its folder, named after its revision.</summary>
    [Length(128)]
    public required string Folder { get; init; }
}
