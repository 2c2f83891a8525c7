using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>ConfigMaps.</summary>
internal sealed class ConfigMapBehavior : ConfigBehavior
{
    /// <inheritdoc/>
    protected override string[] DataFields => ["data", "binaryData"];

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        foreach (var (key, _) in obj.Object("binaryData") ?? [])
        {
            if (obj.Object("data")?.ContainsKey(key) == true)
            {
                errors.Invalid($"data[{key}]", $"\"{key}\"", "duplicate of key present in binaryData");
            }
        }
    }

    /// <inheritdoc/>
    protected override long SizeOf(string value, string field) => field == "data" ? Encoding.UTF8.GetByteCount(value) : Decoded(value);
}
