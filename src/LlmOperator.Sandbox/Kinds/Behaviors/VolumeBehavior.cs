using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Volumes.</summary>
internal sealed class VolumeBehavior : BuiltinBehavior
{
    private static readonly HashSet<string> Plain =
    [
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode",
    ];

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null)
        {
            obj["status"] = new JsonObject { ["phase"] = "Pending" };
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        if (spec["accessModes"] is not JsonArray { Count: > 0 })
        {
            errors.Required("spec.accessModes");
        }

        ClaimBehavior.AccessModes(spec.Texts("accessModes"), errors);
        if (spec.Object("capacity") is not { Count: > 0 })
        {
            errors.Required("spec.capacity");
        }

        var sources = spec.Select(field => field.Key).Where(name => !Plain.Contains(name)).ToList();
        if (sources.Count == 0)
        {
            errors.Required("spec", "must specify a volume type");
        }

        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"spec.{extra}", "may not specify more than 1 volume type");
        }

        Rules.OneOf(spec["persistentVolumeReclaimPolicy"], "spec.persistentVolumeReclaimPolicy", errors, "Delete", "Recycle", "Retain");
        if (old is not null && sources.Any(name => !JsonNode.DeepEquals(spec[name], old.At("spec", name))))
        {
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }
    }
}
