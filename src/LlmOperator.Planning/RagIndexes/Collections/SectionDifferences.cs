using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>
/// Compares sections of a collection's configuration with what is wanted, after filling in Qdrant's defaults, and gives what to patch. A parameter the spec does not set is left as it is,
/// unless the spec set it before: then it goes back to the default.
/// </summary>
/// <param name="before">Paths of the parameters the spec has set before.</param>
/// <param name="hasMemoryField">Whether the server tells all three ways of holding data apart (1.19).</param>
internal sealed class SectionDifferences(IReadOnlySet<string> before, bool hasMemoryField)
{
    /// <summary>Qdrant's defaults, where nothing else is configured on the server.</summary>
    public static HnswConfig DefaultHnsw { get; } = new()
    {
        M = 16,
        EfConstruct = 100,
        FullScanThreshold = 10_000,
        MaxIndexingThreads = 0,
        PayloadM = 16,
        InlineStorage = false,
        Memory = Memory.Cached,
    };

    private static OptimizersConfig DefaultOptimizers { get; } = new()
    {
        IndexingThreshold = 10_000,
        DefaultSegmentNumber = 0,
        MaxSegmentSize = 200_000,
        DeletedThreshold = 0.2,
        VacuumMinVectorNumber = 1000,
        FlushIntervalSec = 5,
        MaxOptimizationThreads = OptimizationThreads.Auto,
        PreventUnoptimized = false,
    };

    /// <summary>Paths of what a section sets.</summary>
    public static IEnumerable<string> Paths(string path, HnswConfig? hnsw) => Named(
        path, ("m", hnsw?.M), ("efConstruct", hnsw?.EfConstruct), ("fullScanThreshold", hnsw?.FullScanThreshold), ("maxIndexingThreads", hnsw?.MaxIndexingThreads),
        ("payloadM", hnsw?.PayloadM), ("inlineStorage", hnsw?.InlineStorage), ("memory", hnsw?.Memory));

    /// <summary>Paths of what a section sets.</summary>
    public static IEnumerable<string> Paths(OptimizersConfig? optimizers) => Named(
        "optimizers", ("indexingThreshold", optimizers?.IndexingThreshold), ("defaultSegmentNumber", optimizers?.DefaultSegmentNumber), ("maxSegmentSize", optimizers?.MaxSegmentSize),
        ("deletedThreshold", optimizers?.DeletedThreshold), ("vacuumMinVectorNumber", optimizers?.VacuumMinVectorNumber), ("flushIntervalSeconds", optimizers?.FlushIntervalSec),
        ("maxOptimizationThreads", optimizers?.MaxOptimizationThreads), ("preventUnoptimized", optimizers?.PreventUnoptimized));

    /// <summary>Paths of what a section sets.</summary>
    public static IEnumerable<string> Paths(StrictModeConfig? strict) => strict is null ? [] : Named(
        "strictMode", ("enabled", strict.Enabled), ("maxQueryLimit", strict.MaxQueryLimit), ("maxTimeout", strict.MaxTimeout), ("unindexedFilteringRetrieve", strict.UnindexedFilteringRetrieve),
        ("unindexedFilteringUpdate", strict.UnindexedFilteringUpdate), ("searchMaxHnswEf", strict.SearchMaxHnswEf), ("searchAllowExact", strict.SearchAllowExact),
        ("searchMaxOversampling", strict.SearchMaxOversampling), ("searchMaxBatchsize", strict.SearchMaxBatchsize), ("upsertMaxBatchsize", strict.UpsertMaxBatchsize),
        ("maxCollectionVectorSizeBytes", strict.MaxCollectionVectorSizeBytes), ("maxCollectionPayloadSizeBytes", strict.MaxCollectionPayloadSizeBytes), ("maxPointsCount", strict.MaxPointsCount),
        ("readRateLimit", strict.ReadRateLimit), ("writeRateLimit", strict.WriteRateLimit), ("filterMaxConditions", strict.FilterMaxConditions), ("conditionMaxSize", strict.ConditionMaxSize),
        ("maxPayloadIndexCount", strict.MaxPayloadIndexCount));

    /// <summary>What to patch in a graph.</summary>
    /// <param name="path">Path of the section.</param>
    /// <param name="wanted">What the spec sets.</param>
    /// <param name="stored">What is stored.</param>
    /// <param name="defaults">What holds where nothing is stored.</param>
    public HnswConfig? Hnsw(string path, HnswConfig? wanted, HnswConfig? stored, HnswConfig defaults)
    {
        var patch = new HnswConfig
        {
            M = Patch($"{path}.m", wanted?.M, stored?.M, defaults.M),
            EfConstruct = Patch($"{path}.efConstruct", wanted?.EfConstruct, stored?.EfConstruct, defaults.EfConstruct),
            FullScanThreshold = Patch($"{path}.fullScanThreshold", wanted?.FullScanThreshold, stored?.FullScanThreshold, defaults.FullScanThreshold),
            MaxIndexingThreads = Patch($"{path}.maxIndexingThreads", wanted?.MaxIndexingThreads, stored?.MaxIndexingThreads, defaults.MaxIndexingThreads),
            PayloadM = Patch($"{path}.payloadM", wanted?.PayloadM, stored?.PayloadM, defaults.PayloadM ?? defaults.M),
            InlineStorage = Patch($"{path}.inlineStorage", wanted?.InlineStorage, stored?.InlineStorage, defaults.InlineStorage),
            Memory = PatchMemory($"{path}.memory", wanted?.Memory, stored?.Memory, defaults.Memory ?? Memory.Cached),
        };
        return patch == new HnswConfig() ? null : patch;
    }

