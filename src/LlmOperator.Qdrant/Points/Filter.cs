using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>Which points count.</summary>
public sealed record Filter
{
    /// <summary>All of these hold.</summary>
    public IReadOnlyList<Condition>? Must { get; init; }

    /// <summary>At least one of these holds.</summary>
    public IReadOnlyList<Condition>? Should { get; init; }

    /// <summary>None of these holds.</summary>
    public IReadOnlyList<Condition>? MustNot { get; init; }

    /// <summary>At least so many of these hold.</summary>
    public MinShould? MinShould { get; init; }

    /// <summary>All of these hold.</summary>
    /// <param name="conditions">The conditions.</param>
    public static Filter All(params IReadOnlyList<Condition> conditions) => new() { Must = conditions };

    /// <summary>At least one of these holds.</summary>
    /// <param name="conditions">The conditions.</param>
    public static Filter Any(params IReadOnlyList<Condition> conditions) => new() { Should = conditions };
}

/// <summary>At least so many of these hold.</summary>
/// <param name="Conditions">The conditions.</param>
/// <param name="MinCount">How many.</param>
public sealed record MinShould(IReadOnlyList<Condition> Conditions, int MinCount);

/// <summary>A condition of a filter, made by the methods of this type. Paths of payload fields are such as <c>author.id</c> or <c>tags[].name</c>.</summary>
[JsonConverter(typeof(ConditionConverter))]
public sealed record Condition
{
    private Condition(JsonObject body) => Body = body;

    private Condition(Filter filter, string? nestedKey) => (Filter, NestedKey) = (filter, nestedKey);

    /// <summary>The condition as Qdrant's API writes it; null when it is a filter.</summary>
    internal JsonObject? Body { get; }

    /// <summary>A filter in place of a condition; with a key, one on each element of an array.</summary>
    internal Filter? Filter { get; }

    /// <summary>Path of the array.</summary>
    internal string? NestedKey { get; }

    /// <summary>The field has this text.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="value">The text.</param>
    public static Condition Match(string key, string value) => Field(key, "match", new() { ["value"] = value });

    /// <summary>The field has this whole number.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="value">The number.</param>
    public static Condition Match(string key, long value) => Field(key, "match", new() { ["value"] = value });

    /// <summary>The field is true, or false.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="value">Which of them.</param>
    public static Condition Match(string key, bool value) => Field(key, "match", new() { ["value"] = value });

    /// <summary>The field has one of these texts.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="values">The texts.</param>
    public static Condition MatchAny(string key, params IReadOnlyList<string> values) => Field(key, "match", new() { ["any"] = Texts(values) });

    /// <summary>The field has one of these whole numbers.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="values">The numbers.</param>
    public static Condition MatchAny(string key, params IReadOnlyList<long> values) => Field(key, "match", new() { ["any"] = Numbers(values) });

    /// <summary>The field has a value that is none of these texts.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="values">The texts.</param>
    public static Condition MatchExcept(string key, params IReadOnlyList<string> values) => Field(key, "match", new() { ["except"] = Texts(values) });

    /// <summary>The field has all the words of this text.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="text">The words.</param>
    public static Condition MatchText(string key, string text) => Field(key, "match", new() { ["text"] = text });

    /// <summary>The field has one of the words of this text.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="text">The words.</param>
    public static Condition MatchTextAny(string key, string text) => Field(key, "match", new() { ["text_any"] = text });

    /// <summary>The field has the words of this text one after another.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="phrase">The words.</param>
    public static Condition MatchPhrase(string key, string phrase) => Field(key, "match", new() { ["phrase"] = phrase });

    /// <summary>The field begins with this text.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="prefix">The text.</param>
    public static Condition MatchPrefix(string key, string prefix) => Field(key, "match", new() { ["prefix"] = prefix });

