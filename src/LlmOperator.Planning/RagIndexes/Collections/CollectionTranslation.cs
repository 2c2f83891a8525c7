using LlmOperator.Api.RagIndexes;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;
using QdrantPayloadIndex = LlmOperator.Qdrant.Collections.PayloadIndex;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>Parts of a spec as Qdrant's API says them. What the spec leaves out is null.</summary>
internal static class CollectionTranslation
{
    /// <summary>Dense vectors of a spec by name; the unnamed one's name is empty.</summary>
    public static IReadOnlyDictionary<string, VectorSpec> Dense(CollectionSpec spec)
    {
        var vectors = (spec.NamedVectors ?? []).ToDictionary(vector => vector.Name, vector => (VectorSpec)vector, StringComparer.Ordinal);
        if (spec.Vectors is { } unnamed)
        {
            vectors[""] = unnamed;
        }

        return vectors;
    }

    /// <summary>The vector the embedding model's vectors go into; null when there is none.</summary>
    public static string? Embedded(CollectionSpec spec, EmbeddingSpec? embedding) =>
        embedding is null ? null
        : spec.Vectors is { } unnamed ? (unnamed.Multivector is null ? "" : null)
        : spec.NamedVectors?.FirstOrDefault(vector => vector.Size == embedding.Size && vector.Multivector is null)?.Name;

    public static VectorParams Vector(VectorSpec vector) => new()
    {
        Size = vector.Size,
        Distance = Enum.Parse<Distance>(vector.Distance),
        HnswConfig = Hnsw(vector.Hnsw),
        QuantizationConfig = Quantization(vector.Quantization),
        Memory = Held(vector.Memory, vector.OnDisk),
        Datatype = Named<Datatype>(vector.Datatype),
        MultivectorConfig = vector.Multivector is { } multi ? new(Enum.Parse<MultiVectorComparator>(multi.Comparator)) : null,
    };

    public static SparseVectorParams Sparse(SparseVectorSpec vector) => new()
    {
        Modifier = Enum.Parse<SparseModifier>(vector.Modifier),
        Index = vector.Index is not { } index ? null : new()
        {
            FullScanThreshold = index.FullScanThreshold,
            Memory = Named<Memory>(index.Memory),
            Datatype = Named<Datatype>(index.Datatype),
        },
    };

    public static HnswConfig? Hnsw(HnswSpec? hnsw) => hnsw is null ? null : new()
    {
        M = hnsw.M,
        EfConstruct = hnsw.EfConstruct,
        FullScanThreshold = hnsw.FullScanThreshold,
        MaxIndexingThreads = hnsw.MaxIndexingThreads,
        PayloadM = hnsw.PayloadM,
        InlineStorage = hnsw.InlineStorage,
        Memory = Held(hnsw.Memory, hnsw.OnDisk),
    };

    public static QuantizationConfig? Quantization(VectorQuantization? quantization)
    {
        if (quantization is null)
        {
            return null;
        }

        var memory = Named<Memory>(quantization.Memory) ?? (quantization.AlwaysRam == true ? Memory.Pinned : null);
        return quantization.Type switch
        {
            "Product" => new() { Product = new() { Compression = Named<CompressionRatio>(quantization.Compression) ?? CompressionRatio.X4, Memory = memory } },
            "Binary" => new()
            {
                Binary = new()
                {
                    Encoding = Named<BinaryEncoding>(quantization.Encoding),
                    QueryEncoding = Named<BinaryQueryEncoding>(quantization.QueryEncoding),
                    Memory = memory,
                },
            },
            "Turbo" => new() { Turbo = new() { Bits = Bits(quantization.Bits), Memory = memory } },
            _ => new() { Scalar = new() { Quantile = quantization.Quantile, Memory = memory } },
        };
    }

