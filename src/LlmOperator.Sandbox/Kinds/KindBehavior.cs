using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds;

/// <summary>What a write means to the kind's rules.</summary>
/// <param name="Cluster">The other objects.</param>
/// <param name="Subresource">Null for the object itself, else <c>status</c>, <c>scale</c> …</param>
/// <param name="DryRun">Whether nothing outside the object may change (no address may be allotted).</param>
internal sealed record WriteContext(ICluster Cluster, string? Subresource, bool DryRun);

/// <summary>
/// What a kind does that its schema cannot say: conditional defaults, values the server fills in, rules between fields,
/// fields that may not change. One small class a kind that needs it; the rest use <see cref="None"/>.
/// Called in this order, on the request's own copy of the object: schema defaults, <see cref="Default"/>,
/// <see cref="Prepare"/>, schema validation, <see cref="Validate"/>.
/// </summary>
internal class KindBehavior
{
    /// <summary>A kind that its schema describes wholly.</summary>
    public static KindBehavior None { get; } = new();

    /// <summary>Defaults that depend on other fields (image pull policy from the tag, requests from limits).</summary>
    public virtual void Default(JsonObject obj)
    {
    }

    /// <summary>Fields the server sets or resets (cluster address, Job selector, empty status on create).</summary>
    /// <param name="obj">Object to be written.</param>
    /// <param name="old">Present object; null on create.</param>
    /// <param name="context">The write.</param>
    public virtual void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
    }

    /// <summary>Rules beyond the schema.</summary>
    /// <param name="obj">Object to be written.</param>
    /// <param name="old">Present object; null on create.</param>
    /// <param name="context">The write.</param>
    /// <param name="errors">Where breaches go.</param>
    public virtual void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
    }

    /// <summary>Whether the change bumps <c>metadata.generation</c>; by default when anything but metadata and status differs.</summary>
    public virtual bool IsNewGeneration(JsonObject obj, JsonObject old)
    {
        foreach (var (name, value) in obj)
        {
            if (name is not ("metadata" or "status" or "apiVersion" or "kind") && !JsonNode.DeepEquals(value, old[name]))
            {
                return true;
            }
        }

        return old.Any(field => field.Key is not ("metadata" or "status" or "apiVersion" or "kind") && !obj.ContainsKey(field.Key));
    }

    /// <summary>
    /// Value of a field selector's field, null when this kind cannot be selected by it. metadata.name and
    /// metadata.namespace are handled for all kinds.
    /// </summary>
    public virtual string? SelectableField(JsonObject obj, string field) => null;

    /// <summary>Fields <see cref="SelectableField"/> knows.</summary>
    public virtual IReadOnlyCollection<string> SelectableFields => [];

    /// <summary>Warnings to send with a successful write.</summary>
    public virtual IEnumerable<string> Warnings(JsonObject obj, JsonObject? old) => [];
}
