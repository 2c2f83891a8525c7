using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Tables;

namespace LlmOperator.Sandbox.CustomResources;

/// <summary>What a definition says of its kind beyond the schema.</summary>
internal sealed class CustomBehavior(bool statusSubresource, IReadOnlyDictionary<string, JsonPath> selectable, string? deprecation) : KindBehavior
{
    /// <summary>Warning to send with every answer of a deprecated version.</summary>
    public string? DeprecationWarning => deprecation;

    /// <inheritdoc/>
    public override IReadOnlyCollection<string> SelectableFields { get; } = [.. selectable.Keys];

    /// <inheritdoc/>
    public override bool IsNewGeneration(JsonObject obj, JsonObject old) =>
        base.IsNewGeneration(obj, old) || (!statusSubresource && !JsonNode.DeepEquals(obj["status"], old["status"]));

    /// <inheritdoc/>
    public override string? SelectableField(JsonObject obj, string field)
    {
        if (!selectable.TryGetValue(field, out var path))
        {
            return null;
        }

        return path.Find(obj).FirstOrDefault() switch
        {
            null => "",
            JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
            { } other => other.ToJsonString(),
        };
    }
}