    /// <summary>What to patch in the optimisers.</summary>
    /// <param name="wanted">What the spec sets.</param>
    /// <param name="stored">What is stored.</param>
    public OptimizersConfig? Optimizers(OptimizersConfig? wanted, OptimizersConfig stored)
    {
        var defaults = DefaultOptimizers;
        var patch = new OptimizersConfig
        {
            IndexingThreshold = Patch("optimizers.indexingThreshold", wanted?.IndexingThreshold, stored.IndexingThreshold, defaults.IndexingThreshold),
            DefaultSegmentNumber = Patch("optimizers.defaultSegmentNumber", wanted?.DefaultSegmentNumber, stored.DefaultSegmentNumber, defaults.DefaultSegmentNumber),
            MaxSegmentSize = Patch("optimizers.maxSegmentSize", wanted?.MaxSegmentSize, stored.MaxSegmentSize, defaults.MaxSegmentSize),
            DeletedThreshold = Patch("optimizers.deletedThreshold", wanted?.DeletedThreshold, stored.DeletedThreshold, defaults.DeletedThreshold),
            VacuumMinVectorNumber = Patch("optimizers.vacuumMinVectorNumber", wanted?.VacuumMinVectorNumber, stored.VacuumMinVectorNumber, defaults.VacuumMinVectorNumber),
            FlushIntervalSec = Patch("optimizers.flushIntervalSeconds", wanted?.FlushIntervalSec, stored.FlushIntervalSec, defaults.FlushIntervalSec),
            MaxOptimizationThreads = Patch("optimizers.maxOptimizationThreads", wanted?.MaxOptimizationThreads, stored.MaxOptimizationThreads, defaults.MaxOptimizationThreads),
            PreventUnoptimized = Patch("optimizers.preventUnoptimized", wanted?.PreventUnoptimized, stored.PreventUnoptimized, defaults.PreventUnoptimized),
        };
        return patch == new OptimizersConfig() ? null : patch;
    }

    /// <summary>What to patch in the limits. Qdrant merges them and cannot take one away: a limit that leaves the spec is set so high that it limits nothing.</summary>
    /// <param name="wanted">What the spec sets.</param>
    /// <param name="stored">What is stored.</param>
    public StrictModeConfig? StrictMode(StrictModeConfig? wanted, StrictModeConfig? stored)
    {
        const long Unlimited = 1_000_000_000;
        long? Limit(string name, long? limit, long? now, long without = Unlimited) => Patch($"strictMode.{name}", limit, now, without, missingDiffers: true);
        bool? Allow(string name, bool? allowed, bool? now) => Patch($"strictMode.{name}", allowed, now, true, missingDiffers: true);

        var patch = new StrictModeConfig
        {
            Enabled = Patch("strictMode.enabled", wanted?.Enabled, stored?.Enabled, false),
            MaxQueryLimit = Limit("maxQueryLimit", wanted?.MaxQueryLimit, stored?.MaxQueryLimit),
            MaxTimeout = Limit("maxTimeout", wanted?.MaxTimeout, stored?.MaxTimeout),
            UnindexedFilteringRetrieve = Allow("unindexedFilteringRetrieve", wanted?.UnindexedFilteringRetrieve, stored?.UnindexedFilteringRetrieve),
            UnindexedFilteringUpdate = Allow("unindexedFilteringUpdate", wanted?.UnindexedFilteringUpdate, stored?.UnindexedFilteringUpdate),
            SearchMaxHnswEf = Limit("searchMaxHnswEf", wanted?.SearchMaxHnswEf, stored?.SearchMaxHnswEf),
            SearchAllowExact = Allow("searchAllowExact", wanted?.SearchAllowExact, stored?.SearchAllowExact),
            SearchMaxOversampling = Patch("strictMode.searchMaxOversampling", wanted?.SearchMaxOversampling, stored?.SearchMaxOversampling, 1_000_000d, missingDiffers: true),
            SearchMaxBatchsize = Limit("searchMaxBatchsize", wanted?.SearchMaxBatchsize, stored?.SearchMaxBatchsize),
            UpsertMaxBatchsize = Limit("upsertMaxBatchsize", wanted?.UpsertMaxBatchsize, stored?.UpsertMaxBatchsize),
            MaxCollectionVectorSizeBytes = Limit("maxCollectionVectorSizeBytes", wanted?.MaxCollectionVectorSizeBytes, stored?.MaxCollectionVectorSizeBytes, long.MaxValue >> 11),
            MaxCollectionPayloadSizeBytes = Limit("maxCollectionPayloadSizeBytes", wanted?.MaxCollectionPayloadSizeBytes, stored?.MaxCollectionPayloadSizeBytes, long.MaxValue >> 11),
            MaxPointsCount = Limit("maxPointsCount", wanted?.MaxPointsCount, stored?.MaxPointsCount, long.MaxValue >> 11),
            ReadRateLimit = Limit("readRateLimit", wanted?.ReadRateLimit, stored?.ReadRateLimit),
            WriteRateLimit = Limit("writeRateLimit", wanted?.WriteRateLimit, stored?.WriteRateLimit),
            FilterMaxConditions = Limit("filterMaxConditions", wanted?.FilterMaxConditions, stored?.FilterMaxConditions),
            ConditionMaxSize = Limit("conditionMaxSize", wanted?.ConditionMaxSize, stored?.ConditionMaxSize),
            MaxPayloadIndexCount = Limit("maxPayloadIndexCount", wanted?.MaxPayloadIndexCount, stored?.MaxPayloadIndexCount),
        };
        return patch == new StrictModeConfig() ? null : patch;
    }

