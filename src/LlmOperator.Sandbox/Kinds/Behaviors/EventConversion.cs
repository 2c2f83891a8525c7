using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>One event, two shapes: stored as core/v1, also shown as events.k8s.io/v1.</summary>
internal static class EventConversion
{
    /// <summary>Field names in events.k8s.io/v1 and in core/v1, in the order core writes them.</summary>
    private static readonly (string New, string Core)[] Names =
    [
        ("metadata", "metadata"), ("regarding", "involvedObject"), ("reason", "reason"), ("note", "message"), ("deprecatedSource", "source"),
        ("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"), ("type", "type"),
        ("eventTime", "eventTime"), ("series", "series"), ("action", "action"), ("related", "related"), ("reportingController", "reportingComponent"),
        ("reportingInstance", "reportingInstance"),
    ];

    /// <summary>The core/v1 shape of an events.k8s.io/v1 event.</summary>
    public static JsonObject ToCore(JsonObject obj)
    {
        var core = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Event" };
        foreach (var (name, coreName) in Names)
        {
            if (obj[name] is { } value)
            {
                core[coreName] = value.DeepClone();
            }
            else
            {
                FillIn(core, coreName);
            }
        }

        return core;
    }

    /// <summary>The events.k8s.io/v1 shape of a core/v1 event.</summary>
    public static JsonObject FromCore(JsonObject core)
    {
        var obj = new JsonObject { ["apiVersion"] = "events.k8s.io/v1", ["kind"] = "Event" };
        foreach (var (name, coreName) in Names)
        {
            if (core[coreName] is { } value && !(coreName.StartsWith("reporting", StringComparison.Ordinal) && value.Text() == ""))
            {
                obj[name] = value.DeepClone();
            }
            else if (coreName is "firstTimestamp" or "lastTimestamp" or "eventTime")
            {
                obj[name] = null;
            }
        }

        return obj;
    }

    /// <summary>Adds what a core event is always served with.</summary>
    public static void Complete(JsonObject core)
    {
        foreach (var (_, name) in Names)
        {
            if (core[name] is null)
            {
                FillIn(core, name);
            }
        }
    }

    private static void FillIn(JsonObject core, string name)
    {
        switch (name)
        {
            case "involvedObject" or "source":
                core[name] = new JsonObject();
                break;
            case "firstTimestamp" or "lastTimestamp" or "eventTime":
                core[name] = null;
                break;
            case "reportingComponent" or "reportingInstance":
                core[name] = "";
                break;
        }
    }
}
