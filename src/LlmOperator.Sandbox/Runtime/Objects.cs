using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>What controllers read of any object.</summary>
internal static class Objects
{
    public static string Name(this JsonObject obj) => obj.Text("metadata", "name") ?? "";

    public static string? Namespace(this JsonObject obj) => obj.Text("metadata", "namespace");

    public static string Uid(this JsonObject obj) => obj.Text("metadata", "uid") ?? "";

    public static string? Label(this JsonObject obj, string name) => obj.Text("metadata", "labels", name);

    public static string? Annotation(this JsonObject obj, string name) => obj.Text("metadata", "annotations", name);

    public static bool IsDeleting(this JsonObject obj) => obj.Text("metadata", "deletionTimestamp") is not null;

    public static long Generation(this JsonObject obj) => obj.Integer("metadata", "generation") ?? 0;

    public static DateTimeOffset Created(this JsonObject obj) => Time(obj.Text("metadata", "creationTimestamp")) ?? DateTimeOffset.UnixEpoch;

    public static ObjectRef RefIn(this JsonObject obj, ResourceName resource) => new(resource, obj.Namespace(), obj.Name());

    /// <summary>The owner reference of the controller, if any.</summary>
    public static JsonObject? ControllerRef(this JsonObject obj)
    {
        foreach (var owner in obj.Objects("metadata", "ownerReferences"))
        {
            if (owner.Flag("controller") == true)
            {
                return owner;
            }
        }

        return null;
    }

    /// <summary>A reference by which an owner controls what it makes.</summary>
    public static JsonArray OwnedBy(JsonObject owner, string apiVersion, string kind) => new(new JsonObject
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["name"] = owner.Name(),
        ["uid"] = owner.Uid(),
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    });

    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    public static JsonObject? Condition(this JsonObject obj, string type) =>
        obj.Objects("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);

    public static bool IsTrue(this JsonObject obj, string condition) => obj.Condition(condition)?.Text("status") == "True";

    /// <summary>Whether a pod has ended for good.</summary>
    public static bool IsTerminal(this JsonObject pod) => pod.Text("status", "phase") is "Succeeded" or "Failed";

    /// <summary>Whether a pod counts for its controller.</summary>
    public static bool IsActive(this JsonObject pod) => !pod.IsTerminal() && !pod.IsDeleting();

    public static bool IsReady(this JsonObject pod) => pod.IsTrue("Ready");

    /// <summary>When a ready pod becomes available; null while it is not ready.</summary>
    public static DateTimeOffset? AvailableAt(this JsonObject pod, long minReadySeconds) =>
        pod.Condition("Ready") is { } ready && ready.Text("status") == "True"
            ? minReadySeconds <= 0 ? DateTimeOffset.MinValue : (Time(ready.Text("lastTransitionTime")) ?? DateTimeOffset.MinValue).AddSeconds(minReadySeconds)
            : null;

    /// <summary>Absolute number or percentage of a total.</summary>
    public static long Scaled(this JsonNode? value, long total, bool up, string fallback)
    {
        if (value.Integer() is { } number)
        {
            return number;
        }

        var text = value.Text() ?? fallback;
        if (!text.EndsWith('%'))
        {
            return long.TryParse(text, CultureInfo.InvariantCulture, out var plain) ? plain : 0;
        }

        var share = total * (decimal.TryParse(text[..^1], CultureInfo.InvariantCulture, out var percent) ? percent : 0) / 100;
        return (long)(up ? Math.Ceiling(share) : Math.Floor(share));
    }

    /// <summary>Sets a count, which the API leaves out when it is zero.</summary>
    public static void SetCount(this JsonObject status, string field, long value)
    {
        if (value == 0)
        {
            status.Remove(field);
        }
        else
        {
            status[field] = value;
        }
    }
}
