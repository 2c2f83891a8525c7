using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Qdrant.Collections;
using static LlmOperator.Planning.RagIndexes.Collections.CollectionTranslation;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>Collections to be created.</summary>
public static class NewCollection
{
    /// <summary>The request that creates a generation.</summary>
    /// <param name="spec">What is wanted.</param>
    /// <param name="embedding">The model that makes vectors.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="number">Number of the generation.</param>
    /// <param name="migration">How it gets its points; null when it is the first.</param>
    /// <param name="source">The generation the points come from: vectors others added to it are taken along.</param>
    public static CreateCollection Request(CollectionSpec spec, EmbeddingSpec? embedding, CollectionOwner owner, int number, MigrationRecord? migration, Generation? source)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(owner);
        var metadata = new JsonObject
        {
            [CollectionMarks.OwnerKey] = owner.Mark,
            [CollectionMarks.GenerationKey] = number,
            [CollectionMarks.SetKey] = CollectionMarks.List(CollectionDifferences.SetBy(spec)),
            [CollectionMarks.IndexesKey] = CollectionMarks.List((spec.PayloadIndexes ?? []).Select(index => index.Field)),
        };
        if (Embedded(spec, embedding) is not null)
        {
            metadata[CollectionMarks.EmbeddingModelKey] = embedding!.Model;
            if (embedding.EndpointRef is { Name: var endpoint })
            {
                metadata[CollectionMarks.EmbeddingEndpointKey] = endpoint;
            }
        }

        if (migration is not null)
        {
            metadata[CollectionMarks.MigrationKey] = migration.ToJson();
        }

        var dense = Dense(spec).ToDictionary(vector => vector.Key, vector => Vector(vector.Value), StringComparer.Ordinal);
        var sparse = (spec.SparseVectors ?? []).ToDictionary(vector => vector.Name, Sparse, StringComparer.Ordinal);
        foreach (var (name, vector) in Foreign(source?.Info.Config.Params.Vectors, source, "vectors").Where(_ => !dense.ContainsKey("")))
        {
            _ = name.Length > 0 && dense.TryAdd(name, vector);
        }

        foreach (var (name, vector) in Foreign(source?.Info.Config.Params.SparseVectors, source, "sparseVectors"))
        {
            sparse.TryAdd(name, vector);
        }

        return new()
        {
            // Limits on a generation that is being built would only hinder the one who builds it; they come with the first look after the switch.
            StrictModeConfig = migration is null ? StrictMode(spec.StrictMode) : null,
            Vectors = dense.Count == 0 ? null : dense,
            SparseVectors = sparse.Count == 0 ? null : sparse,
            ShardNumber = spec.Shards,
            ReplicationFactor = spec.ReplicationFactor,
            WriteConsistencyFactor = spec.WriteConsistencyFactor,
            Payload = new(PayloadMemory(spec)),
            HnswConfig = Hnsw(spec.Hnsw),
            WalConfig = Wal(spec.Wal),
            OptimizersConfig = Optimizers(spec.Optimizers),
            QuantizationConfig = Quantization(spec.Quantization),
            Metadata = metadata,
        };
    }

    private static IEnumerable<KeyValuePair<string, T>> Foreign<T>(IReadOnlyDictionary<string, T>? vectors, Generation? source, string path) =>
        (vectors ?? new Dictionary<string, T>()).Where(vector => !source!.Marks.Set.Contains($"{path}[{vector.Key}]"));
}
