using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Qdrant.Json;

/// <summary>Arrays of texts.</summary>
internal static class JsonTexts
{
    public static void Write(Utf8JsonWriter writer, string? name, IReadOnlyList<string> texts)
    {
        if (name is not null)
        {
            writer.WritePropertyName(name);
        }

        writer.WriteStartArray();
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}

/// <summary>What is only written, never read.</summary>
internal abstract class RequestConverter<T> : JsonConverter<T>
{
    public sealed override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException($"{typeof(T).Name} is only written");
}

/// <summary>Which payload: a truth value, an array of fields, or an object that leaves fields out.</summary>
internal sealed class PayloadSelectorConverter : RequestConverter<PayloadSelector>
{
    public override void Write(Utf8JsonWriter writer, PayloadSelector value, JsonSerializerOptions options)
    {
        if (value.IncludedFields is { } included)
        {
            JsonTexts.Write(writer, null, included);
        }
        else if (value.ExcludedFields is { } excluded)
        {
            writer.WriteStartObject();
            JsonTexts.Write(writer, "exclude", excluded);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteBooleanValue(value.Everything);
        }
    }
}

/// <summary>Which vectors: a truth value, or an array of names.</summary>
internal sealed class VectorSelectorConverter : RequestConverter<VectorSelector>
{
    public override void Write(Utf8JsonWriter writer, VectorSelector value, JsonSerializerOptions options)
    {
        if (value.Names is { } names)
        {
            JsonTexts.Write(writer, null, names);
        }
        else
        {
            writer.WriteBooleanValue(value.Everything);
        }
    }
}

/// <summary>Conditions of a filter.</summary>
internal sealed class ConditionConverter : RequestConverter<Condition>
{
    public override void Write(Utf8JsonWriter writer, Condition value, JsonSerializerOptions options)
    {
        if (value.Body is { } body)
        {
            body.WriteTo(writer);
            return;
        }

        if (value.NestedKey is not { } key)
        {
            JsonSerializer.Serialize(writer, value.Filter!, QdrantJson.Wire.Filter);
            return;
        }

        writer.WriteStartObject();
        writer.WriteStartObject("nested");
        writer.WriteString("key", key);
        writer.WritePropertyName("filter");
        JsonSerializer.Serialize(writer, value.Filter!, QdrantJson.Wire.Filter);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>What a search finds: a vector, an id, or an object.</summary>
internal sealed class QueryConverter : RequestConverter<Query>
{
    private static readonly VectorValueConverter Vectors = new();
    private static readonly PointIdConverter Ids = new();

    public override void Write(Utf8JsonWriter writer, Query value, JsonSerializerOptions options)
    {
        if (value.Vector is { } vector)
        {
            Vectors.Write(writer, vector, options);
        }
        else if (value.Point is { } point)
        {
            Ids.Write(writer, point, options);
        }
        else
        {
            value.Body!.WriteTo(writer);
        }
    }
}
