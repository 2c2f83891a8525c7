using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Applying;

/// <summary>
/// Whether a live object already is what we want: every leaf we name has the value we give, whatever else the server or others have added.
/// </summary>
/// <remarks>
/// The server rewrites what it stores, and none of that is a difference: quantities in another spelling (<c>0.5</c> as <c>500m</c>), a number kept as text,
/// empty lists, maps and zero values left out. Lists whose elements have a key (containers, env, ports …) are compared by it and may hold more than we want; other lists must be equal.
/// </remarks>
public static class JsonSubset
{
    // In the order they are tried: a volume mount has a name too, but its key is the path.
    private static readonly string[] ListKeys = ["mountPath", "devicePath", "containerPort", "port", "uid", "topologyKey", "name", "type", "ip", "key"];

    /// <summary>Whether all of <paramref name="wanted"/> is in <paramref name="live"/>.</summary>
    public static bool Contains(JsonElement live, JsonElement wanted) => Contains(live, wanted, quantity: false, set: false);

    /// <summary>Whether two values say the same, in whatever order of fields and of lists with a key. Nothing may be missing on either side.</summary>
    public static bool Same(JsonElement a, JsonElement b) => SameText(a, b) || a.ValueKind switch
    {
        JsonValueKind.Object => b.ValueKind == JsonValueKind.Object
            && a.EnumerateObject().Count() == b.EnumerateObject().Count()
            && a.EnumerateObject().All(property => b.TryGetProperty(property.Name, out var other) && Same(property.Value, other)),
        JsonValueKind.Array => b.ValueKind == JsonValueKind.Array && a.GetArrayLength() == b.GetArrayLength() && SameElements(a, b),
        _ => JsonElement.DeepEquals(a, b),
    };

    private static bool SameElements(JsonElement a, JsonElement b)
    {
        if (KeyOf(a, b) is { } key)
        {
            return a.EnumerateArray().All(element => Any(b, other => SameScalar(element.GetProperty(key), other.GetProperty(key), quantity: false) && Same(element, other)));
        }

        for (var i = 0; i < a.GetArrayLength(); i++)
        {
            if (!Same(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Contains(JsonElement live, JsonElement wanted, bool quantity, bool set)
    {
        if (SameText(live, wanted))
        {
            return true;
        }

        switch (wanted.ValueKind)
        {
            case JsonValueKind.Null:
                return live.ValueKind == JsonValueKind.Null;
            case JsonValueKind.Object:
                return live.ValueKind == JsonValueKind.Object && ContainsObject(live, wanted, quantity);
            case JsonValueKind.Array:
                return live.ValueKind == JsonValueKind.Array && ContainsArray(live, wanted, set);
            case JsonValueKind.String or JsonValueKind.Number:
                return SameScalar(live, wanted, quantity);
            default:
                return live.ValueKind == wanted.ValueKind;
        }
    }

    private static bool ContainsObject(JsonElement live, JsonElement wanted, bool quantity)
    {
        foreach (var property in wanted.EnumerateObject())
        {
            if (!live.TryGetProperty(property.Name, out var found))
            {
                if (!IsZero(property.Value))
                {
                    return false;
                }
            }
            else if (!Contains(found, property.Value, quantity || HoldsQuantities(property.Name), property.Name == "finalizers"))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ContainsArray(JsonElement live, JsonElement wanted, bool set)
    {
        var count = wanted.GetArrayLength();
        if (count == 0)
        {
            return set || live.GetArrayLength() == 0;
        }

        if (set)
        {
            foreach (var element in wanted.EnumerateArray())
            {
                if (!Any(live, other => Contains(other, element, quantity: false, set: false)))
                {
                    return false;
                }
            }

            return true;
        }

        if (KeyOf(live, wanted) is { } key)
        {
            foreach (var element in wanted.EnumerateArray())
            {
                if (!Any(live, other => SameScalar(other.GetProperty(key), element.GetProperty(key), quantity: false) && Contains(other, element, quantity: false, set: false)))
                {
                    return false;
                }
            }

            return true;
        }

        if (live.GetArrayLength() != count)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (!Contains(live[i], wanted[i], quantity: false, set: false))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The field by which the elements of both lists are told apart; null when there is none.</summary>
    private static string? KeyOf(JsonElement live, JsonElement wanted)
    {
        foreach (var key in ListKeys)
        {
            if (IsKey(wanted, key) && IsKey(live, key))
            {
                return key;
            }
        }

        return null;
    }

    private static bool IsKey(JsonElement list, string key)
    {
        HashSet<string>? seen = null;
        foreach (var element in list.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object
                || !element.TryGetProperty(key, out var value)
                || value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number)
                || !(seen ??= []).Add(value.ToString()))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameScalar(JsonElement live, JsonElement wanted, bool quantity)
    {
        if (live.ValueKind == JsonValueKind.String && wanted.ValueKind == JsonValueKind.String && live.ValueEquals(wanted.GetString()))
        {
            return true;
        }

        if (live.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
        {
            return false;
        }

        var (a, b) = (live.ToString(), wanted.ToString());
        return a == b
            || (live.ValueKind == JsonValueKind.Number && wanted.ValueKind == JsonValueKind.Number && SameNumber(a, b))
            || (quantity && Quantity.TryParse(a, out var x) && Quantity.TryParse(b, out var y) && x == y);
    }

    /// <summary>Whether both are written alike, which settles most of an object that came from the same serialiser, without looking into it.</summary>
    private static bool SameText(JsonElement a, JsonElement b) => JsonMarshal.GetRawUtf8Value(a).SequenceEqual(JsonMarshal.GetRawUtf8Value(b));

    private static bool SameNumber(string a, string b)
        => decimal.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var x)
            && decimal.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var y)
            && x == y;

    private static bool Any(JsonElement list, Func<JsonElement, bool> test)
    {
        foreach (var element in list.EnumerateArray())
        {
            if (test(element))
            {
                return true;
            }
        }

        return false;
    }

    // What the server leaves out when it stores an object.
    private static bool IsZero(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => value.ValueEquals(""u8),
        JsonValueKind.Number => value.TryGetDecimal(out var number) && number == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.EnumerateObject().All(property => IsZero(property.Value)),
        _ => false,
    };

    // The fields of the API in which a text is an amount. Elsewhere "1" and "1000m" are two texts.
    private static bool HoldsQuantities(string field) => field
        is "requests" or "limits" or "capacity" or "allocatable" or "hard" or "overhead" or "sizeLimit" or "divisor" or "averageValue";
}
