using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>What all built-in kinds have in common: values in their canonical form, a status from the start, required fields.</summary>
internal class BuiltinBehavior : KindBehavior
{
    private string[] _selectable = [];

    /// <summary>The kind, for messages.</summary>
    public string Kind { get; private set; } = "";

    /// <summary>Its version, for messages.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Shape of the kind.</summary>
    public Schema Schema { get; private set; } = new();

    /// <inheritdoc/>
    public sealed override IReadOnlyCollection<string> SelectableFields => _selectable;

    /// <summary>Ties the behaviour to its kind.</summary>
    public BuiltinBehavior For(string kind, string version, Schema schema, params string[] selectable)
    {
        (Kind, Version, Schema, _selectable) = (kind, version, schema, selectable);
        return this;
    }

    /// <inheritdoc/>
    public override void Default(JsonObject obj) => CanonicalValues.Apply(obj, this);

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null && !obj.ContainsKey("status") && Schema.Properties.ContainsKey("spec") && Schema.Properties.TryGetValue("status", out var shape))
        {
            var status = new JsonObject();
            Defaulter.Apply(status, shape);
            obj["status"] = status;
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource != "status")
        {
            RequiredFields.Check(obj, Schema, "", errors);
        }
    }

    /// <inheritdoc/>
    public override string? SelectableField(JsonObject obj, string field)
    {
        if (!_selectable.Contains(field))
        {
            return null;
        }

        return obj.At(field.Split('.')) switch
        {
            null => MissingField(field),
            var value => value.Text() ?? value.ToJsonString(),
        };
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(JsonObject obj, JsonObject? old)
    {
        if (old is null && NameUse is { } use && ObjectMetaRules.LabelFault(obj.Text("metadata", "name") ?? "") is { } fault)
        {
            yield return $"metadata.name: this is used in {use}, which can result in surprising behavior; a DNS label is recommended: [{fault}]";
        }
    }

    /// <summary>Where names of this kind turn up as host names, for a warning; null when nowhere.</summary>
    private string? NameUse => Kind switch
    {
        "Pod" => "the Pod's hostname",
        "Deployment" or "ReplicaSet" or "ReplicationController" or "Job" or "CronJob" => "Pod names and hostnames",
        _ => null,
    };

    /// <summary>What an absent field selects as: numbers are 0, booleans false.</summary>
    private string MissingField(string field)
    {
        Schema? schema = Schema;
        foreach (var name in field.Split('.'))
        {
            schema = schema?.Properties.GetValueOrDefault(name);
        }

        return schema?.Type switch { "integer" => "0", "boolean" => "false", _ => "" };
    }
}
