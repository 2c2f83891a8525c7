using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Collections;
using static LlmOperator.Planning.RagIndexes.Collections.CollectionTranslation;
using QdrantPayloadIndex = LlmOperator.Qdrant.Collections.PayloadIndex;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>Something Qdrant cannot change in place.</summary>
/// <param name="Field">Field of the spec.</param>
/// <param name="Stored">What the collection has.</param>
/// <param name="Wanted">What the spec asks for.</param>
public sealed record SchemaDifference(string Field, string Stored, string Wanted)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Field} is {Stored}, the spec asks for {Wanted}";
}

/// <summary>A payload index to be made.</summary>
/// <param name="Field">Its field.</param>
/// <param name="Index">What index.</param>
public sealed record IndexChange(string Field, QdrantPayloadIndex Index);

/// <summary>How a collection differs from its spec, and what makes it the same.</summary>
public sealed record CollectionDifferences
{
    /// <summary>What cannot be changed in place.</summary>
    public IReadOnlyList<SchemaDifference> Schema { get; init; } = [];

    /// <summary>What to patch; null when nothing.</summary>
    public UpdateCollection? Patch { get; init; }

    /// <summary>Named vectors to add.</summary>
    public IReadOnlyDictionary<string, NewVector> NewVectors { get; init; } = new Dictionary<string, NewVector>();

    /// <summary>Payload indexes to make, or to make anew.</summary>
    public IReadOnlyList<IndexChange> Indexes { get; init; } = [];

    /// <summary>Fields whose payload indexes of ours are to be removed.</summary>
    public IReadOnlyList<string> StaleIndexes { get; init; } = [];

    /// <summary>Whether nothing is to be done.</summary>
    public bool AreNone => Schema.Count == 0 && Patch is null && NewVectors.Count == 0 && Indexes.Count == 0 && StaleIndexes.Count == 0;

    /// <summary>Compares a collection with its spec.</summary>
    /// <param name="spec">What is wanted.</param>
    /// <param name="embedding">The model that makes vectors.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="stored">What is stored.</param>
    /// <param name="version">The server's version; null for the newest.</param>
    public static CollectionDifferences Of(CollectionSpec spec, EmbeddingSpec? embedding, CollectionOwner owner, CollectionInfo stored, QdrantVersion? version)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(stored);
        var marks = CollectionMarks.Read(stored.Config.Metadata);
        var schema = new List<SchemaDifference>();
        var added = new Dictionary<string, NewVector>(StringComparer.Ordinal);
        CompareVectors(spec, stored.Config.Params, marks, version?.HasVectorChanges != false, schema, added);
        CompareShape(spec, stored.Config, schema);
        if (Embedded(spec, embedding) is not null && marks.EmbeddingModel is { } model && model != embedding!.Model)
        {
            schema.Add(new("embedding.model", model, embedding.Model));
        }

