using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>Cuts points into upserts that a server takes.</summary>
public static class PointBatches
{
    // The longest numbers in JSON, with their comma: -1.17549435E-38 and 4294967295.
    private const int FloatBytes = 16;
    private const int IndexBytes = 11;

    // Id, property names and braces.
    private const int PointBytes = 96;

    /// <summary>Cuts points into batches by size, in their order and as they come.</summary>
    /// <param name="points">The points.</param>
    /// <param name="maxBytes">Most bytes of a request; a point that is larger is a batch alone.</param>
    /// <param name="maxPoints">Most points of a request.</param>
    public static IEnumerable<IReadOnlyList<Point>> Split(IEnumerable<Point> points, int maxBytes, int maxPoints = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPoints, 1);
        return Batches(points, maxBytes, maxPoints);
    }

    /// <summary>Bytes a point takes in a request, at most; about a third more than it does for common vectors.</summary>
    /// <param name="point">The point.</param>
    public static long Size(Point point)
    {
        ArgumentNullException.ThrowIfNull(point);
        return PointBytes
            + point.Vector.Sum(vector => (vector.Key.Length * 6L) + 8 + Size(vector.Value))
            + (point.Payload is { } payload ? JsonSize.Of(payload) : 0);
    }

    private static IEnumerable<IReadOnlyList<Point>> Batches(IEnumerable<Point> points, int maxBytes, int maxPoints)
    {
        const int Envelope = 256;
        var batch = new List<Point>();
        long bytes = Envelope;
        foreach (var point in points)
        {
            var size = Size(point);
            if (batch.Count > 0 && (bytes + size > maxBytes || batch.Count == maxPoints))
            {
                yield return batch;
                (batch, bytes) = ([], Envelope);
            }

            batch.Add(point);
            bytes += size;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private static long Size(VectorValue vector) => vector switch
    {
        VectorValue.Dense dense => (long)dense.Values.Length * FloatBytes,
        VectorValue.Sparse sparse => 32 + ((long)sparse.Indices.Length * IndexBytes) + ((long)sparse.Values.Length * FloatBytes),
        VectorValue.Multi multi => multi.Vectors.Sum(row => 3 + ((long)row.Length * FloatBytes)),
        _ => 0,
    };
}
