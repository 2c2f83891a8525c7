using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Json;

/// <summary>A string that many objects share.</summary>
public sealed class PooledStringConverter : JsonConverter<string>
{
    /// <inheritdoc/>
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? StringPool.Get(ref reader) : throw new JsonException("expected a string");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>A list of strings that many objects share.</summary>
public sealed class PooledListConverter : JsonConverter<IReadOnlyList<string>>
{
    [ThreadStatic]
    private static List<string>? _scratch;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("expected a list of strings");
        }

        var items = _scratch ??= [];
        items.Clear();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(reader.TokenType == JsonTokenType.String ? StringPool.Get(ref reader) : throw new JsonException("expected a string; put it in quotes"));
        }

        string[] list = [.. items];
        items.Clear();
        return list;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value)
        {
            writer.WriteStringValue(item);
        }

        writer.WriteEndArray();
    }
}

/// <summary>Labels and annotations, whose keys and short values many objects share.</summary>
public sealed class PooledMapConverter : CompactMapConverter<string>
{
    /// <inheritdoc/>
    protected override string ReadValue(ref Utf8JsonReader reader, string key) => reader.TokenType switch
    {
        JsonTokenType.String => StringPool.Get(ref reader),
        JsonTokenType.Null => "",
        _ => throw new JsonException($"the value of \"{key}\" must be a string; put it in quotes"),
    };

    /// <inheritdoc/>
    protected override void WriteValue(Utf8JsonWriter writer, string value) => writer.WriteStringValue(value);
}

/// <summary>Amounts of resources.</summary>
public sealed class QuantityMapConverter : CompactMapConverter<Quantity>
{
    /// <inheritdoc/>
    protected override Quantity ReadValue(ref Utf8JsonReader reader, string key) => QuantityConverter.Read(ref reader);

    /// <inheritdoc/>
    protected override void WriteValue(Utf8JsonWriter writer, Quantity value) => writer.WriteStringValue(value.ToString());
}

/// <summary>A map that is small as a rule and never changes once it was read; of equal keys the last counts.</summary>
public abstract class CompactMapConverter<T> : JsonConverter<IReadOnlyDictionary<string, T>>
{
    [ThreadStatic]
    private static List<KeyValuePair<string, T>>? _scratch;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("expected a map");
        }

        var entries = _scratch ??= [];
        entries.Clear();
        Dictionary<string, T>? many = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = StringPool.Get(ref reader);
            reader.Read();
            var value = ReadValue(ref reader, key);
            if (many is not null)
            {
                many[key] = value;
            }
            else if (IndexOf(entries, key) is >= 0 and var known)
            {
                entries[known] = new(key, value);
            }
            else if (entries.Count < CompactMap<T>.MostEntries)
            {
                entries.Add(new(key, value));
            }
            else
            {
                many = new(entries) { [key] = value };
            }
        }

        var map = many ?? CompactMap<T>.Of(entries);
        entries.Clear();
        return map;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, T> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (key, item) in value)
        {
            writer.WritePropertyName(key);
            WriteValue(writer, item);
        }

        writer.WriteEndObject();
    }

    private static int IndexOf(List<KeyValuePair<string, T>> entries, string key)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Key == key)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Reads the value the reader stands on.</summary>
    protected abstract T ReadValue(ref Utf8JsonReader reader, string key);

    /// <summary>Writes a value.</summary>
    protected abstract void WriteValue(Utf8JsonWriter writer, T value);
}
