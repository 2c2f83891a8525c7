using System.Text.Json;

namespace LlmOperator.Planning.Models;

/// <summary>The fields of a config.json. Of a multimodal model, the text part's fields and, where it lacks them, the whole model's.</summary>
internal sealed class ConfigFields
{
    // A config nests its text part once or twice; more is made to mislead.
    private const int DeepestPart = 3;

    private static readonly string[] TextParts = ["text_config", "llm_config", "language_config", "thinker_config"];

    private readonly List<JsonElement> _parts = [];

    /// <summary>The text part first, then what it is a part of.</summary>
    public static ConfigFields Of(JsonElement root)
    {
        var fields = new ConfigFields();
        fields._parts.Add(root);
        for (var depth = 0; depth < DeepestPart; depth++)
        {
            var inner = TextParts.Select(name => root.TryGetProperty(name, out var part) && part.ValueKind == JsonValueKind.Object ? part : default).FirstOrDefault(part => part.ValueKind == JsonValueKind.Object);
            if (inner.ValueKind != JsonValueKind.Object)
            {
                break;
            }

            fields._parts.Insert(0, inner);
            root = inner;
        }

        return fields;
    }

    /// <summary>A whole number of at least one; null when it is absent, null, zero, or said for each layer apart.</summary>
    /// <exception cref="ModelConfigException">It is there and is no such number.</exception>
    public int? Count(string name, int most)
    {
        if (Find(name) is not { } value || value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
        {
            return null;
        }

        // Python writes 4096.0 where somebody divided.
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || number != Math.Floor(number) || number < 0 || number > most)
        {
            throw new ModelConfigException($"{name} must be a whole number from 1 to {most}, and is {Shown(value)}");
        }

        return number == 0 ? null : (int)number;
    }

    /// <summary>A text; null when it is absent or something else.</summary>
    public string? Text(string name) => Find(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>True or false; null when it is absent or something else.</summary>
    public bool? Flag(string name) => Find(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;

    /// <summary>The texts of a list; null when it is absent or something else.</summary>
    public IReadOnlyList<string>? Texts(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)] : null;

    /// <summary>How many elements a list has; null when it is absent or something else.</summary>
    public int? Length(string name) => Find(name) is { ValueKind: JsonValueKind.Array } list ? list.GetArrayLength() : null;

    /// <summary>The first text of the whole model's list.</summary>
    public string? FirstText(string name, int longest)
    {
        foreach (var part in Enumerable.Reverse(_parts))
        {
            if (part.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array && list.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.String } first)
            {
                var text = first.GetString()!;
                return text.Length is 0 ? null : text[..Math.Min(text.Length, longest)];
            }
        }

        return null;
    }

    /// <summary>An object; null when it is absent or something else.</summary>
    public JsonElement? Object(string name) => Find(name) is { ValueKind: JsonValueKind.Object } value ? value : null;

    public static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        _ => "true, false or null",
    };

    private static string Shown(JsonElement value) => value.GetRawText() is { Length: <= 40 } text ? text : Name(value.ValueKind);

    private JsonElement? Find(string name)
    {
        foreach (var part in _parts)
        {
            if (part.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            {
                return value;
            }
        }

        return null;
    }
}
