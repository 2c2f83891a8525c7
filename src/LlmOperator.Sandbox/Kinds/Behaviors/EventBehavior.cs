using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Events in their core form; newer writers must say who reports what.</summary>
internal sealed class EventBehavior : BuiltinBehavior
{
    private static readonly string[] Fixed = ["involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "eventTime", "related", "action", "reportingComponent", "reportingInstance", "type"];

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (obj.Text("apiVersion") != "events.k8s.io/v1")
        {
            EventConversion.Complete(obj);
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var isNew = obj.Text("apiVersion") == "events.k8s.io/v1";
        var core = isNew ? EventConversion.ToCore(obj) : obj;
        var ns = core.Text("metadata", "namespace") ?? "";
        var about = core.Text("involvedObject", "namespace") ?? "";
        var timed = core.Text("eventTime") is not null;
        if (timed ? about.Length == 0 && ns is not ("default" or "kube-system") : about.Length == 0 ? ns is not ("" or "default") : about != ns)
        {
            errors.Invalid("involvedObject.namespace", $"\"{about}\"", "does not match event.namespace");
        }

        if (timed)
        {
            Reporter(core, isNew ? "reportingController" : "reportingComponent", errors);
        }

        if (!isNew)
        {
            return;
        }

        if (!timed)
        {
            errors.Required("eventTime");
        }

        if (core.Text("type") is not ("Normal" or "Warning"))
        {
            errors.Invalid("type", "\"\"", $"has invalid value: {core.Text("type")}");
        }

        if (core.Object("series") is { } series && (series.Integer("count") ?? 0) < 2)
        {
            errors.Invalid("series.count", "\"\"", "should be at least 2");
        }

        if (old is not null)
        {
            var before = EventConversion.ToCore(old);
            foreach (var name in Fixed)
            {
                Rules.Unchanged(core[name], before[name], name, errors);
            }
        }
    }

    private static void Reporter(JsonObject core, string controllerField, FieldErrors errors)
    {
        if (core.Text("reportingComponent") is not { Length: > 0 } controller)
        {
            errors.Required(controllerField);
        }
        else if (ObjectMetaRules.QualifiedNameFault(controller) is { } fault)
        {
            errors.Invalid(controllerField, $"\"{controller}\"", fault);
        }

        foreach (var (name, longest) in new[] { ("reportingInstance", 128), ("action", 128), ("reason", 128) })
        {
            if (core.Text(name) is not { Length: > 0 } text)
            {
                errors.Required(name);
            }
            else if (text.Length > longest)
            {
                errors.Invalid(name, "\"\"", $"can have at most {longest} characters");
            }
        }

        if (core.Text("message") is { Length: > 1024 })
        {
            errors.Invalid("message", "\"\"", "can have at most 1024 characters");
        }
    }
}
