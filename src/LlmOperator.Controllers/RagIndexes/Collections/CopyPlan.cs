using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>Turns points of the old generation into points of the new one.</summary>
internal sealed class CopyPlan(Generation source, Generation target, VectorCarriage carriage, EmbeddingSpec? embedding, ITextEmbedder? embedder)
{
    /// <summary>Payload field of the text vectors are made of.</summary>
    public const string TextField = "content";

    private const string MetadataField = "metadata";

    public VectorCarriage Carriage => carriage;

    /// <summary>The points as the new generation shall have them.</summary>
    /// <exception cref="EmbeddingException">The embedding model did not answer as it should.</exception>
    public async Task<IReadOnlyList<Point>> TransformAsync(IReadOnlyList<PointRecord> records, CancellationToken cancellationToken)
    {
        var points = records.Select(record => new Point { Id = record.Id, Vector = Carried(record), Payload = Payload(record.Payload) }).ToList();
        if (carriage.Embedded is not { } name || points.Count == 0)
        {
            return points;
        }

        // A point whose text was taken away since the migration began keeps its payload and has no vector: there is nothing to make one of.
        var withText = points.Where(point => Text(point.Payload) is { Length: > 0 }).ToList();
        if (withText.Count == 0)
        {
            return points;
        }

        var vectors = await embedder!.EmbedAsync([.. withText.Select(point => Text(point.Payload)!)], cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < withText.Count; i++)
        {
            if (vectors[i].Length != embedding!.Size)
            {
                throw new EmbeddingException($"the embedding endpoint makes vectors of size {vectors[i].Length}, embedding.size is {embedding.Size}: correct embedding.size or the model of embedding.endpointRef");
            }

            withText[i].Vector[name] = vectors[i];
        }

        return points;
    }

    /// <summary>Whether a point of the new generation is what the old one's would be turned into. Vectors that are made anew, and those kept in less than 32 bits, are not looked into.</summary>
    public bool IsSame(PointRecord old, PointRecord now)
    {
        if (!JsonNode.DeepEquals(Payload(old.Payload), now.Payload ?? new JsonObject()))
        {
            return false;
        }

        foreach (var (to, from) in carriage.Carried)
        {
            var (then, has) = (old.Vector?.GetValueOrDefault(from), now.Vector?.GetValueOrDefault(to));
            if ((then is null) != (has is null) || (then is VectorValue.Dense a && has is VectorValue.Dense b && IsExact(from, to) && !IsNear(a, b, IsCosine(to))))
            {
                return false;
            }
        }

        return carriage.Embedded is not { } embedded || Text(old.Payload) is not { Length: > 0 } || now.Vector?.ContainsKey(embedded) == true;
    }

    private static string? Text(JsonObject? payload) => payload?[TextField] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    // A vector of distance Cosine is kept with length one.
    private static bool IsNear(VectorValue.Dense a, VectorValue.Dense b, bool normalised)
    {
        if (a.Values.Length != b.Values.Length)
        {
            return false;
        }

        var left = a.Values.Span;
        var right = b.Values.Span;
        var (scaleLeft, scaleRight) = normalised ? (Length(left), Length(right)) : (1, 1);
        for (var i = 0; i < left.Length; i++)
        {
            var (x, y) = (left[i] / scaleLeft, right[i] / scaleRight);
            if (Math.Abs(x - y) > 1e-4 * Math.Max(1, Math.Abs(x)))
            {
                return false;
            }
        }

        return true;
    }

    private static double Length(ReadOnlySpan<float> vector)
    {
        var sum = 0d;
        foreach (var number in vector)
        {
            sum += (double)number * number;
        }

        return sum > 0 ? Math.Sqrt(sum) : 1;
    }

    private Vectors Carried(PointRecord record)
    {
        var vectors = new Vectors();
        foreach (var (to, from) in carriage.Carried)
        {
            if (record.Vector?.GetValueOrDefault(from) is { } vector)
            {
                vectors[to] = vector;
            }
        }

        return vectors;
    }

    private JsonObject Payload(JsonObject? payload)
    {
        var copy = payload?.DeepClone().AsObject() ?? [];
        if (carriage.Embedded is not null && Text(copy) is { Length: > 0 })
        {
            if (copy[MetadataField] is not JsonObject metadata)
            {
                copy[MetadataField] = metadata = [];
            }

            metadata["embedding_model_id"] = embedding!.Model;
            metadata["embedding_size"] = embedding.Size;
        }

        return copy;
    }

    private bool IsCosine(string to) => target.Info.Config.Params.Vectors?.GetValueOrDefault(to)?.Distance == Distance.Cosine;

    private bool IsExact(string from, string to)
    {
        static bool Is32Bits(CollectionInfo info, string name) => (info.Config.Params.Vectors?.GetValueOrDefault(name)?.Datatype ?? Datatype.Float32) == Datatype.Float32;
        return Is32Bits(source.Info, from) && Is32Bits(target.Info, to);
    }
}