        var wantedIndexes = (spec.PayloadIndexes ?? []).ToDictionary(index => index.Field, Index, StringComparer.Ordinal);
        return new()
        {
            Schema = schema,
            NewVectors = added,
            Patch = PatchOf(spec, embedding, owner, stored, marks, version),
            Indexes = [.. wantedIndexes.Where(index => !IsSame(index.Value, stored.PayloadSchema.GetValueOrDefault(index.Key))).Select(index => new IndexChange(index.Key, index.Value))],
            StaleIndexes = [.. marks.Indexes.Where(field => !wantedIndexes.ContainsKey(field) && stored.PayloadSchema.ContainsKey(field)).Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>Paths of everything a spec sets, and names of its vectors.</summary>
    /// <param name="spec">The spec.</param>
    public static IReadOnlySet<string> SetBy(CollectionSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var set = new HashSet<string>(StringComparer.Ordinal);
        set.UnionWith(SectionDifferences.Paths("hnsw", Hnsw(spec.Hnsw)));
        set.UnionWith(SectionDifferences.Paths(Optimizers(spec.Optimizers)));
        set.UnionWith(SectionDifferences.Paths(StrictMode(spec.StrictMode)));
        if (spec.Quantization is not null)
        {
            set.Add("quantization");
        }

        foreach (var (name, vector) in Dense(spec))
        {
            var path = $"vectors[{name}]";
            set.Add(path);
            set.UnionWith(SectionDifferences.Paths($"{path}.hnsw", Hnsw(vector.Hnsw)));
            if (vector.Quantization is not null)
            {
                set.Add($"{path}.quantization");
            }

            if (vector.Memory is not null || vector.OnDisk is not null)
            {
                set.Add($"{path}.memory");
            }
        }

        set.UnionWith((spec.SparseVectors ?? []).Select(sparse => $"sparseVectors[{sparse.Name}]"));
        return set;
    }

    private static void CompareVectors(
        CollectionSpec spec, CollectionParams stored, CollectionMarks marks, bool canAdd, List<SchemaDifference> schema, Dictionary<string, NewVector> added)
    {
        var dense = stored.Vectors ?? new Dictionary<string, VectorParams>();
        var wanted = Dense(spec);
        canAdd &= !dense.ContainsKey("");
        foreach (var (name, vector) in wanted)
        {
            var field = name.Length == 0 ? "vectors" : $"namedVectors[{name}]";
            var now = Vector(vector);
            if (!dense.TryGetValue(name, out var then))
            {
                if (name.Length > 0 && canAdd)
                {
                    added[name] = new() { Dense = new() { Size = now.Size, Distance = now.Distance, Datatype = now.Datatype, MultivectorConfig = now.MultivectorConfig } };
                }
                else
                {
                    schema.Add(new(field, "absent", $"a vector of size {Text(now.Size)}"));
                }

                continue;
            }

            Differ(schema, $"{field}.size", Text(then.Size), Text(now.Size));
            Differ(schema, $"{field}.distance", then.Distance.ToString(), now.Distance.ToString());
            Differ(schema, $"{field}.datatype", (then.Datatype ?? Datatype.Float32).ToString(), (now.Datatype ?? Datatype.Float32).ToString());
            Differ(schema, $"{field}.multivector", then.MultivectorConfig?.Comparator.ToString() ?? "absent", now.MultivectorConfig?.Comparator.ToString() ?? "absent");
        }

        var sparseWanted = (spec.SparseVectors ?? []).ToDictionary(sparse => sparse.Name, StringComparer.Ordinal);
        foreach (var (name, sparse) in sparseWanted)
        {
            if (stored.SparseVectors?.ContainsKey(name) != true)
            {
                if (canAdd)
                {
                    var translated = Sparse(sparse);
                    added[name] = new() { Sparse = new() { Modifier = translated.Modifier, Datatype = translated.Index?.Datatype } };
                }
                else
                {
                    schema.Add(new($"sparseVectors[{name}]", "absent", "a sparse vector"));
                }
            }
        }

        // A vector that others added is left alone; one that was in the spec and is no more is not just dropped, because its data would be lost.
        foreach (var name in dense.Keys.Where(name => !wanted.ContainsKey(name) && marks.Set.Contains($"vectors[{name}]")))
        {
            schema.Add(new(name.Length == 0 ? "vectors" : $"namedVectors[{name}]", $"a vector of size {Text(dense[name].Size)}", "none"));
        }

        foreach (var name in (stored.SparseVectors ?? new Dictionary<string, SparseVectorParams>()).Keys.Where(name => !sparseWanted.ContainsKey(name) && marks.Set.Contains($"sparseVectors[{name}]")))
        {
            schema.Add(new($"sparseVectors[{name}]", "a sparse vector", "none"));
        }
    }

    private static void CompareShape(CollectionSpec spec, CollectionConfig stored, List<SchemaDifference> schema)
    {
        if (spec.Shards is { } shards)
        {
            Differ(schema, "shards", Text(stored.Params.ShardNumber), Text(shards));
        }

        void Wal(string field, int? wanted, int? now, int fallback)
        {
            if (wanted is { } value)
            {
                Differ(schema, field, Text(now ?? fallback), Text(value));
            }
        }

        Wal("wal.capacityMb", spec.Wal?.CapacityMb, stored.WalConfig?.WalCapacityMb, 32);
        Wal("wal.segmentsAhead", spec.Wal?.SegmentsAhead, stored.WalConfig?.WalSegmentsAhead, 0);
        Wal("wal.retainClosed", spec.Wal?.RetainClosed, stored.WalConfig?.WalRetainClosed, 1);
    }

    private static UpdateCollection? PatchOf(CollectionSpec spec, EmbeddingSpec? embedding, CollectionOwner owner, CollectionInfo info, CollectionMarks marks, QdrantVersion? version)
    {
        var stored = info.Config;
        var section = new SectionDifferences(marks.Set, version?.HasMemoryField != false);
        var update = new UpdateCollection
        {
            Params = ParamsOf(spec, stored.Params, section),
            HnswConfig = section.Hnsw("hnsw", Hnsw(spec.Hnsw), stored.HnswConfig, SectionDifferences.DefaultHnsw),
            OptimizersConfig = section.Optimizers(Optimizers(spec.Optimizers), stored.OptimizerConfig),
            QuantizationConfig = section.Quantization("quantization", Quantization(spec.Quantization), stored.QuantizationConfig),
            StrictModeConfig = section.StrictMode(StrictMode(spec.StrictMode), stored.StrictModeConfig),
            Vectors = VectorsOf(spec, stored, section),
            SparseVectors = SparseOf(spec, stored.Params, section),
            Metadata = MetadataOf(spec, embedding, owner, info, marks),
        };
        return update == new UpdateCollection() ? null : update;
    }

    private static CollectionParamsUpdate? ParamsOf(CollectionSpec spec, CollectionParams stored, SectionDifferences section)
    {
        var payload = PayloadMemory(spec);
        var update = new CollectionParamsUpdate
        {
            ReplicationFactor = spec.ReplicationFactor == stored.ReplicationFactor ? null : spec.ReplicationFactor,
            WriteConsistencyFactor = spec.WriteConsistencyFactor == stored.WriteConsistencyFactor ? null : spec.WriteConsistencyFactor,
            Payload = section.AsHeld(payload, stored.Payload?.Memory ?? Memory.Cold) ? null : new(payload),
        };
        return update == new CollectionParamsUpdate() ? null : update;
    }

    private static Dictionary<string, VectorParamsUpdate>? VectorsOf(CollectionSpec spec, CollectionConfig stored, SectionDifferences section)
    {
        var updates = new Dictionary<string, VectorParamsUpdate>(StringComparer.Ordinal);
        foreach (var (name, vector) in Dense(spec))
        {
            if (stored.Params.Vectors?.GetValueOrDefault(name) is not { } now)
            {
                continue;
            }

            var wanted = Vector(vector);
            var path = $"vectors[{name}]";
            var update = new VectorParamsUpdate
            {
                HnswConfig = section.Hnsw($"{path}.hnsw", wanted.HnswConfig, now.HnswConfig, stored.HnswConfig),
                QuantizationConfig = section.Quantization($"{path}.quantization", wanted.QuantizationConfig, now.QuantizationConfig),
                Memory = section.PatchMemory($"{path}.memory", wanted.Memory, now.Memory, Memory.Cached),
            };
            if (update != new VectorParamsUpdate())
            {
                updates[name] = update;
            }
        }

        return updates.Count == 0 ? null : updates;
    }

    private static Dictionary<string, SparseVectorParams>? SparseOf(CollectionSpec spec, CollectionParams stored, SectionDifferences section)
    {
        var updates = new Dictionary<string, SparseVectorParams>(StringComparer.Ordinal);
        foreach (var sparse in spec.SparseVectors ?? [])
        {
            if (stored.SparseVectors?.GetValueOrDefault(sparse.Name) is not { } now)
            {
                continue;
            }

            var wanted = Sparse(sparse);
            var index = wanted.Index;
            var same = (wanted.Modifier ?? SparseModifier.None) == (now.Modifier ?? SparseModifier.None)
                && (index?.FullScanThreshold is null || index.FullScanThreshold == now.Index?.FullScanThreshold)
                && (index?.Datatype is null || index.Datatype == (now.Index?.Datatype ?? Datatype.Float32))
                && (index?.Memory is not { } memory || section.AsHeld(memory, now.Index?.Memory ?? Memory.Pinned));
            if (!same)
            {
                updates[sparse.Name] = wanted;
            }
        }

        return updates.Count == 0 ? null : updates;
    }

    private static JsonObject? MetadataOf(CollectionSpec spec, EmbeddingSpec? embedding, CollectionOwner owner, CollectionInfo info, CollectionMarks marks)
    {
        var metadata = new JsonObject();
        if (marks.Owner != owner.Mark)
        {
            metadata[CollectionMarks.OwnerKey] = owner.Mark;
        }

        if (marks.ReleasedAt is not null)
        {
            metadata[CollectionMarks.ReleasedKey] = null;
        }

        if (marks.EmbeddingModel is null && Embedded(spec, embedding) is not null)
        {
            metadata[CollectionMarks.EmbeddingModelKey] = embedding!.Model;
        }

        // While the model stays, whoever serves it may change; once it changes, only the endpoint of the time before can make vectors for what is stored.
        if (Embedded(spec, embedding) is not null && (marks.EmbeddingModel ?? embedding!.Model) == embedding!.Model && marks.EmbeddingEndpoint != embedding.EndpointRef?.Name)
        {
            metadata[CollectionMarks.EmbeddingEndpointKey] = embedding.EndpointRef?.Name;
        }

        var set = SetBy(spec);
        if (!set.SetEquals(marks.Set))
        {
            metadata[CollectionMarks.SetKey] = CollectionMarks.List(set);
        }

        // An index is noted before it is made and forgotten after it is gone, so that none of ours is left behind whenever this process ends.
        var noted = (spec.PayloadIndexes ?? []).Select(index => index.Field).Union(marks.Indexes.Where(info.PayloadSchema.ContainsKey)).ToHashSet(StringComparer.Ordinal);
        if (!noted.SetEquals(marks.Indexes))
        {
            metadata[CollectionMarks.IndexesKey] = CollectionMarks.List(noted);
        }

        return metadata.Count == 0 ? null : metadata;
    }

    private static bool IsSame(QdrantPayloadIndex wanted, PayloadIndexInfo? stored)
    {
        if (stored is null || stored.DataType != wanted.Type)
        {
            return false;
        }

        var now = stored.Params;
        static bool Flag(bool? want, bool? have, bool fallback) => (want ?? fallback) == (have ?? fallback);
        static bool List(IReadOnlyList<string>? want, IReadOnlyList<string>? have) => (want ?? []).Order(StringComparer.Ordinal).SequenceEqual((have ?? []).Order(StringComparer.Ordinal));
        return Flag(wanted.IsTenant, now?.IsTenant, false)
            && Flag(wanted.Prefix, now?.Prefix, false)
            && Flag(wanted.Lookup, now?.Lookup, true)
            && Flag(wanted.Range, now?.Range, true)
            && Flag(wanted.IsPrincipal, now?.IsPrincipal, false)
            && Flag(wanted.Lowercase, now?.Lowercase, true)
            && Flag(wanted.AsciiFolding, now?.AsciiFolding, false)
            && Flag(wanted.PhraseMatching, now?.PhraseMatching, false)
            && Flag(wanted.EnableHnsw, now?.EnableHnsw, true)
            && (wanted.Tokenizer ?? Tokenizer.Word) == (now?.Tokenizer ?? Tokenizer.Word)
            && wanted.MinTokenLen == now?.MinTokenLen
            && wanted.MaxTokenLen == now?.MaxTokenLen
            && wanted.Stemmer == now?.Stemmer
            && List(wanted.Stopwords?.Languages, now?.Stopwords?.Languages)
            && List(wanted.Stopwords?.Custom, now?.Stopwords?.Custom)
            && (wanted.Memory is null || now?.Memory is null || wanted.Memory == now.Memory);
    }

    private static void Differ(List<SchemaDifference> schema, string field, string stored, string wanted)
    {
        if (stored != wanted)
        {
            schema.Add(new(field, stored, wanted));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
