using System.Globalization;
using System.Text;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Kind of a token.</summary>
internal enum CelTokenKind
{
    /// <summary>End of the text.</summary>
    End,

    /// <summary>Name.</summary>
    Identifier,

    /// <summary>Literal; the token has its value.</summary>
    Literal,

    /// <summary>Operator or punctuation.</summary>
    Symbol,
}

/// <summary>A token.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Text">As written.</param>
/// <param name="Position">Offset.</param>
/// <param name="Value">Value of a literal.</param>
internal readonly record struct CelToken(CelTokenKind Kind, string Text, int Position, object? Value = null);

/// <summary>Cuts an expression into tokens.</summary>
internal sealed class CelLexer(string source)
{
    private static readonly string[] Symbols =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    private int _at;

    /// <summary>The next token.</summary>
    /// <exception cref="CelSyntaxException">There is none that is valid.</exception>
    public CelToken Next()
    {
        SkipSpace();
        var start = _at;
        if (_at >= source.Length)
        {
            return new(CelTokenKind.End, "<EOF>", start);
        }

        var character = source[_at];
        if (char.IsAsciiDigit(character) || (character == '.' && _at + 1 < source.Length && char.IsAsciiDigit(source[_at + 1])))
        {
            return Number();
        }

        if (StringPrefix() is { } prefix)
        {
            return Text(prefix);
        }

        if (char.IsAsciiLetter(character) || character == '_')
        {
            while (_at < source.Length && (char.IsAsciiLetterOrDigit(source[_at]) || source[_at] == '_'))
            {
                _at++;
            }

            var name = source[start.._at];
            return name switch
            {
                "true" => new(CelTokenKind.Literal, name, start, true),
                "false" => new(CelTokenKind.Literal, name, start, false),
                "null" => new(CelTokenKind.Literal, name, start, CelNull.Value),
                "in" => new(CelTokenKind.Symbol, name, start),
                _ => new(CelTokenKind.Identifier, name, start),
            };
        }

        foreach (var symbol in Symbols)
        {
            if (source.AsSpan(_at).StartsWith(symbol, StringComparison.Ordinal))
            {
                _at += symbol.Length;
                return new(CelTokenKind.Symbol, symbol, start);
            }
        }

        throw new CelSyntaxException(start, $"Syntax error: token recognition error at: '{character}'");
    }

    private void SkipSpace()
    {
        while (_at < source.Length)
        {
            if (source[_at] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                _at++;
            }
            else if (source.AsSpan(_at).StartsWith("//"))
            {
                var end = source.IndexOf('\n', _at);
                _at = end < 0 ? source.Length : end;
            }
            else
            {
                return;
            }
        }
    }

    private CelToken Number()
    {
        var start = _at;
        if (source.AsSpan(_at).StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            _at += 2;
            Skip(char.IsAsciiHexDigit);
            return Integer(start, source[(start + 2).._at], NumberStyles.AllowHexSpecifier);
        }

        Skip(char.IsAsciiDigit);
        var real = false;
        if (_at + 1 < source.Length && source[_at] == '.' && char.IsAsciiDigit(source[_at + 1]))
        {
            real = true;
            _at++;
            Skip(char.IsAsciiDigit);
        }

        if (_at < source.Length && source[_at] is 'e' or 'E')
        {
            real = true;
            _at += _at + 1 < source.Length && source[_at + 1] is '+' or '-' ? 2 : 1;
            Skip(char.IsAsciiDigit);
        }

        return real
            ? new(CelTokenKind.Literal, source[start.._at], start, double.Parse(source.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture))
            : Integer(start, source[start.._at], NumberStyles.None);
    }

    private void Skip(Func<char, bool> matches)
    {
        while (_at < source.Length && matches(source[_at]))
        {
            _at++;
        }
    }

    private CelToken Integer(int start, string digits, NumberStyles style)
    {
        var unsigned = _at < source.Length && source[_at] is 'u' or 'U';
        if (unsigned)
        {
            _at++;
        }

        if (!ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out var number))
        {
            throw new CelSyntaxException(start, unsigned ? "invalid uint literal" : "invalid int literal");
        }

        // The parser takes a minus sign into account before it decides whether the number fits.
        return new(CelTokenKind.Literal, source[start.._at], start, unsigned ? number : new CelMagnitude(number));
    }

    private (bool Raw, bool Bytes, int Length)? StringPrefix()
    {
        bool raw = false, bytes = false;
        var length = 0;
        while (length < 2 && _at + length < source.Length)
        {
            switch (source[_at + length])
            {
                case 'r' or 'R' when !raw:
                    raw = true;
                    break;
                case 'b' or 'B' when !bytes:
                    bytes = true;
                    break;
                default:
                    return source[_at + length] is '"' or '\'' ? (raw, bytes, length) : null;
            }

            length++;
        }

        return _at + length < source.Length && source[_at + length] is '"' or '\'' ? (raw, bytes, length) : null;
    }

    private CelToken Text((bool Raw, bool Bytes, int Length) prefix)
    {
        var start = _at;
        _at += prefix.Length;
        var quote = source[_at];
        var triple = source.AsSpan(_at).StartsWith(new string(quote, 3));
        var close = new string(quote, triple ? 3 : 1);
        _at += close.Length;
        var text = new StringBuilder();
        var bytes = new List<byte>();
        while (true)
        {
            if (_at >= source.Length || (!triple && source[_at] is '\n' or '\r'))
            {
                throw new CelSyntaxException(start, $"Syntax error: token recognition error at: '{source[start..Math.Min(_at, source.Length)]}'");
            }

            if (source.AsSpan(_at).StartsWith(close, StringComparison.Ordinal))
            {
                _at += close.Length;
                break;
            }

            if (source[_at] == '\\' && !prefix.Raw)
            {
                Flush();
                var (value, isByte) = CelEscapes.Read(source, ref _at, start, prefix.Bytes);
                if (prefix.Bytes && isByte)
                {
                    bytes.Add((byte)value);
                }
                else
                {
                    text.Append(new Rune(value).ToString());
                }
            }
            else
            {
                text.Append(source[_at++]);
            }
        }

        if (!prefix.Bytes)
        {
            return new(CelTokenKind.Literal, source[start.._at], start, text.ToString());
        }

        Flush();
        return new(CelTokenKind.Literal, source[start.._at], start, new CelBytes([.. bytes]));

        void Flush()
        {
            if (prefix.Bytes)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text.ToString()));
                text.Clear();
            }
        }
    }
}

/// <summary>An integer literal before its sign is known.</summary>
internal readonly record struct CelMagnitude(ulong Value);

/// <summary>The text is no expression.</summary>
internal sealed class CelSyntaxException(int position, string message) : Exception(message)
{
    /// <summary>Where.</summary>
    public int Position => position;
}
