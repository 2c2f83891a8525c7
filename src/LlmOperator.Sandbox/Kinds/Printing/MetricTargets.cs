using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>The TARGETS cell of an autoscaler: each metric as it is, against what is wanted.</summary>
internal static class MetricTargets
{
    private const int Shown = 2;

    /// <summary>The cell.</summary>
    public static string Of(JsonObject autoscaler)
    {
        var current = autoscaler.Objects("status", "currentMetrics").ToList();
        var list = autoscaler.Objects("spec", "metrics").Select((metric, index) => Target(metric, current.ElementAtOrDefault(index))).ToList();
        return list.Count == 0 ? Cells.None
            : list.Count <= Shown ? string.Join(", ", list)
            : $"{string.Join(", ", list.Take(Shown))} + {list.Count - Shown} more...";
    }

    private static string Target(JsonObject metric, JsonObject? status)
    {
        var type = metric.Text("type") ?? "";
        var source = Source(type);
        var wanted = metric.Object(source, "target") ?? [];
        var found = status?.Text("type") == type ? status.Object(source, "current") : null;
        switch (type)
        {
            case "Pods":
                return $"{Cells.Scalar(found?["averageValue"]) ?? Cells.Unknown}/{Cells.Scalar(wanted["averageValue"])}";
            case "Object" or "External":
                return wanted["averageValue"] is { } average
                    ? $"{Cells.Scalar(found?["averageValue"]) ?? Cells.Unknown}/{Cells.Scalar(average)} (avg)"
                    : $"{Cells.Scalar(found?["value"]) ?? Cells.Unknown}/{Cells.Scalar(wanted["value"])}";
            case "Resource" or "ContainerResource":
                var name = metric.Text(source, "name");
                if (wanted["averageValue"] is { } perPod)
                {
                    return $"{name}: {Cells.Scalar(found?["averageValue"]) ?? Cells.Unknown}/{Cells.Scalar(perPod)}";
                }

                var percent = wanted.Integer("averageUtilization") is { } target ? $"{target}%" : "<auto>";
                return $"{name}: {(found?.Integer("averageUtilization") is { } now ? $"{now}%" : Cells.Unknown)}/{percent}";
            default:
                return "<unknown type>";
        }
    }

    private static string Source(string type) => type.Length == 0 ? "" : char.ToLowerInvariant(type[0]) + type[1..];
}
