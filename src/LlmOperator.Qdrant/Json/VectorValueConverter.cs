using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Qdrant.Json;

/// <summary>Vectors: an array of numbers, an array of such arrays, or an object of indices and values.</summary>
internal sealed class VectorValueConverter : JsonConverter<VectorValue>
{
    public override VectorValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return ReadSparse(ref reader);
        }

        Expect(reader.TokenType == JsonTokenType.StartArray);
        var ahead = reader;
        ahead.Read();
        if (ahead.TokenType != JsonTokenType.StartArray)
        {
            return new VectorValue.Dense(ReadNumbers(ref reader));
        }

        var rows = new List<ReadOnlyMemory<float>>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            rows.Add(ReadNumbers(ref reader));
        }

        return new VectorValue.Multi(rows);
    }

    public override void Write(Utf8JsonWriter writer, VectorValue value, JsonSerializerOptions options)
    {
        switch (value)
        {
            case VectorValue.Dense dense:
                WriteNumbers(writer, dense.Values.Span);
                break;
            case VectorValue.Multi multi:
                writer.WriteStartArray();
                foreach (var row in multi.Vectors)
                {
                    WriteNumbers(writer, row.Span);
                }

                writer.WriteEndArray();
                break;
            case VectorValue.Sparse sparse:
                writer.WriteStartObject();
                writer.WriteStartArray("indices"u8);
                foreach (var index in sparse.Indices.Span)
                {
                    writer.WriteNumberValue(index);
                }

                writer.WriteEndArray();
                writer.WritePropertyName("values"u8);
                WriteNumbers(writer, sparse.Values.Span);
                writer.WriteEndObject();
                break;
            default:
                throw new JsonException($"{value.GetType().Name} is no vector");
        }
    }

    private static VectorValue.Sparse ReadSparse(ref Utf8JsonReader reader)
    {
        uint[] indices = [];
        float[] values = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIndices = reader.ValueTextEquals("indices"u8);
            reader.Read();
            if (isIndices)
            {
                var list = new List<uint>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    list.Add(reader.GetUInt32());
                }

                indices = [.. list];
            }
            else
            {
                values = ReadNumbers(ref reader);
            }
        }

        return new(indices, values);
    }

    private static float[] ReadNumbers(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray);
        var numbers = new List<float>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            numbers.Add(reader.GetSingle());
        }

        return [.. numbers];
    }

    private static void WriteNumbers(Utf8JsonWriter writer, ReadOnlySpan<float> numbers)
    {
        writer.WriteStartArray();
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    private static void Expect(bool holds)
    {
        if (!holds)
        {
            throw new JsonException("a vector is an array of numbers, an array of such arrays, or an object of indices and values");
        }
    }
}

/// <summary>Vectors of a point: the one unnamed vector alone, or an object by name.</summary>
internal sealed class VectorsConverter : JsonConverter<Vectors>
{
    private static readonly VectorValueConverter Values = new();

    public override Vectors Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            return new(Values.Read(ref reader, typeof(VectorValue), options));
        }

        var vectors = new Vectors();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            vectors[name] = Values.Read(ref reader, typeof(VectorValue), options);
        }

        return vectors;
    }

    public override void Write(Utf8JsonWriter writer, Vectors value, JsonSerializerOptions options)
    {
        if (value.Count == 1 && value.TryGetValue("", out var unnamed) && unnamed is not VectorValue.Sparse)
        {
            Values.Write(writer, unnamed, options);
            return;
        }

        writer.WriteStartObject();
        foreach (var (name, vector) in value)
        {
            writer.WritePropertyName(name);
            Values.Write(writer, vector, options);
        }

        writer.WriteEndObject();
    }
}
