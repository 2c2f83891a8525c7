using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// JSON as the API server reads it: integers that fit 64 bits stay integers and everything else becomes a double, fields that
/// occur twice are reported (the last one counts), malformed text gets the messages Go users know. The tree holds no reference
/// to the text.
/// </summary>
internal ref struct JsonText
{
    // Go allows ten thousand; a .NET thread's stack does not.
    private const int MaxDepth = 500;

    private readonly ReadOnlySpan<byte> _text;
    private readonly List<string>? _duplicates;
    private readonly List<(string? Name, int Index)> _path;
    private int _position;

    private JsonText(ReadOnlySpan<byte> text, List<string>? duplicates)
    {
        _text = text;
        _duplicates = duplicates;
        _path = [];
    }

    /// <summary>Reads one JSON value.</summary>
    /// <exception cref="DecodeException">The text is malformed.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> text) => Parse(text, null);

    /// <summary>Reads one JSON value.</summary>
    /// <param name="text">UTF-8; a byte order mark is skipped.</param>
    /// <param name="duplicateFields">Paths (<c>spec.steps[0].name</c>) of fields that occur more than once.</param>
    /// <exception cref="DecodeException">The text is malformed.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> text, out IReadOnlyList<string> duplicateFields)
    {
        var duplicates = new List<string>();
        duplicateFields = duplicates;
        return Parse(text, duplicates);
    }

    private static JsonNode? Parse(ReadOnlySpan<byte> text, List<string>? duplicates)
    {
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        var parser = new JsonText(text, duplicates);
        parser.SkipSpace();
        var node = parser.Value();
        parser.SkipSpace();
        if (parser._position < text.Length)
        {
            throw parser.Invalid("after top-level value");
        }

        return node;
    }

    private JsonNode? Value()
    {
        if (_position >= _text.Length)
        {
            throw End();
        }

        switch (_text[_position])
        {
            case (byte)'{':
                return Object();
            case (byte)'[':
                return Array();
            case (byte)'"':
                return JsonValue.Create(String());
            case (byte)'t':
                Literal("true");
                return JsonValue.Create(true);
            case (byte)'f':
                Literal("false");
                return JsonValue.Create(false);
            case (byte)'n':
                Literal("null");
                return null;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return Number();
            default:
                throw Invalid("looking for beginning of value");
        }
    }

    private JsonObject Object()
    {
        var result = new JsonObject();
        _position++;
        SkipSpace();
        if (Peek() == '}')
        {
            _position++;
            return result;
        }

        while (true)
        {
            if (Peek() != '"')
            {
                throw Invalid("looking for beginning of object key string");
            }

            var name = String();
            SkipSpace();
            if (Peek() != ':')
            {
                throw Invalid("after object key");
            }

            _position++;
            SkipSpace();
            Enter(name, 0);
            var value = Value();
            if (!result.TryAdd(name, value))
            {
                result[name] = value;
                var path = Path();
                if (_duplicates is not null && !_duplicates.Contains(path))
                {
                    _duplicates.Add(path);
                }
            }

            Leave();
            SkipSpace();
            switch (Peek())
            {
                case (byte)',':
                    _position++;
                    SkipSpace();
                    break;
                case (byte)'}':
                    _position++;
                    return result;
                default:
                    throw Invalid("after object key:value pair");
            }
        }
    }

    private JsonArray Array()
    {
        var result = new JsonArray();
        _position++;
        SkipSpace();
        if (Peek() == ']')
        {
            _position++;
            return result;
        }

        while (true)
        {
            Enter(null, result.Count);
            result.Add(Value());
            Leave();
            SkipSpace();
            switch (Peek())
            {
                case (byte)',':
                    _position++;
                    SkipSpace();
                    break;
                case (byte)']':
                    _position++;
                    return result;
                default:
                    throw Invalid("after array element");
            }
        }
    }

    private JsonValue Number()
    {
        var start = _position;
        var whole = true;
        if (_text[_position] == '-')
        {
            _position++;
            if (!char.IsAsciiDigit((char)Peek()))
            {
                throw Invalid("in numeric literal");
            }
        }

        if (Peek() == '0')
        {
            _position++;
        }
        else
        {
            SkipDigits();
        }

        if (_position < _text.Length && _text[_position] == '.')
        {
            whole = false;
            _position++;
            if (!char.IsAsciiDigit((char)Peek()))
            {
                throw Invalid("after decimal point in numeric literal");
            }

            SkipDigits();
        }

        if (_position < _text.Length && _text[_position] is (byte)'e' or (byte)'E')
        {
            whole = false;
            _position++;
            if (Peek() is (byte)'+' or (byte)'-')
            {
                _position++;
            }

            if (!char.IsAsciiDigit((char)Peek()))
            {
                throw Invalid("in exponent of numeric literal");
            }

            SkipDigits();
        }

        var digits = _text[start.._position];
        if (whole && Utf8Parser.TryParse(digits, out long integer, out var used) && used == digits.Length)
        {
            return JsonValue.Create(integer);
        }

        var number = double.Parse(digits, CultureInfo.InvariantCulture);
        return double.IsFinite(number)
            ? JsonValue.Create(number)
            : throw new DecodeException($"json: cannot unmarshal number {Encoding.UTF8.GetString(digits)} into Go value of type float64");
    }

    private string String()
    {
        var start = ++_position;
        var run = _text[start..].IndexOfAny((byte)'"', (byte)'\\');
        if (run >= 0 && _text[start + run] == '"' && _text.Slice(start, run).IndexOfAnyInRange((byte)0, (byte)31) < 0)
        {
            _position += run + 1;
            return Encoding.UTF8.GetString(_text.Slice(start, run));
        }

        var result = new StringBuilder();
        while (true)
        {
            var next = Peek();
            if (next == '"')
            {
                _position++;
                return result.ToString();
            }

            if (next < 0x20)
            {
                throw Invalid("in string literal");
            }

            if (next == '\\')
            {
                _position++;
                Escape(result);
                continue;
            }

            var length = _text[_position..].IndexOfAny((byte)'"', (byte)'\\');
            length = length < 0 ? _text.Length - _position : length;
            var control = _text.Slice(_position, length).IndexOfAnyInRange((byte)0, (byte)31);
            length = control < 0 ? length : control;
            result.Append(Encoding.UTF8.GetString(_text.Slice(_position, length)));
            _position += length;
        }
    }

    private void Escape(StringBuilder result)
    {
        var code = Peek();
        switch (code)
        {
            case (byte)'"' or (byte)'\\' or (byte)'/':
                result.Append((char)code);
                break;
            case (byte)'b':
                result.Append('\b');
                break;
            case (byte)'f':
                result.Append('\f');
                break;
            case (byte)'n':
                result.Append('\n');
                break;
            case (byte)'r':
                result.Append('\r');
                break;
            case (byte)'t':
                result.Append('\t');
                break;
            case (byte)'u':
                _position++;
                Unicode(result);
                return;
            default:
                throw Invalid("in string escape code");
        }

        _position++;
    }

    /// <summary>A surrogate without its partner becomes U+FFFD.</summary>
    private void Unicode(StringBuilder result)
    {
        var unit = (char)Hex();
        if (char.IsHighSurrogate(unit) && _text[_position..].StartsWith("\\u"u8))
        {
            var mark = _position;
            _position += 2;
            var low = (char)Hex();
            if (char.IsLowSurrogate(low))
            {
                result.Append(unit).Append(low);
                return;
            }

            _position = mark;
        }

        result.Append(char.IsSurrogate(unit) ? '\uFFFD' : unit);
    }

    private int Hex()
    {
        var value = 0;
        for (var digit = 0; digit < 4; digit++)
        {
            if (!char.IsAsciiHexDigit((char)Peek()))
            {
                throw Invalid("in \\u hexadecimal character escape");
            }

            value = (value << 4) | Convert.ToInt32(((char)_text[_position]).ToString(), 16);
            _position++;
        }

        return value;
    }

    private void Literal(string word)
    {
        for (var index = 0; index < word.Length; index++)
        {
            if (Peek() != word[index])
            {
                throw Invalid($"in literal {word} (expecting '{word[index]}')");
            }

            _position++;
        }
    }

    private void SkipDigits()
    {
        while (_position < _text.Length && char.IsAsciiDigit((char)_text[_position]))
        {
            _position++;
        }
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && _text[_position] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _position++;
        }
    }

    private readonly byte Peek() => _position < _text.Length ? _text[_position] : throw End();

    private readonly void Enter(string? name, int index)
    {
        if (_path.Count >= MaxDepth)
        {
            throw new DecodeException("exceeded max depth");
        }

        _path.Add((name, index));
    }

    private readonly void Leave() => _path.RemoveAt(_path.Count - 1);

    private readonly string Path()
    {
        var path = new StringBuilder();
        foreach (var (name, index) in _path)
        {
            if (name is null)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }
            else
            {
                path.Append(path.Length == 0 ? "" : ".").Append(name);
            }
        }

        return path.ToString();
    }

    private readonly DecodeException Invalid(string where)
    {
        if (_position >= _text.Length)
        {
            return End();
        }

        var status = Rune.DecodeFromUtf8(_text[_position..], out var rune, out _);
        var shown = rune.Value switch
        {
            '\'' => @"'\''",
            '\n' => @"'\n'",
            '\t' => @"'\t'",
            '\r' => @"'\r'",
            '\\' => @"'\\'",
            _ when status != System.Buffers.OperationStatus.Done => $"'\\x{_text[_position]:x2}'",
            < ' ' => $"'\\x{rune.Value:x2}'",
            _ => $"'{rune}'",
        };
        return new DecodeException($"invalid character {shown} {where}");
    }

    private static DecodeException End() => new("unexpected end of JSON input");
}
