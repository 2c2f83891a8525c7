using System.Globalization;
using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Whether points match filters.</summary>
/// <param name="indexes">Payload indexes of the collection: a text index changes what a match of text means.</param>
internal sealed class PointFilter(PayloadIndexes indexes)
{
    private static readonly string[] Clauses = ["must", "should", "must_not", "min_should"];

    /// <summary>Whether a point matches.</summary>
    /// <param name="filter">Filter; all points match an undefined one or null.</param>
    /// <param name="point">The point.</param>
    public bool Matches(JsonElement filter, StoredPoint point) => Matches(filter, point, point.Payload);

    /// <summary>Refuses a filter that is none, as deep as it goes.</summary>
    public static void Check(JsonElement filter)
    {
        if (filter.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return;
        }

        if (filter.ValueKind != JsonValueKind.Object)
        {
            throw QdrantRefusal.Format($"filter: invalid type: {filter.ValueKind}, expected an object");
        }

        foreach (var clause in filter.EnumerateObject())
        {
            if (!Clauses.Contains(clause.Name))
            {
                throw QdrantRefusal.Format($"unknown field `{clause.Name}`, expected one of `should`, `min_should`, `must`, `must_not`");
            }
        }

        foreach (var condition in Conditions(filter))
        {
            CheckCondition(condition);
        }
    }

    /// <summary>All conditions of a filter that name a field, as deep as they go, with the whole path of the field.</summary>
    public static IEnumerable<(string Key, JsonElement Condition)> Fields(JsonElement filter, string prefix = "")
    {
        foreach (var condition in Conditions(filter))
        {
            if (condition.TryGetProperty("key", out var key))
            {
                yield return (prefix + key.GetString(), condition);
            }
            else if (condition.TryGetProperty("nested", out var nested))
            {
                var path = nested.GetProperty("key").GetString()!;
                foreach (var inner in Fields(nested.GetProperty("filter"), $"{prefix}{(path.EndsWith("[]", StringComparison.Ordinal) ? path : path + "[]")}."))
                {
                    yield return inner;
                }
            }
            else if (condition.EnumerateObject().Any(property => Clauses.Contains(property.Name)))
            {
                foreach (var inner in Fields(condition, prefix))
                {
                    yield return inner;
                }
            }
        }
    }

