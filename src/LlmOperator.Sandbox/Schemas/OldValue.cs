using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>A value of an earlier version of the object, or that there is none to compare with.</summary>
/// <param name="Value">The value; may be JSON null.</param>
internal readonly record struct OldValue(JsonNode? Value)
{
    /// <summary>Whether there is one.</summary>
    public bool IsPresent { get; } = true;

    /// <summary>The value of a field.</summary>
    public OldValue Field(string name) => IsPresent && Value is JsonObject obj && obj.TryGetPropertyValue(name, out var value) ? new(value) : default;
}