    /// <summary>The field is a number within bounds.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="gte">Least.</param>
    /// <param name="lte">Most.</param>
    /// <param name="gt">More than.</param>
    /// <param name="lt">Less than.</param>
    public static Condition Range(string key, double? gte = null, double? lte = null, double? gt = null, double? lt = null) => Field(key, "range", Bounds(gte, lte, gt, lt));

    /// <summary>The field is a moment within bounds.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="gte">Not before.</param>
    /// <param name="lte">Not after.</param>
    /// <param name="gt">After.</param>
    /// <param name="lt">Before.</param>
    public static Condition Range(string key, DateTimeOffset? gte, DateTimeOffset? lte = null, DateTimeOffset? gt = null, DateTimeOffset? lt = null) =>
        Field(key, "range", Bounds(gte, lte, gt, lt));

    /// <summary>The field has so many values.</summary>
    /// <param name="key">Path of the field.</param>
    /// <param name="gte">Least.</param>
    /// <param name="lte">Most.</param>
    /// <param name="gt">More than.</param>
    /// <param name="lt">Less than.</param>
    public static Condition ValuesCount(string key, int? gte = null, int? lte = null, int? gt = null, int? lt = null) => Field(key, "values_count", Bounds(gte, lte, gt, lt));

    /// <summary>The field is missing, null or an empty array.</summary>
    /// <param name="key">Path of the field.</param>
    public static Condition IsEmpty(string key) => new(new JsonObject { ["is_empty"] = new JsonObject { ["key"] = key } });

    /// <summary>The field is null.</summary>
    /// <param name="key">Path of the field.</param>
    public static Condition IsNull(string key) => new(new JsonObject { ["is_null"] = new JsonObject { ["key"] = key } });

    /// <summary>The point has one of these ids.</summary>
    /// <param name="ids">The ids.</param>
    public static Condition HasId(params IReadOnlyList<PointId> ids) =>
        new(new JsonObject { ["has_id"] = new JsonArray([.. ids.Select(id => id.IsUuid ? JsonValue.Create(id.ToString()) : JsonValue.Create(id.Number))]) });

    /// <summary>The point has this vector.</summary>
    /// <param name="name">Its name; empty for the unnamed one.</param>
    public static Condition HasVector(string name) => new(new JsonObject { ["has_vector"] = name });

    /// <summary>An element of an array of objects matches a filter on its own.</summary>
    /// <param name="key">Path of the array.</param>
    /// <param name="filter">The filter; its paths begin in the element.</param>
    public static Condition Nested(string key, Filter filter) => new(filter, key);

    /// <summary>A filter in place of a condition.</summary>
    /// <param name="filter">The filter.</param>
    public static Condition Of(Filter filter) => new(filter, null);

    /// <summary>A condition as Qdrant's API writes it, for what has no method here (places, slices).</summary>
    /// <param name="condition">The condition.</param>
    public static Condition Raw(JsonObject condition) => new(condition);

    private static Condition Field(string key, string test, JsonObject value) => new(new JsonObject { ["key"] = key, [test] = value });

    // As nodes: an array's other Add serialises by reflection, which is not there in a trimmed program.
    private static JsonArray Texts(IReadOnlyList<string> values) => [.. values.Select(value => (JsonNode?)JsonValue.Create(value))];

    private static JsonArray Numbers(IReadOnlyList<long> values) => [.. values.Select(value => (JsonNode?)JsonValue.Create(value))];

    private static JsonObject Bounds<T>(T? gte, T? lte, T? gt, T? lt)
        where T : struct
    {
        var bounds = new JsonObject();
        void Set(string name, T? value)
        {
            if (value is { } bound)
            {
                bounds[name] = bound switch
                {
                    DateTimeOffset moment => JsonValue.Create(moment.ToString("O")),
                    int count => JsonValue.Create(count),
                    double number => JsonValue.Create(number),
                    _ => throw new ArgumentException($"{typeof(T)} is no bound", name),
                };
            }
        }

        Set("gte", gte);
        Set("lte", lte);
        Set("gt", gt);
        Set("lt", lt);
        return bounds;
    }
}
