namespace LlmOperator.Kubernetes.Objects;

/// <summary>Recursive descent over the text form of label selectors. Errors use the words the API server uses, which people search for.</summary>
internal ref struct SelectorParser
{
    private const string Symbols = "=!(),<>";
    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private SelectorParser(ReadOnlySpan<char> text) => _text = text;

    public static List<SelectorRequirement> Parse(string text)
    {
        var parser = new SelectorParser(text);
        var requirements = new List<SelectorRequirement>();
        var token = parser.Peek();
        while (token.Length > 0)
        {
            if (token is not "!" && !IsWord(token))
            {
                throw new FormatException($"found '{token}', expected: !, identifier, or 'end of string'");
            }

            requirements.Add(parser.Requirement());
            token = parser.Next();
            if (token.Length == 0)
            {
                break;
            }

            if (token is not ",")
            {
                throw new FormatException($"found '{token}', expected: ',' or 'end of string'");
            }

            token = parser.Peek();
            if (token is not "!" && !IsWord(token))
            {
                throw new FormatException($"found '{token}', expected: identifier after ','");
            }
        }

        return requirements;
    }

    private static bool IsWord(ReadOnlySpan<char> token) => token.Length > 0 && !Symbols.Contains(token[0]);

    private SelectorRequirement Requirement()
    {
        var token = Next();
        var absent = token is "!";
        if (absent)
        {
            token = Next();
        }

        if (!IsWord(token))
        {
            throw new FormatException($"unable to parse requirement: found '{token}', expected: identifier");
        }

        var key = token.ToString();
        if (LabelRules.KeyFault(key) is { } fault)
        {
            throw new FormatException($"unable to parse requirement: {fault}");
        }

        if (absent)
        {
            return new SelectorRequirement(key, SelectorOperator.DoesNotExist, []);
        }

        if (Peek() is "" or ",")
        {
            return new SelectorRequirement(key, SelectorOperator.Exists, []);
        }

        return Comparison(key);
    }

    private SelectorRequirement Comparison(string key)
    {
        var token = Next();
        var op = token switch
        {
            "=" or "==" or "in" => SelectorOperator.In,
            "!=" or "notin" => SelectorOperator.NotIn,
            ">" => SelectorOperator.GreaterThan,
            "<" => SelectorOperator.LessThan,
            _ => throw new FormatException($"unable to parse requirement: found '{token}', expected: in, notin, =, ==, !=, gt, lt"),
        };
        var values = token is "in" or "notin" ? Set() : [Exact()];
        foreach (var value in values)
        {
            if (op is SelectorOperator.GreaterThan or SelectorOperator.LessThan && !long.TryParse(value, out _))
            {
                throw new FormatException($"unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer");
            }

            if (LabelRules.ValueFault(value) is { } fault)
            {
                throw new FormatException($"unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\": {fault}");
            }
        }

        return new SelectorRequirement(key, op, values);
    }

    // `a=` asks for the empty value.
    private string Exact()
    {
        var token = Peek();
        if (token is "" or ",")
        {
            return "";
        }

        return IsWord(token)
            ? Next().ToString()
            : throw new FormatException($"unable to parse requirement: found '{token}', expected: identifier");
    }

    private List<string> Set()
    {
        var token = Next();
        if (token is not "(")
        {
            throw new FormatException($"unable to parse requirement: found '{token}' expected: '('");
        }

        var values = new List<string>();
        var wantsValue = true;
        while (true)
        {
            token = Next();
            if (token is "," or ")")
            {
                if (wantsValue)
                {
                    Add(values, "");
                }

                if (token is ")")
                {
                    return values;
                }

                wantsValue = true;
            }
            else if (IsWord(token) && wantsValue)
            {
                Add(values, token.ToString());
                wantsValue = false;
            }
            else
            {
                throw new FormatException($"unable to parse requirement: found '{token}', expected: ',', ')' or identifier");
            }
        }
    }

    private static void Add(List<string> values, string value)
    {
        if (!values.Contains(value))
        {
            values.Add(value);
        }
    }

    private readonly ReadOnlySpan<char> Peek()
    {
        var ahead = this;
        return ahead.Next();
    }

    private ReadOnlySpan<char> Next()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }

        var start = _at;
        if (start == _text.Length)
        {
            return [];
        }

        if (Symbols.Contains(_text[start]))
        {
            _at++;
            if (_text[start] is '=' or '!' && _at < _text.Length && _text[_at] == '=')
            {
                _at++;
            }
        }
        else
        {
            while (_at < _text.Length && !Symbols.Contains(_text[_at]) && _text[_at] is not (' ' or '\t' or '\r' or '\n'))
            {
                _at++;
            }
        }

        return _text[start.._at];
    }
}
