using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Collections;

namespace LlmOperator.Qdrant.Json;

/// <summary>Dense vectors of a collection: the one unnamed vector alone, or an object by name.</summary>
internal sealed class VectorsConfigConverter : JsonConverter<IReadOnlyDictionary<string, VectorParams>>
{
    public override IReadOnlyDictionary<string, VectorParams> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // A vector may be called "size", but then it is an object.
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.TryGetProperty("size", out var size) && size.ValueKind == JsonValueKind.Number)
        {
            return new Dictionary<string, VectorParams> { [""] = document.RootElement.Deserialize(QdrantJson.Wire.VectorParams)! };
        }

        return document.RootElement.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.Deserialize(QdrantJson.Wire.VectorParams)!);
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, VectorParams> value, JsonSerializerOptions options)
    {
        if (value.Count == 1 && value.TryGetValue("", out var unnamed))
        {
            JsonSerializer.Serialize(writer, unnamed, QdrantJson.Wire.VectorParams);
            return;
        }

        writer.WriteStartObject();
        foreach (var (name, vector) in value)
        {
            writer.WritePropertyName(name);
            JsonSerializer.Serialize(writer, vector, QdrantJson.Wire.VectorParams);
        }

        writer.WriteEndObject();
    }
}

/// <summary>Quantisation: an object with one of four properties, or the word that takes it away.</summary>
internal sealed class QuantizationConfigConverter : JsonConverter<QuantizationConfig>
{
    public override QuantizationConfig? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            return QuantizationConfig.Disabled;
        }

        JsonElement? Of(string name) => document.RootElement.TryGetProperty(name, out var value) ? value : null;
        return new()
        {
            Scalar = Of("scalar")?.Deserialize(QdrantJson.Wire.ScalarQuantization),
            Product = Of("product")?.Deserialize(QdrantJson.Wire.ProductQuantization),
            Binary = Of("binary")?.Deserialize(QdrantJson.Wire.BinaryQuantization),
            Turbo = Of("turbo")?.Deserialize(QdrantJson.Wire.TurboQuantization),
        };
    }

    public override void Write(Utf8JsonWriter writer, QuantizationConfig value, JsonSerializerOptions options)
    {
        if (value == QuantizationConfig.Disabled)
        {
            writer.WriteStringValue("Disabled");
            return;
        }

        writer.WriteStartObject();
        if (value.Scalar is { } scalar)
        {
            writer.WritePropertyName("scalar");
            JsonSerializer.Serialize(writer, scalar, QdrantJson.Wire.ScalarQuantization);
        }

        if (value.Product is { } product)
        {
            writer.WritePropertyName("product");
            JsonSerializer.Serialize(writer, product, QdrantJson.Wire.ProductQuantization);
        }

        if (value.Binary is { } binary)
        {
            writer.WritePropertyName("binary");
            JsonSerializer.Serialize(writer, binary, QdrantJson.Wire.BinaryQuantization);
        }

        if (value.Turbo is { } turbo)
        {
            writer.WritePropertyName("turbo");
            JsonSerializer.Serialize(writer, turbo, QdrantJson.Wire.TurboQuantization);
        }

        writer.WriteEndObject();
    }
}

/// <summary>Threads: a number, or <c>auto</c>.</summary>
internal sealed class OptimizationThreadsConverter : JsonConverter<OptimizationThreads>
{
    public override OptimizationThreads Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? new(reader.GetInt32()) : OptimizationThreads.Auto;

    public override void Write(Utf8JsonWriter writer, OptimizationThreads value, JsonSerializerOptions options)
    {
        if (value.Count is { } count)
        {
            writer.WriteNumberValue(count);
        }
        else
        {
            writer.WriteStringValue("auto");
        }
    }
}

/// <summary>State of optimisers: <c>ok</c>, or an object with the error.</summary>
internal sealed class OptimizerStatusConverter : JsonConverter<OptimizerStatus>
{
    public override OptimizerStatus Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error) ? new(error.GetString()) : OptimizerStatus.Ok;
    }

    public override void Write(Utf8JsonWriter writer, OptimizerStatus value, JsonSerializerOptions options)
    {
        if (value.Error is null)
        {
            writer.WriteStringValue("ok");
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("error", value.Error);
        writer.WriteEndObject();
    }
}

/// <summary>Words left out: a language, or an object of languages and words.</summary>
internal sealed class StopwordsConverter : JsonConverter<Stopwords>
{
    public override Stopwords Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (root.ValueKind == JsonValueKind.String)
        {
            return new() { Languages = [root.GetString()!] };
        }

        IReadOnlyList<string>? Of(string name) =>
            root.TryGetProperty(name, out var values) && values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray().Select(value => value.GetString()!)] : null;
        return new() { Languages = Of("languages"), Custom = Of("custom") };
    }

    public override void Write(Utf8JsonWriter writer, Stopwords value, JsonSerializerOptions options)
    {
        void Texts(string name, IReadOnlyList<string>? texts)
        {
            if (texts is not null)
            {
                JsonTexts.Write(writer, name, texts);
            }
        }

        writer.WriteStartObject();
        Texts("languages", value.Languages);
        Texts("custom", value.Custom);
        writer.WriteEndObject();
    }
}
