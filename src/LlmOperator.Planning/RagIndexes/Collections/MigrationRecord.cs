using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>How a new generation gets its points.</summary>
public static class MigrationMethod
{
    /// <summary>Points are copied with their vectors.</summary>
    public const string Copy = "Copy";

    /// <summary>Points are copied, and the embedding model makes their vectors anew of the stored text.</summary>
    public const string Embed = "Embed";

    /// <summary>Somebody writes them.</summary>
    public const string Fill = "Fill";
}

/// <summary>How far a new generation is, in this order.</summary>
public static class MigrationPhase
{
    /// <summary>Points are copied from the first to the last.</summary>
    public const string Copying = "Copying";

    /// <summary>Points that were written meanwhile are looked for and copied.</summary>
    public const string Comparing = "Comparing";

    /// <summary>Points that were deleted meanwhile are looked for and deleted.</summary>
    public const string Pruning = "Pruning";

    /// <summary>Somebody is to write the points.</summary>
    public const string Filling = "Filling";

    /// <summary>Counts and recall are checked.</summary>
    public const string Checking = "Checking";

    /// <summary>The alias is about to move.</summary>
    public const string Switching = "Switching";

    /// <summary>The alias has moved; points that were written to the old generation at the last moment are copied.</summary>
    public const string CatchingUp = "CatchingUp";
}

/// <summary>What a migration must remember to go on after a restart. It stands in the metadata of the generation that is being built.</summary>
public sealed record MigrationRecord
{
    /// <summary>Collection the points come from.</summary>
    public required string From { get; init; }

    /// <summary>One of <see cref="MigrationMethod"/>.</summary>
    public required string Method { get; init; }

    /// <summary>One of <see cref="MigrationPhase"/>.</summary>
    public required string Phase { get; init; }

    /// <summary>Id of the point to go on with; null at the beginning of a phase.</summary>
    public string? Offset { get; init; }

    /// <summary>Points copied.</summary>
    public long Copied { get; init; }

    /// <summary>Points there were when it began.</summary>
    public long Total { get; init; }

    /// <summary>How many times the two generations were compared, this time included.</summary>
    public int Pass { get; init; }

    /// <summary>Differences found in this comparison.</summary>
    public long Found { get; init; }

    /// <summary>Recall that was measured.</summary>
    public double? Recall { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset Started { get; init; }

    /// <summary>Whether the generation served before: it is gone back to, and it is never deleted for being unfinished.</summary>
    public bool Returning { get; init; }

    /// <summary>Reads a record; null when it is none.</summary>
    /// <param name="node">The value in the metadata.</param>
    public static MigrationRecord? Parse(JsonNode? node)
    {
        if (node is not JsonObject body || Text(body, "from") is not { } from || Text(body, "method") is not { } method || Text(body, "phase") is not { } phase)
        {
            return null;
        }

        return new()
        {
            From = from,
            Method = method,
            Phase = phase,
            Offset = Text(body, "offset"),
            Copied = (long)Number(body, "copied"),
            Total = (long)Number(body, "total"),
            Pass = (int)Number(body, "pass"),
            Found = (long)Number(body, "found"),
            Recall = body["recall"] is JsonValue ? Number(body, "recall") : null,
            Started = DateTimeOffset.TryParse(Text(body, "started"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var started) ? started : default,
            Returning = body["returning"] is JsonValue flag && flag.TryGetValue(out bool returning) && returning,
        };
    }

    /// <summary>The record as it is kept. Every field is there each time, because Qdrant merges metadata.</summary>
    public JsonObject ToJson() => new()
    {
        ["from"] = From,
        ["method"] = Method,
        ["phase"] = Phase,
        ["offset"] = Offset,
        ["copied"] = Copied,
        ["total"] = Total,
        ["pass"] = Pass,
        ["found"] = Found,
        ["recall"] = Recall,
        ["started"] = Started.ToString("O", CultureInfo.InvariantCulture),
        ["returning"] = Returning,
    };

    private static string? Text(JsonObject body, string name) => body[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static double Number(JsonObject body, string name) =>
        body[name] is JsonValue value && double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
