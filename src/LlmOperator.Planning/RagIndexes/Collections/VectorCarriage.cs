using LlmOperator.Api.RagIndexes;
using LlmOperator.Qdrant.Collections;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>How the vectors of a new generation come about.</summary>
/// <param name="Method">One of <see cref="MigrationMethod"/>.</param>
/// <param name="Carried">Name of each vector that is copied, with its name in the old generation.</param>
/// <param name="Embedded">Vector the embedding model makes anew; null when none.</param>
/// <param name="Obstacle">Why points cannot be copied, when the method is Fill.</param>
public sealed record VectorCarriage(string Method, IReadOnlyDictionary<string, string> Carried, string? Embedded, string? Obstacle)
{
    /// <summary>
    /// Decides it. A vector stays valid when its size, its multivector and the model that made it stay; another distance, shards, or fewer vectors do not matter to it.
    /// (Qdrant keeps vectors of distance Cosine with length one: under another distance they stay so.)
    /// </summary>
    /// <param name="spec">What is wanted.</param>
    /// <param name="embedding">The model that makes vectors.</param>
    /// <param name="source">The generation the points come from.</param>
    /// <param name="target">The generation they go to; null when it is still to be created.</param>
    /// <param name="canEmbed">Whether vectors can be made anew.</param>
    public static VectorCarriage Of(CollectionSpec spec, EmbeddingSpec? embedding, Generation source, CollectionParams? target, bool canEmbed)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(source);
        var stored = source.Info.Config.Params.Vectors ?? new Dictionary<string, VectorParams>();
        var wanted = CollectionTranslation.Dense(spec).ToDictionary(vector => vector.Key, vector => CollectionTranslation.Vector(vector.Value), StringComparer.Ordinal);
        var fromModel = CollectionTranslation.Embedded(spec, embedding);
        var remade = source.Marks.EmbeddingModel is { } model && embedding is not null && model != embedding.Model;
        var carried = new Dictionary<string, string>(StringComparer.Ordinal);
        string? embedded = null;
        string? obstacle = null;
        foreach (var (name, now) in wanted)
        {
            var from = stored.ContainsKey(name) ? name : wanted.Count == 1 && stored.Count == 1 ? stored.Keys.First() : null;
            var invalid = from is null ? "it is new" : Invalid(stored[from], now) ?? (remade && name == fromModel ? $"{source.Marks.EmbeddingModel} made it" : null);
            if (invalid is null)
            {
                carried[name] = from!;
            }
            else if (name == fromModel && canEmbed)
            {
                embedded = name;
            }
            else if (from is not null || wanted.Count == 1)
            {
                var what = name.Length == 0 ? "the vector" : $"the vector {name}";
                obstacle ??= $"{what} cannot be copied ({invalid}), and "
                    + (name == fromModel ? "there is no embedding.endpointRef to make it anew" : "no embedding model makes it");
            }
        }

        foreach (var name in (target?.Vectors?.Keys ?? []).Where(name => name.Length > 0 && !wanted.ContainsKey(name) && stored.ContainsKey(name)))
        {
            carried[name] = name;
        }

        var sparse = target?.SparseVectors?.Keys ?? (spec.SparseVectors ?? []).Select(vector => vector.Name);
        foreach (var name in sparse.Where(name => source.Info.Config.Params.SparseVectors?.ContainsKey(name) == true))
        {
            carried[name] = name;
        }

        return new(obstacle is not null ? MigrationMethod.Fill : embedded is not null ? MigrationMethod.Embed : MigrationMethod.Copy, carried, embedded, obstacle);
    }

    private static string? Invalid(VectorParams then, VectorParams now) =>
        then.Size != now.Size ? $"its size was {then.Size}"
        : then.MultivectorConfig?.Comparator != now.MultivectorConfig?.Comparator ? "its multivector changed"
        : now.Datatype == Datatype.Uint8 && then.Datatype != Datatype.Uint8 ? "its numbers are no bytes"
        : null;
}
