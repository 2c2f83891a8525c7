using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Reads fields of untyped objects, whatever stands behind their JSON values; a value of the wrong type reads as absent.</summary>
internal static class JsonFields
{
    /// <summary>The node at a path of field names, null when any step is absent.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (node is not JsonObject obj || !obj.TryGetPropertyValue(name, out node))
            {
                return null;
            }
        }

        return node;
    }

    /// <summary>A string field.</summary>
    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>An integer field; 3.0 counts as 3.</summary>
    public static long? Integer(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
        {
            return null;
        }

        return decimal.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.Float, null, out var number)
            && number == decimal.Truncate(number) && number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : null;
    }

    /// <summary>A boolean field.</summary>
    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path)?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>An object field.</summary>
    public static JsonObject? Object(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    /// <summary>The strings of a list field; empty when absent.</summary>
    public static IReadOnlyList<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonArray { Count: > 0 } array)
        {
            return [];
        }

        var texts = new List<string>(array.Count);
        foreach (var item in array)
        {
            if (item.Text() is { } text)
            {
                texts.Add(text);
            }
        }

        return texts;
    }

    /// <summary>The objects of a list field; empty when absent.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray array ? array.OfType<JsonObject>() : [];

    /// <summary>The object field of this name, created when absent or of another type.</summary>
    public static JsonObject Child(this JsonObject obj, string name)
    {
        if (obj[name] is JsonObject child)
        {
            return child;
        }

        child = [];
        obj[name] = child;
        return child;
    }

    /// <summary>A list of strings as JSON.</summary>
    public static JsonArray ToJson(this IEnumerable<string> texts)
    {
        var array = new JsonArray();
        foreach (var text in texts)
        {
            array.Add((JsonNode)text);
        }

        return array;
    }

    /// <summary>Sets a list of strings, or removes the field when there are none.</summary>
    public static void SetTexts(this JsonObject obj, string name, IReadOnlyCollection<string> texts)
    {
        if (texts.Count == 0)
        {
            obj.Remove(name);
        }
        else
        {
            obj[name] = texts.ToJson();
        }
    }

    /// <summary>A private copy.</summary>
    public static JsonObject Copy(this JsonObject obj) => (JsonObject)obj.DeepClone();
}