    /// <summary>What to patch in the quantisation.</summary>
    /// <param name="path">Path of the section.</param>
    /// <param name="wanted">What the spec sets.</param>
    /// <param name="stored">What is stored.</param>
    public QuantizationConfig? Quantization(string path, QuantizationConfig? wanted, QuantizationConfig? stored)
    {
        if (wanted is null)
        {
            return before.Contains(path) && stored is not null && stored != QuantizationConfig.Disabled ? QuantizationConfig.Disabled : null;
        }

        var same = (wanted, stored) switch
        {
            ({ Scalar: { } a }, { Scalar: { } b }) => Same(a.Quantile, b.Quantile) && Held(a.Memory, b.Memory),
            ({ Product: { } a }, { Product: { } b }) => a.Compression == b.Compression && Held(a.Memory, b.Memory),
            ({ Binary: { } a }, { Binary: { } b }) => (a.Encoding ?? BinaryEncoding.OneBit) == (b.Encoding ?? BinaryEncoding.OneBit)
                && (a.QueryEncoding ?? BinaryQueryEncoding.Default) == (b.QueryEncoding ?? BinaryQueryEncoding.Default) && Held(a.Memory, b.Memory),
            ({ Turbo: { } a }, { Turbo: { } b }) => (a.Bits is null || a.Bits == b.Bits) && Held(a.Memory, b.Memory),
            _ => false,
        };
        return same ? null : wanted;
    }

    /// <summary>How vectors are to be held; null when they are.</summary>
    /// <param name="path">Path of the parameter.</param>
    /// <param name="wanted">What the spec sets.</param>
    /// <param name="stored">What is stored.</param>
    /// <param name="fallback">What holds where nothing is stored.</param>
    public Memory? PatchMemory(string path, Memory? wanted, Memory? stored, Memory fallback)
    {
        var want = wanted ?? (before.Contains(path) ? fallback : null);
        return want is { } memory && !AsHeld(memory, stored ?? fallback) ? memory : null;
    }

    /// <summary>Whether data is held as wanted, as far as the server can tell.</summary>
    /// <param name="wanted">How it shall be.</param>
    /// <param name="stored">How it is.</param>
    public bool AsHeld(Memory wanted, Memory stored) => wanted == stored || (!hasMemoryField && (wanted == Memory.Cold) == (stored == Memory.Cold));

    private static IEnumerable<string> Named(string path, params IEnumerable<(string Name, object? Value)> fields) =>
        fields.Where(field => field.Value is not null).Select(field => $"{path}.{field.Name}");

    // Qdrant keeps some of these numbers in 32 bits.
    private static bool Same(double? a, double? b) => a is null ? b is null : b is not null && Math.Abs(a.Value - b.Value) < 1e-6;

    // An older server knows of quantised vectors only whether they are always in memory.
    private bool Held(Memory? wanted, Memory? stored) =>
        wanted == stored
        || (hasMemoryField ? (wanted ?? Memory.Cached) == (stored ?? Memory.Cached) : (wanted == Memory.Pinned) == (stored == Memory.Pinned));

    private T? Patch<T>(string path, T? wanted, T? stored, T? fallback, bool missingDiffers = false)
        where T : struct
    {
        var want = wanted ?? (before.Contains(path) ? fallback : null);
        if (want is null || (wanted is null && stored is null))
        {
            return null;
        }

        var now = stored ?? (missingDiffers ? null : fallback);
        var same = want is double a && now is double b ? Same(a, b) : EqualityComparer<T?>.Default.Equals(want, now);
        return same ? null : want;
    }
}
