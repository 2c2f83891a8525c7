using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>PriorityClasses: pods carry the number, so it stays.</summary>
internal sealed class PriorityClassBehavior : BuiltinBehavior
{
    private const int HighestForUsers = 1_000_000_000;

    /// <summary>Only one class can be the one of pods that name none.</summary>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        base.Prepare(obj, old, context);
        var name = obj.Text("metadata", "name") ?? "";
        var classes = new ResourceName("scheduling.k8s.io", "priorityclasses");
        if (obj.Flag("globalDefault") == true
            && context.Cluster.List(classes).FirstOrDefault(other => other.Flag("globalDefault") == true && other.Text("metadata", "name") != name) is { } present)
        {
            throw Refusals.Forbidden(classes, name, $"PriorityClass {present.Text("metadata", "name")} is already marked as default. Only one default can exist");
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var name = obj.Text("metadata", "name") ?? "";
        if (name.StartsWith("system-", StringComparison.Ordinal))
        {
            if (name is not ("system-node-critical" or "system-cluster-critical"))
            {
                errors.Forbidden("metadata.name", $"priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class");
            }
        }
        else if (obj.Integer("value") > HighestForUsers)
        {
            errors.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestForUsers}");
        }

        Rules.OneOf(obj["preemptionPolicy"], "preemptionPolicy", errors, "Never", "PreemptLowerPriority");
        if (old is null)
        {
            return;
        }

        if (obj.Integer("value") != old.Integer("value"))
        {
            errors.Forbidden("value", "may not be changed in an update.");
        }

        Rules.Unchanged(obj["preemptionPolicy"], old["preemptionPolicy"], "preemptionPolicy", errors);
    }
}