    public static OptimizersConfig? Optimizers(OptimizerSpec? optimizers) => optimizers is null ? null : new()
    {
        IndexingThreshold = optimizers.IndexingThreshold,
        DefaultSegmentNumber = optimizers.DefaultSegmentNumber,
        MaxSegmentSize = optimizers.MaxSegmentSize,
        DeletedThreshold = optimizers.DeletedThreshold,
        VacuumMinVectorNumber = optimizers.VacuumMinVectorNumber,
        FlushIntervalSec = optimizers.FlushIntervalSeconds,
        MaxOptimizationThreads = optimizers.MaxOptimizationThreads is { } threads ? new OptimizationThreads(threads) : null,
        PreventUnoptimized = optimizers.PreventUnoptimized,
    };

    public static WalConfig? Wal(WalSpec? wal) => wal is null ? null : new() { WalCapacityMb = wal.CapacityMb, WalSegmentsAhead = wal.SegmentsAhead, WalRetainClosed = wal.RetainClosed };

    public static StrictModeConfig? StrictMode(StrictModeSpec? strict) => strict is null ? null : new()
    {
        Enabled = strict.Enabled,
        MaxQueryLimit = strict.MaxQueryLimit,
        MaxTimeout = strict.MaxTimeout,
        UnindexedFilteringRetrieve = strict.UnindexedFilteringRetrieve,
        UnindexedFilteringUpdate = strict.UnindexedFilteringUpdate,
        SearchMaxHnswEf = strict.SearchMaxHnswEf,
        SearchAllowExact = strict.SearchAllowExact,
        SearchMaxOversampling = strict.SearchMaxOversampling,
        SearchMaxBatchsize = strict.SearchMaxBatchsize,
        UpsertMaxBatchsize = strict.UpsertMaxBatchsize,
        MaxCollectionVectorSizeBytes = strict.MaxCollectionVectorSizeBytes,
        MaxCollectionPayloadSizeBytes = strict.MaxCollectionPayloadSizeBytes,
        MaxPointsCount = strict.MaxPointsCount,
        ReadRateLimit = strict.ReadRateLimit,
        WriteRateLimit = strict.WriteRateLimit,
        FilterMaxConditions = strict.FilterMaxConditions,
        ConditionMaxSize = strict.ConditionMaxSize,
        MaxPayloadIndexCount = strict.MaxPayloadIndexCount,
    };

    public static QdrantPayloadIndex Index(Api.RagIndexes.PayloadIndex index)
    {
        var text = index.Text;
        return new()
        {
            Type = Enum.Parse<PayloadIndexType>(index.Type, ignoreCase: true),
            IsTenant = index.IsTenant,
            Prefix = index.Prefix,
            Lookup = index.Lookup,
            Range = index.Range,
            IsPrincipal = index.IsPrincipal,
            Tokenizer = Named<Tokenizer>(text?.Tokenizer),
            MinTokenLen = text?.MinTokenLength,
            MaxTokenLen = text?.MaxTokenLength,
            Lowercase = text?.Lowercase,
            AsciiFolding = text?.AsciiFolding,
            PhraseMatching = text?.PhraseMatching,
            Stopwords = text?.Stopwords is null && text?.StopwordLanguages is null ? null : new() { Languages = text.StopwordLanguages, Custom = text.Stopwords },
            Stemmer = text?.Stemmer is { } language ? new("snowball", language) : null,
            Memory = Named<Memory>(index.Memory),
            EnableHnsw = index.EnableHnsw,
        };
    }

    public static Memory PayloadMemory(CollectionSpec spec) => spec.OnDiskPayload ? Memory.Cold : Memory.Cached;

    private static T? Named<T>(string? text)
        where T : struct, Enum => text is null ? null : Enum.Parse<T>(text);

    private static Memory? Held(string? memory, bool? onDisk) => Named<Memory>(memory) ?? (onDisk is { } cold ? (cold ? Memory.Cold : Memory.Cached) : null);

    private static TurboBits? Bits(string? bits) => bits switch
    {
        "1" => TurboBits.Bits1,
        "1.5" => TurboBits.Bits1And5,
        "2" => TurboBits.Bits2,
        "4" => TurboBits.Bits4,
        _ => null,
    };
}
