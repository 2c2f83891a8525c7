using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>JSON patch, RFC 6902.</summary>
internal static class JsonPatch
{
    // The API server's own limit.
    private const int MaxOperations = 10_000;

    /// <summary>Applies a patch.</summary>
    /// <param name="document">Left as it was.</param>
    /// <param name="patch">The operations.</param>
    /// <returns>The patched copy.</returns>
    /// <exception cref="PatchException">The patch is malformed (400), or an operation does not fit the document (422).</exception>
    public static JsonNode? Apply(JsonNode document, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw new PatchException(400, $"json: cannot unmarshal {(patch is JsonObject ? "object" : "value")} into Go value of type jsonpatch.Patch");
        }

        if (operations.Count > MaxOperations)
        {
            throw new PatchException(413, $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");
        }

        var root = document.DeepClone();
        foreach (var item in operations)
        {
            root = Apply(root, item as JsonObject ?? throw new PatchException(400, "json: cannot unmarshal value into Go value of type jsonpatch.Operation"));
        }

        return root;
    }

    private static JsonNode? Apply(JsonNode? root, JsonObject operation)
    {
        var op = Text(operation, "op") ?? throw new PatchException(422, "Unexpected kind: unknown");
        var text = Text(operation, "path") ?? throw new PatchException(422, $"{op} operation failed: missing path");
        var path = Pointer(text, op);
        switch (op)
        {
            case "add":
                return Add(root, path, Value(operation, op), op, text);
            case "remove":
                return Remove(root, path, op, text);
            case "replace":
                _ = Find(root, path, op, text);
                var value = Value(operation, op);
                return path.Length == 0 ? value : Set(root, path, value);
            case "move":
                var from = Text(operation, "from") ?? throw new PatchException(422, "move operation failed: missing from");
                var source = Pointer(from, op);
                var moved = Find(root, source, op, from)?.DeepClone();
                if (path.Length > source.Length && path.AsSpan(0, source.Length).SequenceEqual(source))
                {
                    throw new PatchException(422, $"move operation does not apply: {text} is inside {from}");
                }

                return Add(Remove(root, source, op, from), path, moved, op, text);
            case "copy":
                var origin = Text(operation, "from") ?? throw new PatchException(422, "copy operation failed: missing from");
                return Add(root, path, Find(root, Pointer(origin, op), op, origin)?.DeepClone(), op, text);
            case "test":
                var actual = Find(root, path, op, text, missingIsNull: operation.ContainsKey("value") && operation["value"] is null);
                return JsonNode.DeepEquals(actual, operation["value"])
                    ? root
                    : throw new PatchException(422, $"testing value {text} failed: test failed");
            default:
                throw new PatchException(422, $"Unexpected kind: {op}");
        }
    }

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value, string op, string text)
    {
        if (path.Length == 0)
        {
            return value;
        }

        switch (Find(root, path.AsSpan(..^1), op, text))
        {
            case JsonObject obj:
                obj[path[^1]] = value;
                break;
            case JsonArray array:
                array.Insert(path[^1] == "-" ? array.Count : Index(path[^1], array.Count, op, text), value);
                break;
            default:
                throw Missing(op, text);
        }

        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string[] path, string op, string text)
    {
        if (path.Length == 0)
        {
            return null;
        }

        switch (Find(root, path.AsSpan(..^1), op, text))
        {
            case JsonObject obj when obj.Remove(path[^1]):
                break;
            case JsonArray array:
                array.RemoveAt(Index(path[^1], array.Count - 1, op, text));
                break;
            default:
                throw new PatchException(422, $"{op} operation does not apply: doc is missing key: {text}: missing value");
        }

        return root;
    }

    private static JsonNode? Set(JsonNode? root, string[] path, JsonNode? value)
    {
        switch (Find(root, path.AsSpan(..^1), "replace", ""))
        {
            case JsonObject obj:
                obj[path[^1]] = value;
                break;
            case JsonArray array:
                array[int.Parse(path[^1], CultureInfo.InvariantCulture)] = value;
                break;
        }

        return root;
    }

    private static JsonNode? Find(JsonNode? node, ReadOnlySpan<string> path, string op, string text, bool missingIsNull = false)
    {
        foreach (var step in path)
        {
            switch (node)
            {
                case JsonObject obj when obj.TryGetPropertyValue(step, out var value):
                    node = value;
                    break;
                case JsonArray array:
                    node = array[Index(step, array.Count - 1, op, text)];
                    break;
                case JsonObject when missingIsNull:
                    return null;
                default:
                    throw Missing(op, text);
            }
        }

        return node;
    }

    private static int Index(string step, int last, string op, string text) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= last && (step.Length == 1 || step[0] != '0')
            ? index
            : throw new PatchException(422, $"{op} operation does not apply: doc is missing path: {text}: invalid index referenced");

    private static string[] Pointer(string text, string op)
    {
        if (text.Length == 0)
        {
            return [];
        }

        if (text[0] != '/')
        {
            throw Missing(op, text);
        }

        var steps = text[1..].Split('/');
        for (var index = 0; index < steps.Length; index++)
        {
            if (steps[index].Contains('~', StringComparison.Ordinal))
            {
                steps[index] = steps[index].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            }
        }

        return steps;
    }

    private static PatchException Missing(string op, string text) => new(422, $"{op} operation does not apply: doc is missing path: {text}: missing value");

    private static JsonNode? Value(JsonObject operation, string op) => operation.TryGetPropertyValue("value", out var value)
        ? value?.DeepClone()
        : throw new PatchException(422, $"{op} operation failed: missing value");

    private static string? Text(JsonObject operation, string name) => JsonScalars.TryString(operation[name], out var text) ? text : null;
}
