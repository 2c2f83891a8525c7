using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Claims: the default class is filled in, and only the size may grow.</summary>
internal sealed class ClaimBehavior : BuiltinBehavior
{
    private const string DefaultMark = "storageclass.kubernetes.io/is-default-class";

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is not null)
        {
            return;
        }

        obj["status"] = new JsonObject { ["phase"] = "Pending" };
        var spec = obj.Child("spec");
        if (spec.ContainsKey("storageClassName") || obj.Text("metadata", "annotations", "volume.beta.kubernetes.io/storage-class") is not null)
        {
            return;
        }

        // Of several defaults the newest wins, then the first by name.
        var chosen = context.Cluster.List(new ResourceName("storage.k8s.io", "storageclasses"))
            .Where(candidate => candidate.Text("metadata", "annotations", DefaultMark) == "true")
            .OrderByDescending(candidate => candidate.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
            .ThenBy(candidate => candidate.Text("metadata", "name"), StringComparer.Ordinal)
            .FirstOrDefault();
        if (chosen?.Text("metadata", "name") is { } name)
        {
            spec["storageClassName"] = name;
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
        var modes = spec.Texts("accessModes");
        if (modes.Count == 0)
        {
            errors.Required("spec.accessModes", "at least 1 access mode is required");
        }

        AccessModes(modes, errors);
        if (!Quantity.TryParse(spec.Text("resources", "requests", "storage"), out var size))
        {
            errors.Required("spec.resources[storage]");
        }
        else if (size.Sign <= 0)
        {
            errors.Invalid("spec.resources[storage]", $"\"{size}\"", "must be greater than zero");
        }

        Rules.OneOf(spec["volumeMode"], "spec.volumeMode", errors, "Block", "Filesystem");
        if (old?.Object("spec") is { } before)
        {
            Changes(spec, before, old, size, errors);
        }
    }

    /// <summary>Access modes that exist.</summary>
    public static void AccessModes(IReadOnlyList<string> modes, FieldErrors errors)
    {
        foreach (var mode in modes)
        {
            if (mode is not ("ReadOnlyMany" or "ReadWriteMany" or "ReadWriteOnce" or "ReadWriteOncePod"))
            {
                errors.NotSupported("spec.accessModes", $"\"{mode}\"", ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]);
            }
        }

        if (modes.Count > 1 && modes.Contains("ReadWriteOncePod"))
        {
            errors.Forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    private static void Changes(JsonObject spec, JsonObject before, JsonObject old, Quantity size, FieldErrors errors)
    {
        var (now, then) = (Rules.Without(spec, "resources", "volumeAttributesClassName"), Rules.Without(before, "resources", "volumeAttributesClassName"));
        if (before.Text("volumeName") is null or "")
        {
            now.Remove("volumeName"); // Whoever binds the claim fills it in, once.
            then.Remove("volumeName");
        }

        if (!before.ContainsKey("storageClassName"))
        {
            now.Remove("storageClassName");
        }

        if (!JsonNode.DeepEquals(now, then))
        {
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }

        if (!Quantity.TryParse(before.Text("resources", "requests", "storage"), out var had) || had == size)
        {
            return;
        }

        if (size < had && (!Quantity.TryParse(old.Text("status", "capacity", "storage"), out var capacity) || size <= capacity))
        {
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
        }
        else if (old.Text("status", "phase") != "Bound")
        {
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
    }
}
