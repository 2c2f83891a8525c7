using System.Globalization;
using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Id of a point: a number or a UUID. Numbers come first.</summary>
internal readonly record struct PointKey(ulong Number, string? Uuid) : IComparable<PointKey>
{
    public static PointKey Read(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetUInt64(out var number) ? new(number, null)
        : element.ValueKind == JsonValueKind.String && Guid.TryParse(element.GetString(), out var uuid) ? new(0, uuid.ToString())
        : throw QdrantRefusal.Format($"value {element.GetRawText()} is not a valid point ID, valid values are either an unsigned integer or a UUID");

    public static PointKey Parse(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new(number, null)
        : Guid.TryParse(text, out var uuid) ? new(0, uuid.ToString())
        : throw QdrantRefusal.Input($"Can not recognize \"{text}\" as point id");

    public void Write(Utf8JsonWriter writer)
    {
        if (Uuid is null)
        {
            writer.WriteNumberValue(Number);
        }
        else
        {
            writer.WriteStringValue(Uuid);
        }
    }

    public int CompareTo(PointKey other) => (Uuid, other.Uuid) switch
    {
        (null, null) => Number.CompareTo(other.Number),
        (null, _) => -1,
        (_, null) => 1,
        _ => string.CompareOrdinal(Uuid, other.Uuid),
    };

    /// <summary>The same in every run, so that shards are.</summary>
    public uint Hash()
    {
        var hash = 2166136261u;
        foreach (var character in ToString())
        {
            hash = (hash ^ character) * 16777619u;
        }

        return hash;
    }

    public override string ToString() => Uuid ?? Number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A point.</summary>
internal sealed class StoredPoint(PointKey id)
{
    public PointKey Id { get; } = id;

    /// <summary>Its vectors by name; the unnamed one's is empty.</summary>
    public Dictionary<string, StoredVector> Vectors { get; } = new(StringComparer.Ordinal);

    /// <summary>Its payload; undefined for none.</summary>
    public JsonElement Payload { get; set; }

    /// <summary>Number of the operation that wrote it last.</summary>
    public ulong Version { get; set; }

    public uint Shard { get; set; }

    public JsonElement ShardKey { get; set; }
}
