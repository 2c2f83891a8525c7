using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>What a <see cref="PathElement"/> points at.</summary>
internal enum PathElementKind
{
    /// <summary>A field of an object: <c>f:</c>.</summary>
    Field,

    /// <summary>An item of a list map: <c>k:</c>.</summary>
    Key,

    /// <summary>An item of a set: <c>v:</c>.</summary>
    Value,

    /// <summary>A position in a list: <c>i:</c>.</summary>
    Index,
}

/// <summary>One step of a path to a field. Steps are ordered as the API server orders them: fields, keys, values, indexes.</summary>
internal readonly struct PathElement : IComparable<PathElement>, IEquatable<PathElement>
{
    private readonly string? _name;
    private readonly ScalarValue _value;
    private readonly KeyField[]? _keys;
    private readonly int _index;

    private PathElement(PathElementKind kind, string? name = null, ScalarValue value = default, KeyField[]? keys = null, int index = 0)
    {
        Kind = kind;
        _name = name;
        _value = value;
        _keys = keys;
        _index = index;
    }

    /// <summary>A field of a list map's key.</summary>
    public readonly record struct KeyField(string Name, ScalarValue Value);

    /// <summary>What it points at.</summary>
    public PathElementKind Kind { get; }

    /// <summary>Name of a field.</summary>
    public string FieldName => _name ?? "";

    /// <summary>A step to a field.</summary>
    public static PathElement Field(string name) => new(PathElementKind.Field, name);

    /// <summary>A step to an item of a set.</summary>
    public static PathElement OfValue(ScalarValue value) => new(PathElementKind.Value, value: value);

    /// <summary>A step to an item of a list map; the fields must be sorted by name.</summary>
    public static PathElement OfKeys(KeyField[] keys) => new(PathElementKind.Key, keys: keys);

    /// <summary>A step to a position.</summary>
    public static PathElement OfIndex(int index) => new(PathElementKind.Index, index: index);

    /// <summary>Reads the form used in <c>fieldsV1</c>; false when it is of no known kind or malformed.</summary>
    public static bool TryParse(string text, out PathElement element)
    {
        element = default;
        if (text.Length < 2 || text[1] != ':')
        {
            return false;
        }

        var rest = text[2..];
        switch (text[0])
        {
            case 'f':
                element = Field(rest);
                return true;
            case 'i' when int.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index):
                element = OfIndex(index);
                return true;
            case 'v' when Json(rest, out var value) && ScalarValue.TryCreate(value, out var scalar):
                element = OfValue(scalar);
                return true;
            case 'k' when Json(rest, out var keys) && keys is JsonObject { Count: > 0 } fields:
                var parsed = new KeyField[fields.Count];
                var position = 0;
                foreach (var (name, field) in fields)
                {
                    if (!ScalarValue.TryCreate(field, out var part))
                    {
                        return false;
                    }

                    parsed[position++] = new KeyField(name, part);
                }

                Array.Sort(parsed, static (left, right) => string.CompareOrdinal(left.Name, right.Name));
                element = OfKeys(parsed);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The form used in <c>fieldsV1</c>.</summary>
    public string ToFieldsV1()
    {
        switch (Kind)
        {
            case PathElementKind.Field:
                return "f:" + _name;
            case PathElementKind.Value:
                return "v:" + _value.ToJson();
            case PathElementKind.Index:
                return "i:" + _index.ToString(CultureInfo.InvariantCulture);
            default:
                var text = new StringBuilder("k:{");
                foreach (var (name, value) in _keys!)
                {
                    text.Append(text.Length > 3 ? "," : "").Append('"').Append(JsonEncodedText.Encode(name, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)).Append("\":").Append(value.ToJson());
                }

                return text.Append('}').ToString();
        }
    }

    /// <summary>The form used in conflict messages: <c>.spec.steps[name="a"].weight</c>.</summary>
    public override string ToString() => Kind switch
    {
        PathElementKind.Field => "." + _name,
        PathElementKind.Value => $"[={_value.ToJson()}]",
        PathElementKind.Index => $"[{_index}]",
        _ => $"[{string.Join(',', _keys!.Select(key => $"{key.Name}={key.Value.ToJson()}"))}]",
    };

    /// <inheritdoc/>
    public int CompareTo(PathElement other)
    {
        if (Kind != other.Kind)
        {
            return Kind.CompareTo(other.Kind);
        }

        switch (Kind)
        {
            case PathElementKind.Field:
                return string.CompareOrdinal(_name, other._name);
            case PathElementKind.Value:
                return _value.CompareTo(other._value);
            case PathElementKind.Index:
                return _index.CompareTo(other._index);
        }

        for (var position = 0; position < _keys!.Length && position < other._keys!.Length; position++)
        {
            var order = string.CompareOrdinal(_keys[position].Name, other._keys[position].Name);
            order = order != 0 ? order : _keys[position].Value.CompareTo(other._keys[position].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return _keys.Length.CompareTo(other._keys!.Length);
    }

    /// <inheritdoc/>
    public bool Equals(PathElement other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PathElement other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Kind);
        hash.Add(_name, StringComparer.Ordinal);
        hash.Add(_value);
        hash.Add(_index);
        foreach (var key in _keys ?? [])
        {
            hash.Add(key.Name, StringComparer.Ordinal);
            hash.Add(key.Value);
        }

        return hash.ToHashCode();
    }

    private static bool Json(string text, out JsonNode? node)
    {
        try
        {
            node = JsonText.Parse(Encoding.UTF8.GetBytes(text));
            return true;
        }
        catch (DecodeException)
        {
            node = null;
            return false;
        }
    }
}
