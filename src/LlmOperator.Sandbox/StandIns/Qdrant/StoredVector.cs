using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A vector: rows of one dense vector or several, or a sparse one.</summary>
internal sealed record StoredVector(float[][] Rows, uint[]? Indices = null, bool IsMulti = false)
{
    /// <summary>Weights of a sparse vector.</summary>
    public float[] Weights => Rows[0];

    /// <summary>Reads a vector as a request has it.</summary>
    public static StoredVector Read(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            if (!element.TryGetProperty("indices", out var indices) || !element.TryGetProperty("values", out var values))
            {
                throw QdrantRefusal.Format(element.TryGetProperty("model", out _) ? "the stand-in Qdrant makes no embeddings: send vectors" : "expected a vector, or an object of `indices` and `values`");
            }

            var at = indices.EnumerateArray().Select(index => index.TryGetUInt32(out var whole) ? whole : throw QdrantRefusal.Format("indices: expected whole numbers")).ToArray();
            var weights = Numbers(values);
            if (at.Length != weights.Length)
            {
                throw QdrantRefusal.Field("indices", "must be the same length as values");
            }

            if (at.Distinct().Count() != at.Length)
            {
                throw QdrantRefusal.Field("indices", "must be unique");
            }

            Array.Sort(at, weights);
            return new([weights], at);
        }

        if (element.ValueKind != JsonValueKind.Array)
        {
            throw QdrantRefusal.Format($"invalid type: {element.ValueKind}, expected a vector");
        }

        if (element.GetArrayLength() > 0 && element[0].ValueKind == JsonValueKind.Array)
        {
            return new([.. element.EnumerateArray().Select(Numbers)], IsMulti: true);
        }

        return new([Numbers(element)]);
    }

    /// <summary>The vector as a collection stores it.</summary>
    public StoredVector For(string name, DenseSchema schema)
    {
        if (Indices is not null)
        {
            throw QdrantRefusal.Input($"Vector `{name}` is dense, got a sparse vector");
        }

        if (IsMulti && !schema.IsMulti)
        {
            throw QdrantRefusal.Input($"Conversion between multi and regular vectors failed: vector `{name}` is no multivector");
        }

        foreach (var row in Rows)
        {
            if (row.Length != schema.Size)
            {
                throw QdrantRefusal.Input($"Vector dimension error: expected dim: {schema.Size}, got {row.Length}");
            }
        }

        return new([.. Rows.Select(row => Store(row, schema))], IsMulti: schema.IsMulti);
    }

    public void Write(Utf8JsonWriter writer)
    {
        if (Indices is not null)
        {
            writer.WriteStartObject();
            writer.WriteStartArray("indices");
            foreach (var index in Indices)
            {
                writer.WriteNumberValue(index);
            }

            writer.WriteEndArray();
            writer.WritePropertyName("values");
            WriteRow(writer, Weights);
            writer.WriteEndObject();
            return;
        }

        if (!IsMulti)
        {
            WriteRow(writer, Rows[0]);
            return;
        }

        writer.WriteStartArray();
        foreach (var row in Rows)
        {
            WriteRow(writer, row);
        }

        writer.WriteEndArray();
    }

    private static float[] Store(float[] row, DenseSchema schema)
    {
        var stored = (float[])row.Clone();
        if (schema.Distance == "Cosine")
        {
            VectorMath.Normalise(stored);
        }

        for (var i = 0; i < stored.Length && schema.Datatype != "float32"; i++)
        {
            stored[i] = schema.Datatype switch
            {
                "uint8" => Math.Clamp(MathF.Truncate(row[i]), 0, 255),
                "float16" => (float)(Half)stored[i],
                _ => stored[i],
            };
        }

        return stored;
    }

    private static float[] Numbers(JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array)
        {
            throw QdrantRefusal.Format($"invalid type: {array.ValueKind}, expected an array of numbers");
        }

        var numbers = new float[array.GetArrayLength()];
        var at = 0;
        foreach (var element in array.EnumerateArray())
        {
            numbers[at++] = element.ValueKind == JsonValueKind.Number ? element.GetSingle() : throw QdrantRefusal.Format($"invalid type: {element.ValueKind}, expected a number");
        }

        return numbers;
    }

    private static void WriteRow(Utf8JsonWriter writer, float[] row)
    {
        writer.WriteStartArray();
        foreach (var number in row)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }
}
