using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Nodes.</summary>
internal sealed class NodeBehavior : BuiltinBehavior
{
    private const string NotReady = "node.kubernetes.io/not-ready";

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        base.Prepare(obj, old, context);
        if (old is null)
        {
            TaintNew(obj.Child("spec"));
        }

        // What a node can give is what it has, unless its kubelet keeps some back.
        if (obj.Object("status") is { } status && status.Object("capacity") is { } capacity)
        {
            var allocatable = status.Child("allocatable");
            foreach (var (resource, amount) in capacity)
            {
                allocatable[resource] ??= amount?.DeepClone();
            }
        }
    }

    /// <summary>Nothing is scheduled to a new node before it is known to be ready.</summary>
    private static void TaintNew(JsonObject spec)
    {
        if (spec.Objects("taints").Any(taint => taint.Text("key") == NotReady && taint.Text("effect") == "NoSchedule"))
        {
            return;
        }

        if (spec["taints"] is not JsonArray taints)
        {
            spec["taints"] = taints = [];
        }

        taints.Add(new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var seen = new HashSet<(string?, string?)>();
        var index = 0;
        foreach (var taint in obj.Objects("spec", "taints"))
        {
            var at = $"spec.taints[{index++}]";
            if (taint.Text("key") is { Length: > 0 } key && ObjectMetaRules.QualifiedNameFault(key) is { } fault)
            {
                errors.Invalid($"{at}.key", $"\"{key}\"", fault);
            }

            if (ObjectMetaRules.LabelValueFault(taint.Text("value") ?? "") is { } valueFault)
            {
                errors.Invalid($"{at}.value", Rules.Quote(taint["value"]), valueFault);
            }

            Rules.OneOf(taint["effect"], $"{at}.effect", errors, "NoExecute", "NoSchedule", "PreferNoSchedule");
            if (!seen.Add((taint.Text("key"), taint.Text("effect"))))
            {
                errors.Duplicate(at, taint.ToJsonString());
            }
        }
    }
}
