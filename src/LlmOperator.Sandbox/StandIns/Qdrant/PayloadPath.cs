using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Paths of payload fields: <c>a.b</c>, <c>a[].b</c> for every element, <c>a[0].b</c> for one, <c>"a.b".c</c> for names with dots.</summary>
internal static class PayloadPath
{
    /// <summary>What a path leads to; arrays at its end are not opened.</summary>
    public static IEnumerable<JsonElement> Find(JsonElement payload, string path)
    {
        IEnumerable<JsonElement> found = payload.ValueKind == JsonValueKind.Object ? [payload] : [];
        foreach (var step in Steps(path))
        {
            found = step switch
            {
                "[]" => found.Where(value => value.ValueKind == JsonValueKind.Array).SelectMany(value => value.EnumerateArray()),
                ['[', .. var index, ']'] when int.TryParse(index, out var at) =>
                    found.Where(value => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > at).Select(value => value[at]),
                _ => found.Select(value => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(step, out var inner) ? inner : default)
                    .Where(value => value.ValueKind != JsonValueKind.Undefined),
            };
        }

        return found;
    }

    /// <summary>The values at the end of a path, those of arrays one by one.</summary>
    public static IEnumerable<JsonElement> Values(JsonElement payload, string path) =>
        Find(payload, path).SelectMany(value => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : Enumerable.Repeat(value, 1));

    /// <summary>Whether one path is at or above another: <c>a</c> holds <c>a.b</c>.</summary>
    public static bool Holds(string path, string other) => other == path || other.StartsWith(path + ".", StringComparison.Ordinal) || other.StartsWith(path + "[", StringComparison.Ordinal);

    /// <summary>Steps of a path.</summary>
    public static List<string> Steps(string path)
    {
        var steps = new List<string>();
        var at = 0;
        while (at < path.Length)
        {
            if (path[at] == '"' && path.IndexOf('"', at + 1) is > 0 and var quote)
            {
                steps.Add(path[(at + 1)..quote]);
                at = quote + 1;
            }
            else if (path[at] == '[' && path.IndexOf(']', at) is > 0 and var close)
            {
                steps.Add(path[at..(close + 1)]);
                at = close + 1;
            }
            else
            {
                var end = path.IndexOfAny(['.', '['], at);
                end = end < 0 ? path.Length : end;
                steps.Add(path[at..end]);
                at = end;
            }

            if (at < path.Length && path[at] == '.')
            {
                at++;
            }
        }

        return steps;
    }
}
