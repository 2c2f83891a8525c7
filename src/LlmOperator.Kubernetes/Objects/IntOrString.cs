using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A 32-bit integer or a string (a port's name, a percentage), kept as which of the two it was given.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly struct IntOrString : IEquatable<IntOrString>
{
    private readonly string? _text;
    private readonly int _number;

    private IntOrString(int number, string? text)
    {
        _number = number;
        _text = text;
    }

    /// <summary>Whether this is the integer form.</summary>
    public bool IsInt => _text is null;

    /// <summary>The integer; null for the string form.</summary>
    public int? Number => _text is null ? _number : null;

    /// <summary>The string; null for the integer form.</summary>
    public string? Text => _text;

    /// <summary>The integer form.</summary>
    public static implicit operator IntOrString(int value) => new(value, null);

    /// <summary>The string form, also for digits: <c>"80"</c> is a name and stays one.</summary>
    public static implicit operator IntOrString(string value) => new(0, value ?? throw new ArgumentNullException(nameof(value)));

    /// <summary>Same form and same value.</summary>
    public static bool operator ==(IntOrString left, IntOrString right) => left.Equals(right);

    /// <summary>Other form or other value.</summary>
    public static bool operator !=(IntOrString left, IntOrString right) => !left.Equals(right);

    /// <summary>
    /// The number, with a percentage taken of <paramref name="total"/>.
    /// Bounds on what may be missing round down, bounds on what may be too many round up.
    /// </summary>
    /// <exception cref="FormatException">A string that is no percentage.</exception>
    public int Scaled(int total, bool roundUp)
    {
        if (_text is null)
        {
            return _number;
        }

        if (!_text.EndsWith('%') || !int.TryParse(_text.AsSpan(..^1), System.Globalization.NumberStyles.None, null, out var percent))
        {
            throw new FormatException($"\"{_text}\" is neither an integer nor a percentage such as \"25%\"");
        }

        var product = (long)percent * total;
        return (int)(roundUp ? (product + 99) / 100 : product / 100);
    }

    /// <inheritdoc/>
    public bool Equals(IntOrString other) => _number == other._number && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IntOrString other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _text is null ? _number : _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The value as text.</summary>
    public override string ToString() => _text ?? _number.ToString();
}
