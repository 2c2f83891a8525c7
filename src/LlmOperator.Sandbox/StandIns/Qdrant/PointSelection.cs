using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Which payload and vectors a read wants.</summary>
internal sealed class PointSelection
{
    private readonly bool _payload;
    private readonly List<List<string>>? _included;
    private readonly List<List<string>>? _excluded;
    private readonly bool _vectors;
    private readonly HashSet<string>? _names;

    public PointSelection(JsonElement body, bool payloadByDefault)
    {
        var payload = Part(body, "with_payload");
        _payload = payload.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => payloadByDefault,
            JsonValueKind.False => false,
            _ => true,
        };
        _included = payload.ValueKind == JsonValueKind.Array ? Paths(payload) : payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty("include", out var included) ? Paths(included) : null;
        _excluded = payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty("exclude", out var excluded) ? Paths(excluded) : null;
        var vectors = Part(body, "with_vector");
        _vectors = vectors.ValueKind is JsonValueKind.True or JsonValueKind.Array;
        _names = vectors.ValueKind == JsonValueKind.Array ? [.. vectors.EnumerateArray().Select(name => name.GetString()!)] : null;
    }

    /// <summary>Writes payload and vectors of a point into its object.</summary>
    public void Write(Utf8JsonWriter writer, StoredPoint point)
    {
        if (_payload)
        {
            writer.WritePropertyName("payload");
            if (point.Payload.ValueKind == JsonValueKind.Object)
            {
                WritePart(writer, point.Payload, []);
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
            }
        }

        if (_vectors)
        {
            writer.WritePropertyName("vector");
            if (_names is null && point.Vectors.Count == 1 && point.Vectors.TryGetValue("", out var unnamed))
            {
                unnamed.Write(writer);
                return;
            }

            writer.WriteStartObject();
            foreach (var (name, vector) in point.Vectors.Where(vector => _names?.Contains(vector.Key) ?? true))
            {
                writer.WritePropertyName(name);
                vector.Write(writer);
            }

            writer.WriteEndObject();
        }

        if (point.ShardKey.ValueKind != JsonValueKind.Undefined)
        {
            writer.WritePropertyName("shard_key");
            point.ShardKey.WriteTo(writer);
        }
    }

    /// <summary>A property; undefined when it is absent.</summary>
    public static JsonElement Part(JsonElement body, string name) => body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var part) ? part : default;

    private static List<List<string>> Paths(JsonElement paths) =>
        [.. paths.EnumerateArray().Select(path => PayloadPath.Steps(path.GetString()!).Where(step => step[0] != '[').ToList())];

    private void WritePart(Utf8JsonWriter writer, JsonElement value, List<string> path)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            writer.WriteStartObject();
            foreach (var property in value.EnumerateObject())
            {
                List<string> inner = [.. path, property.Name];
                if (IsWanted(inner))
                {
                    writer.WritePropertyName(property.Name);
                    WritePart(writer, property.Value, inner);
                }
            }

            writer.WriteEndObject();
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            foreach (var element in value.EnumerateArray())
            {
                WritePart(writer, element, path);
            }

            writer.WriteEndArray();
        }
        else
        {
            value.WriteTo(writer);
        }
    }

    private bool IsWanted(List<string> path) =>
        (_included is null || _included.Exists(included => Begins(included, path) || Begins(path, included))) && (_excluded is null || !_excluded.Exists(excluded => Begins(path, excluded)));

    /// <summary>Whether one path begins with another.</summary>
    private static bool Begins(List<string> path, List<string> with) => path.Count >= with.Count && path.Take(with.Count).SequenceEqual(with);
}
