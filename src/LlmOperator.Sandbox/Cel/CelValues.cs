using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Null.</summary>
internal sealed class CelNull
{
    private CelNull()
    {
    }

    /// <summary>The one value.</summary>
    public static CelNull Value { get; } = new();
}

/// <summary>Bytes.</summary>
internal sealed record CelBytes(byte[] Value);

/// <summary>A type as a value.</summary>
internal sealed record CelTypeValue(string Name);

/// <summary>A value that may be absent.</summary>
internal sealed record CelOptional(object? Value)
{
    /// <summary>No value.</summary>
    public static CelOptional None { get; } = new((object?)null);
}

/// <summary>A list; of a schema's list also how its items are told apart.</summary>
internal sealed class CelList(IReadOnlyList<object> items, CelType? type = null)
{
    /// <summary>Items.</summary>
    public IReadOnlyList<object> Items => items;

    /// <summary>Type in a schema; null when made by an expression.</summary>
    public CelType? Type => type;
}

/// <summary>A map. Keys are text, whole numbers or booleans.</summary>
internal sealed class CelMap(IReadOnlyDictionary<object, object> entries)
{
    /// <summary>Entries.</summary>
    public IReadOnlyDictionary<object, object> Entries => entries;
}

/// <summary>An object of declared fields, read as they are asked for.</summary>
internal sealed class CelObject(JsonObject json, CelType type)
{
    /// <summary>The object.</summary>
    public JsonObject Json => json;

    /// <summary>Its declaration.</summary>
    public CelType Type => type;

    /// <summary>A field that is present.</summary>
    public object? Get(string name) => CelChecker.Field(type, name) is { } field && json.TryGetPropertyValue(field.Name, out var value) ? CelValues.Of(value, field.Type) : null;
}

/// <summary>Makes values of JSON, and tells their types.</summary>
internal static class CelValues
{
    /// <summary>Compares keys of maps: numbers are equal across their types.</summary>
    public static IEqualityComparer<object> KeyComparer { get; } = new Keys();

    /// <summary>The value of JSON that a schema describes.</summary>
    public static object Of(JsonNode? node, CelType type)
    {
        switch (node)
        {
            case null:
                return type.Nullable || type.Kind == CelKind.Dyn ? CelNull.Value : throw new CelEvaluationException("invalid data, got null for schema with nullable=false");
            case JsonObject obj when type.Kind == CelKind.Object:
                return new CelObject(obj, type);
            case JsonObject obj:
                var value = type.Kind == CelKind.Map ? type.Parameters[1] : CelType.Dyn;
                return new CelMap(obj.ToDictionary(entry => (object)entry.Key, entry => Of(entry.Value, value), KeyComparer));
            case JsonArray array:
                var element = type.Kind == CelKind.List ? type.Parameters[0] : CelType.Dyn;
                return new CelList([.. array.Select(item => Of(item, element))], type.Kind == CelKind.List ? type : null);
            default:
                return Scalar(node, type);
        }
    }

    /// <summary>The type of a value that is known when compiling.</summary>
    public static CelType TypeOf(object value) => value switch
    {
        bool => CelType.Bool,
        long => CelType.Int,
        ulong => CelType.Uint,
        double => CelType.Double,
        string => CelType.String,
        CelBytes => CelType.Bytes,
        CelNull => CelType.Null,
        _ => CelType.Dyn,
    };

    /// <summary>Name of a value's type, as <c>type(x)</c> has it.</summary>
    public static string TypeName(object value) => value switch
    {
        CelNull => "null_type",
        CelList => "list",
        CelMap => "map",
        CelObject => "object",
        TimeSpan => "google.protobuf.Duration",
        DateTimeOffset => "google.protobuf.Timestamp",
        CelTypeValue => "type",
        CelOptional => "optional_type",
        Quantity => "kubernetes.Quantity",
        Uri => "kubernetes.URL",
        System.Net.IPAddress => "net.IP",
        CelCidr => "net.CIDR",
        _ => TypeOf(value).Name,
    };

    private static object Scalar(JsonNode node, CelType type)
    {
        if (JsonScalars.TryBoolean(node, out var flag))
        {
            return flag;
        }

        if (JsonScalars.TryString(node, out var text))
        {
            return type.Kind switch
            {
                CelKind.Bytes => new CelBytes(Convert.FromBase64String(text)),
                CelKind.Duration => CelTime.ParseDuration(text),
                CelKind.Timestamp => CelTime.ParseTimestamp(text),
                _ => text,
            };
        }

        if (type.Kind != CelKind.Double && JsonScalars.TryInteger(node, out var integer))
        {
            return integer;
        }

        JsonScalars.TryNumber(node, out var number);
        return type.Kind == CelKind.Int ? (long)number : number;
    }

    private sealed class Keys : IEqualityComparer<object>
    {
        public new bool Equals(object? x, object? y) => x is not null && y is not null && CelEquality.AreEqual(x, y);

        public int GetHashCode(object key) => key switch
        {
            long number => ((BigInteger)number).GetHashCode(),
            ulong number => ((BigInteger)number).GetHashCode(),
            double number when number == Math.Floor(number) && double.IsFinite(number) => ((BigInteger)number).GetHashCode(),
            string text => text.GetHashCode(StringComparison.Ordinal),
            _ => key.GetHashCode(),
        };
    }
}
