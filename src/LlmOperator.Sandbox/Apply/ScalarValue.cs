using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>A JSON scalar as part of a path. Numbers compare by value, so 1 and 1.0 are the same key.</summary>
internal readonly struct ScalarValue : IComparable<ScalarValue>, IEquatable<ScalarValue>
{
    private readonly Rank _rank;
    private readonly string? _text;
    private readonly long _integer;
    private readonly double _number;

    private ScalarValue(Rank rank, string? text, long integer, double number)
    {
        _rank = rank;
        _text = text;
        _integer = integer;
        _number = number;
    }

    /// <summary>The order between types.</summary>
    private enum Rank : byte
    {
        Null = 3,
        Number = 0,
        String = 1,
        Boolean = 2,
    }

    /// <summary>A string.</summary>
    public static ScalarValue Of(string text) => new(Rank.String, text, 0, 0);

    /// <summary>The scalar of a node; false for objects and lists.</summary>
    public static bool TryCreate(JsonNode? node, out ScalarValue value)
    {
        if (node is null)
        {
            value = new(Rank.Null, null, 0, 0);
        }
        else if (JsonScalars.TryString(node, out var text))
        {
            value = Of(text);
        }
        else if (JsonScalars.TryBoolean(node, out var flag))
        {
            value = new(Rank.Boolean, null, flag ? 1 : 0, 0);
        }
        else if (JsonScalars.TryInteger(node, out var integer))
        {
            value = new(Rank.Number, "", integer, integer);
        }
        else if (JsonScalars.TryNumber(node, out var number))
        {
            value = new(Rank.Number, null, 0, number);
        }
        else
        {
            value = default;
            return false;
        }

        return true;
    }

    /// <summary>JSON text.</summary>
    public string ToJson() => _rank switch
    {
        Rank.String => $"\"{JsonEncodedText.Encode(_text!, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"",
        Rank.Boolean => _integer == 1 ? "true" : "false",
        Rank.Number => IsInteger ? _integer.ToString(CultureInfo.InvariantCulture) : JsonScalars.Format(_number),
        _ => "null",
    };

    /// <inheritdoc/>
    public int CompareTo(ScalarValue other)
    {
        if (_rank != other._rank)
        {
            return _rank.CompareTo(other._rank);
        }

        return _rank switch
        {
            Rank.String => string.CompareOrdinal(_text, other._text),
            Rank.Number when !IsInteger || !other.IsInteger => _number.CompareTo(other._number),
            _ => _integer.CompareTo(other._integer),
        };
    }

    /// <inheritdoc/>
    public bool Equals(ScalarValue other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ScalarValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _rank switch
    {
        Rank.String => string.GetHashCode(_text, StringComparison.Ordinal),
        Rank.Number => _number.GetHashCode(),
        _ => HashCode.Combine(_rank, _integer),
    };

    private bool IsInteger => _text is not null;
}
