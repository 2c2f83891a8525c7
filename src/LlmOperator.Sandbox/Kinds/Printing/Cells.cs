using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tables;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>The pieces columns are made of, and the texts that stand for values in cells.</summary>
internal static class Cells
{
    /// <summary>What an empty cell says.</summary>
    public const string None = "<none>";

    /// <summary>What a cell says when the value is not known.</summary>
    public const string Unknown = "<unknown>";

    /// <summary>What a cell says when nobody set the value.</summary>
    public const string Unset = "<unset>";

    /// <summary>The name column.</summary>
    public static Column Name { get; } = new("Name", "string", "name", "Name of the object.", 0, (obj, _) => obj.Text("metadata", "name"));

    /// <summary>The age column.</summary>
    public static Column Age { get; } = new("Age", "string", "", "Time since the object was created.", 0, (obj, now) => Since(obj.At("metadata", "creationTimestamp"), now));

    /// <summary>When the object was created, as a moment.</summary>
    public static Column CreatedAt { get; } =
        new("Created At", "date", "", "When the object was created.", 0, (obj, _) => obj.Text("metadata", "creationTimestamp"));

    /// <summary>A column of text.</summary>
    public static Column Text(string name, string description, Func<JsonObject, string?> value, int priority = 0) =>
        new(name, "string", "", description, priority, (obj, _) => value(obj));

    /// <summary>A column of whole numbers.</summary>
    public static Column Number(string name, string description, Func<JsonObject, long?> value, int priority = 0) =>
        new(name, "integer", "", description, priority, (obj, _) => value(obj) ?? 0);

    /// <summary>A column of text that depends on the time.</summary>
    public static Column Timed(string name, string description, Func<JsonObject, DateTimeOffset, string> value, int priority = 0) =>
        new(name, "string", "", description, priority, (obj, now) => value(obj, now));

    /// <summary>The columns of a kind nobody wrote any for.</summary>
    public static IReadOnlyList<Column> NameAndAge { get; } = [Name, Age];

    /// <summary>Text, or <see cref="None"/> when there is none.</summary>
    public static string OrNone(string? text) => string.IsNullOrEmpty(text) ? None : text;

    /// <summary>Time since a moment.</summary>
    public static string Since(JsonNode? timestamp, DateTimeOffset now) => Moment(timestamp) is { } then ? HumanTime.Since(then, now) : Unknown;

    /// <summary>A timestamp's moment, null when absent.</summary>
    public static DateTimeOffset? Moment(JsonNode? timestamp) =>
        timestamp.Text() is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;

    /// <summary>Labels as <c>a=b,c=d</c>, ordered by key.</summary>
    public static string Labels(JsonNode? labels) => labels is JsonObject { Count: > 0 } map
        ? string.Join(',', map.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value.Text()}"))
        : None;

    /// <summary>A label selector in its text form.</summary>
    public static string Selector(JsonNode? selector)
    {
        if (selector is not JsonObject terms)
        {
            return None;
        }

        var parts = (terms.Object("matchLabels") ?? []).OrderBy(label => label.Key, StringComparer.Ordinal)
            .Select(label => $"{label.Key}={label.Value.Text()}")
            .ToList();
        foreach (var expression in terms.Objects("matchExpressions"))
        {
            var key = expression.Text("key");
            var values = string.Join(',', expression.Texts("values").Order(StringComparer.Ordinal));
            parts.Add(expression.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => $"{key}",
                _ => $"!{key}",
            });
        }

        return parts.Count == 0 ? None : string.Join(',', parts);
    }

    /// <summary>The first of a list, and how many more there are.</summary>
    public static string First(IReadOnlyList<string> texts, int shown, string none = None) => texts.Count == 0 ? none
        : texts.Count <= shown ? string.Join(',', texts)
        : $"{string.Join(',', texts.Take(shown))} + {texts.Count - shown} more...";

    /// <summary>A boolean as kubectl shows it.</summary>
    public static string Flag(bool? value) => value switch { true => "true", false => "false", null => Unset };

    /// <summary>Status of a condition of this type; null when there is none.</summary>
    public static string? Condition(JsonObject obj, string type) =>
        obj.Objects("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type)?.Text("status");

    /// <summary>Access modes in short: RWO, ROX, RWX, RWOP.</summary>
    public static string AccessModes(IReadOnlyList<string> modes) =>
        string.Join(',', new[] { ("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP") }
            .Where(mode => modes.Contains(mode.Item1))
            .Select(mode => mode.Item2));

    /// <summary>A field that holds text or a number, as text.</summary>
    public static string? Scalar(JsonNode? value) => value is null ? null : value.Text() ?? value.ToJsonString();
}