    private static IEnumerable<JsonElement> Conditions(JsonElement filter)
    {
        if (filter.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        return Clauses.SelectMany(clause => !filter.TryGetProperty(clause, out var value) ? []
            : clause == "min_should" ? value.ValueKind == JsonValueKind.Object && value.TryGetProperty("conditions", out var some) ? OneOrMany(some) : []
            : OneOrMany(value));
    }

    private static IEnumerable<JsonElement> OneOrMany(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.EnumerateArray(),
        JsonValueKind.Object => [value],
        JsonValueKind.Null or JsonValueKind.Undefined => [],
        _ => throw QdrantRefusal.Format($"filter: invalid type: {value.ValueKind}, expected conditions"),
    };

    private static void CheckCondition(JsonElement condition)
    {
        var names = condition.ValueKind == JsonValueKind.Object ? condition.EnumerateObject().Select(property => property.Name).ToList() : [];
        if (names.Contains("key"))
        {
            if (!names.Exists(name => name is "match" or "range" or "geo_bounding_box" or "geo_radius" or "geo_polygon" or "values_count" or "is_empty" or "is_null"))
            {
                throw QdrantRefusal.Field("filter", "at least one field condition must be specified");
            }
        }
        else if (names.Contains("nested"))
        {
            Check(condition.GetProperty("nested").TryGetProperty("filter", out var inner) ? inner : throw QdrantRefusal.Format("nested: missing field `filter`"));
        }
        else if (!names.Exists(name => name is "is_empty" or "is_null" or "has_id" or "has_vector" or "slice"))
        {
            if (names.Count == 0 || names.Exists(name => !Clauses.Contains(name)))
            {
                throw QdrantRefusal.Format("data did not match any variant of untagged enum Condition");
            }

            Check(condition);
        }
    }

    private bool Matches(JsonElement filter, StoredPoint point, JsonElement payload)
    {
        if (filter.ValueKind != JsonValueKind.Object)
        {
            return true;
        }

        bool Holds(JsonElement condition) => Condition(condition, point, payload);
        var should = filter.TryGetProperty("should", out var some) ? OneOrMany(some).ToList() : [];
        return (!filter.TryGetProperty("must", out var all) || OneOrMany(all).All(Holds))
            && (!filter.TryGetProperty("must_not", out var none) || !OneOrMany(none).Any(Holds))
            && (should.Count == 0 || should.Exists(Holds))
            && (!filter.TryGetProperty("min_should", out var least) || least.ValueKind != JsonValueKind.Object
                || OneOrMany(least.GetProperty("conditions")).Count(Holds) >= least.GetProperty("min_count").GetInt32());
    }

    private bool Condition(JsonElement condition, StoredPoint point, JsonElement payload)
    {
        if (condition.TryGetProperty("key", out var key))
        {
            return Field(key.GetString()!, condition, payload);
        }

        if (condition.TryGetProperty("is_empty", out var empty))
        {
            return IsEmpty(payload, empty.GetProperty("key").GetString()!);
        }

        if (condition.TryGetProperty("is_null", out var isNull))
        {
            return IsNull(payload, isNull.GetProperty("key").GetString()!);
        }

        if (condition.TryGetProperty("has_id", out var ids))
        {
            return ids.EnumerateArray().Any(id => PointKey.Read(id) == point.Id);
        }

        if (condition.TryGetProperty("has_vector", out var vector))
        {
            return point.Vectors.ContainsKey(vector.GetString()!);
        }

        if (condition.TryGetProperty("slice", out var slice))
        {
            return point.Id.Hash() % slice.GetProperty("total").GetUInt32() == slice.GetProperty("index").GetUInt32();
        }

        if (condition.TryGetProperty("nested", out var nested))
        {
            var path = nested.GetProperty("key").GetString()!;
            return PayloadPath.Values(payload, path.EndsWith("[]", StringComparison.Ordinal) ? path[..^2] : path).Any(element => Matches(nested.GetProperty("filter"), point, element));
        }

        return Matches(condition, point, payload);
    }

    private bool Field(string key, JsonElement condition, JsonElement payload)
    {
        var values = PayloadPath.Values(payload, key).ToList();
        bool Test(string name, Func<JsonElement, bool> holds) => !condition.TryGetProperty(name, out var test) || test.ValueKind == JsonValueKind.Null || holds(test);
        return Test("match", test => values.Exists(value => MatchesValue(key, test, value)))
            && Test("range", test => values.Exists(value => InRange(test, value)))
            && Test("geo_bounding_box", test => values.Exists(value => GeoShapes.InBox(test, value)))
            && Test("geo_radius", test => values.Exists(value => GeoShapes.InCircle(test, value)))
            && Test("geo_polygon", test => values.Exists(value => GeoShapes.InPolygon(test, value)))
            && Test("values_count", test => Within(test, PayloadPath.Find(payload, key).Select(Count).DefaultIfEmpty(0).Max()))
            && Test("is_empty", test => IsEmpty(payload, key) == test.GetBoolean())
            && Test("is_null", test => IsNull(payload, key) == test.GetBoolean());
    }

    private bool MatchesValue(string key, JsonElement match, JsonElement value)
    {
        if (match.TryGetProperty("value", out var exact))
        {
            return Same(exact, value);
        }

        if (match.TryGetProperty("any", out var any))
        {
            return any.EnumerateArray().Any(one => Same(one, value));
        }

        if (match.TryGetProperty("except", out var except))
        {
            return !except.EnumerateArray().Any(one => Same(one, value));
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        var text = value.GetString()!;
        if (match.TryGetProperty("prefix", out var prefix))
        {
            return text.StartsWith(prefix.GetString()!, StringComparison.Ordinal);
        }

        var words = indexes.TextIndex(key);
        return match.TryGetProperty("phrase", out var phrase) ? words is null ? Contains(text, phrase) : words.HasPhrase(text, phrase.GetString()!)
            : match.TryGetProperty("text_any", out var one) ? words is null ? one.GetString()!.Split(' ').Any(word => text.Contains(word, StringComparison.Ordinal)) : words.HasAny(text, one.GetString()!)
            : match.TryGetProperty("text", out var all) ? words is null ? Contains(text, all) : words.HasAll(text, all.GetString()!)
            : throw QdrantRefusal.Format("data did not match any variant of untagged enum Match");
    }

    private static bool Contains(string text, JsonElement part) => text.Contains(part.GetString()!, StringComparison.Ordinal);

    private static bool Same(JsonElement wanted, JsonElement value) => (wanted.ValueKind, value.ValueKind) switch
    {
        (JsonValueKind.String, JsonValueKind.String) => wanted.GetString() == value.GetString() || (Guid.TryParse(wanted.GetString(), out var one) && Guid.TryParse(value.GetString(), out var other) && one == other),
        (JsonValueKind.Number, JsonValueKind.Number) => wanted.TryGetInt64(out var one) && value.TryGetInt64(out var other) && one == other,
        (JsonValueKind.True or JsonValueKind.False, _) => wanted.ValueKind == value.ValueKind,
        _ => false,
    };

    private static bool InRange(JsonElement range, JsonElement value)
    {
        var isTime = range.EnumerateObject().Any(bound => bound.Value.ValueKind == JsonValueKind.String);
        return isTime ? PayloadTime.Read(value) is { } moment && Within(range, moment) : value.ValueKind == JsonValueKind.Number && Within(range, value.GetDouble());
    }

    /// <summary>Whether a number, or a moment in seconds, is within bounds.</summary>
    private static bool Within(JsonElement bounds, double value)
    {
        double? Bound(string name) =>
            !bounds.TryGetProperty(name, out var bound) || bound.ValueKind == JsonValueKind.Null ? null
            : bound.ValueKind == JsonValueKind.Number ? bound.GetDouble()
            : PayloadTime.Read(bound) ?? throw QdrantRefusal.Format($"range: {bound.GetRawText()} is no number and no moment");
        return !(Bound("gte") > value) && !(Bound("gt") >= value) && !(Bound("lte") < value) && !(Bound("lt") <= value);
    }

    private static int Count(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : value.ValueKind == JsonValueKind.Null ? 0 : 1;

    private static bool IsEmpty(JsonElement payload, string key) => PayloadPath.Find(payload, key).All(value => Count(value) == 0);

    private static bool IsNull(JsonElement payload, string key) =>
        PayloadPath.Find(payload, key).Any(value => value.ValueKind == JsonValueKind.Null || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.Null)));
}

/// <summary>Moments in payload.</summary>
internal static class PayloadTime
{
    /// <summary>A moment in seconds since 1970; null when it is none.</summary>
    public static double? Read(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? (moment - DateTimeOffset.UnixEpoch).TotalSeconds
            : null;
}
