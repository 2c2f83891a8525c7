using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>
/// The autoscaling/v1 view of an autoscaler: the CPU target as one field, everything v1 has no words for in annotations,
/// so that nothing is lost on the way there and back.
/// </summary>
internal static class AutoscalerConversion
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";

    /// <summary>The v1 shape of a v2 autoscaler.</summary>
    public static JsonObject FromV2(JsonObject obj)
    {
        var view = obj.Copy();
        view["apiVersion"] = "autoscaling/v1";
        if (view.Object("spec") is { } spec)
        {
            Split(view, spec, "metrics", "target", "averageUtilization", "targetCPUUtilizationPercentage");
            Park(view, spec, "behavior", "behavior");
        }

        if (view.Object("status") is { } status)
        {
            Split(view, status, "currentMetrics", "current", "averageUtilization", "currentCPUUtilizationPercentage", "current-metrics");
            Park(view, status, "conditions", "conditions");
        }

        return view;
    }

    /// <summary>The v2 shape of a v1 autoscaler.</summary>
    public static JsonObject ToV2(JsonObject view)
    {
        var obj = view.Copy();
        obj["apiVersion"] = "autoscaling/v2";
        if (obj.Object("spec") is { } spec)
        {
            Join(obj, spec, "metrics", "target", "targetCPUUtilizationPercentage", "metrics");
            Unpark(obj, spec, "behavior", "behavior");
        }

        if (obj.Object("status") is { } status)
        {
            Join(obj, status, "currentMetrics", "current", "currentCPUUtilizationPercentage", "current-metrics");
            Unpark(obj, status, "conditions", "conditions");
        }

        if (obj.Object("metadata", "annotations") is { Count: 0 })
        {
            obj.Object("metadata")!.Remove("annotations");
        }

        return obj;
    }

    private static void Split(JsonObject view, JsonObject part, string list, string side, string value, string field, string annotation = "metrics")
    {
        var others = new JsonArray();
        foreach (var metric in part.Objects(list))
        {
            if (!part.ContainsKey(field) && metric.Text("type") == "Resource" && metric.Text("resource", "name") == "cpu"
                && metric.Integer("resource", side, value) is { } percent)
            {
                part[field] = percent;
            }
            else
            {
                others.Add(metric.DeepClone());
            }
        }

        part.Remove(list);
        if (others.Count > 0)
        {
            view.Child("metadata").Child("annotations")[Prefix + annotation] = others.ToJsonString();
        }
    }

    private static void Join(JsonObject obj, JsonObject part, string list, string side, string field, string annotation)
    {
        var metrics = Parked(obj, annotation) as JsonArray ?? [];
        if (part.Integer(field) is { } percent)
        {
            var measure = new JsonObject { ["averageUtilization"] = percent };
            if (side == "target")
            {
                measure["type"] = "Utilization";
            }

            metrics.Insert(0, new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", [side] = measure } });
        }

        part.Remove(field);
        if (metrics.Count > 0)
        {
            part[list] = metrics;
        }
    }

    private static void Park(JsonObject view, JsonObject part, string field, string annotation)
    {
        if (part[field] is { } value)
        {
            part.Remove(field);
            view.Child("metadata").Child("annotations")[Prefix + annotation] = value.ToJsonString();
        }
    }

    private static void Unpark(JsonObject obj, JsonObject part, string field, string annotation)
    {
        if (Parked(obj, annotation) is { } value)
        {
            part[field] = value;
        }
    }

    private static JsonNode? Parked(JsonObject obj, string annotation)
    {
        if (obj.Object("metadata", "annotations") is not { } annotations || annotations.Text(Prefix + annotation) is not { } text)
        {
            return null;
        }

        annotations.Remove(Prefix + annotation);
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // Written by hand; the API server drops what it cannot read, too.
        }
    }
}
