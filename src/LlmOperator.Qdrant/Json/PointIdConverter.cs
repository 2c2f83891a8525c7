using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Qdrant.Json;

/// <summary>Ids: a number or a UUID.</summary>
internal sealed class PointIdConverter : JsonConverter<PointId>
{
    public override PointId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? new(reader.GetUInt64())
        : Guid.TryParse(reader.GetString(), out var uuid) ? new(uuid)
        : throw new JsonException("a point id is neither a number nor a UUID");

    public override void Write(Utf8JsonWriter writer, PointId value, JsonSerializerOptions options)
    {
        if (value.IsUuid)
        {
            writer.WriteStringValue(value.Uuid);
        }
        else
        {
            writer.WriteNumberValue(value.Number);
        }
    }
}

/// <summary>Shard keys: a text or a number.</summary>
internal sealed class ShardKeyConverter : JsonConverter<ShardKey>
{
    public override ShardKey Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? new(reader.GetUInt64().ToString(System.Globalization.CultureInfo.InvariantCulture), true) : new(reader.GetString() ?? "", false);

    public override void Write(Utf8JsonWriter writer, ShardKey value, JsonSerializerOptions options)
    {
        if (value.IsNumber)
        {
            writer.WriteRawValue(value.Text);
        }
        else
        {
            writer.WriteStringValue(value.Text);
        }
    }
}
