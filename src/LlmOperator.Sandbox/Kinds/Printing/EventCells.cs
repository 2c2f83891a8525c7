using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of events in their core form.</summary>
internal static class EventCells
{
    /// <summary>The columns.</summary>
    public static IReadOnlyList<Column> Columns { get; } =
    [
        Cells.Timed("Last Seen", "Time since it happened last.", LastSeen),
        Cells.Text("Type", "Normal or Warning.", obj => obj.Text("type")),
        Cells.Text("Reason", "Why, in one word.", obj => obj.Text("reason")),
        Cells.Text("Object", "What it is about.", About),
        Cells.Text("Subobject", "Part of the object it is about.", obj => obj.Text("involvedObject", "fieldPath"), 1),
        Cells.Text("Source", "Who reports it.", Source, 1),
        Cells.Text("Message", "What happened.", obj => (obj.Text("message") ?? "").Trim()),
        Cells.Timed("First Seen", "Time since it happened first.", FirstSeen, 1),
        Cells.Number("Count", "How often it happened.", obj => obj.Integer("series", "count") ?? (obj.Integer("count") is { } count and > 0 ? count : 1), 1),
        new("Name", "string", "name", "Name of the event.", 1, (obj, _) => obj.Text("metadata", "name")),
    ];

    private static string FirstSeen(JsonObject obj, DateTimeOffset now) =>
        Cells.Since(obj.Text("firstTimestamp") is null ? obj["eventTime"] : obj["firstTimestamp"], now);

    private static string LastSeen(JsonObject obj, DateTimeOffset now) =>
        obj.Text("series", "lastObservedTime") is not null ? Cells.Since(obj.At("series", "lastObservedTime"), now)
        : obj.Text("lastTimestamp") is not null ? Cells.Since(obj["lastTimestamp"], now)
        : FirstSeen(obj, now);

    private static string About(JsonObject obj)
    {
        var kind = (obj.Text("involvedObject", "kind") ?? "").ToLowerInvariant();
        return obj.Text("involvedObject", "name") is { Length: > 0 } name ? $"{kind}/{name}" : kind;
    }

    private static string Source(JsonObject obj)
    {
        var component = obj.Text("source", "component") is { Length: > 0 } source ? source : obj.Text("reportingComponent") ?? "";
        var host = obj.Text("source", "host") is { Length: > 0 } node ? node : obj.Text("reportingInstance") ?? "";
        return host.Length == 0 ? component : $"{component}, {host}";
    }
}
