using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Tables;

/// <summary>The JSONPath of printer columns: fields, indexes, slices, wildcards, recursion and filters that compare with a literal.</summary>
internal sealed class JsonPath
{
    private readonly List<Func<JsonNode, IEnumerable<JsonNode?>>> _steps;

    private JsonPath(List<Func<JsonNode, IEnumerable<JsonNode?>>> steps) => _steps = steps;

    /// <summary>Reads a path such as <c>.status.conditions[?(@.type=="Ready")].status</c>.</summary>
    /// <exception cref="FormatException">The text is no path.</exception>
    public static JsonPath Parse(string text) => new Parser(text).Path();

    /// <summary>The values at the path; a step that finds nothing yields nothing.</summary>
    public IEnumerable<JsonNode> Find(JsonNode root)
    {
        IEnumerable<JsonNode> found = [root];
        foreach (var step in _steps)
        {
            found = found.SelectMany(step).OfType<JsonNode>();
        }

        return found;
    }

    /// <summary>Whether the path leads to a null.</summary>
    public bool FindsNull(JsonNode root)
    {
        IEnumerable<JsonNode?> found = [root];
        foreach (var step in _steps)
        {
            found = found.OfType<JsonNode>().SelectMany(step);
        }

        return found.Any(value => value is null);
    }

    private static IEnumerable<JsonNode?> Children(JsonNode node) => node switch
    {
        JsonObject obj => obj.Select(field => field.Value),
        JsonArray array => array,
        _ => [],
    };

    private static IEnumerable<JsonNode?> Descendants(JsonNode node)
    {
        yield return node;
        foreach (var descendant in Children(node).OfType<JsonNode>().SelectMany(Descendants))
        {
            yield return descendant;
        }
    }

    private static IEnumerable<JsonNode?> Slice(JsonNode node, int? from, int? to, int step)
    {
        if (node is not JsonArray array)
        {
            yield break;
        }

        var start = Clamp(from ?? 0, array.Count);
        var end = Clamp(to ?? array.Count, array.Count);
        for (var i = start; i < end; i += step)
        {
            yield return array[i];
        }
    }

    private static int Clamp(int index, int count) => Math.Clamp(index < 0 ? index + count : index, 0, count);

    private ref struct Parser(string text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int _at;

        public JsonPath Path()
        {
            var trimmed = _text.Trim();
            if (trimmed is ['{', .., '}'])
            {
                return new Parser(trimmed[1..^1].ToString()).Path();
            }

            var steps = Steps(stopAtOperator: false);
            return _at == _text.Length ? new JsonPath(steps) : throw Fault();
        }

        private List<Func<JsonNode, IEnumerable<JsonNode?>>> Steps(bool stopAtOperator)
        {
            var steps = new List<Func<JsonNode, IEnumerable<JsonNode?>>>();
            if (Peek() is '$' or '@')
            {
                _at++;
            }

            while (_at < _text.Length)
            {
                switch (Peek())
                {
                    case '.' when _at + 1 < _text.Length && _text[_at + 1] == '.':
                        _at += 2;
                        steps.Add(Descendants);
                        if (Peek() is not ('[' or '.'))
                        {
                            steps.Add(Field());
                        }

                        break;
                    case '.':
                        _at++;
                        if (_at < _text.Length && Peek() != '[')
                        {
                            steps.Add(Field());
                        }

                        break;
                    case '[':
                        steps.Add(Bracket());
                        break;
                    case var c when stopAtOperator && c is ' ' or ')' or '=' or '!' or '<' or '>':
                        return steps;
                    default:
                        steps.Add(Field());
                        break;
                }
            }

            return steps;
        }

        private Func<JsonNode, IEnumerable<JsonNode?>> Field()
        {
            var name = new StringBuilder();
            while (_at < _text.Length && Peek() is not ('.' or '[' or ']' or ' ' or ')' or '=' or '!' or '<' or '>'))
            {
                if (Peek() == '\\' && _at + 1 < _text.Length)
                {
                    _at++;
                }

                name.Append(_text[_at++]);
            }

            return name.Length == 0 ? throw Fault() : name.ToString() == "*" ? Children : Named(name.ToString());
        }

        private static Func<JsonNode, IEnumerable<JsonNode?>> Named(string name) =>
            node => node is JsonObject obj && obj.TryGetPropertyValue(name, out var value) ? [value] : [];

        private Func<JsonNode, IEnumerable<JsonNode?>> Bracket()
        {
            _at++;
            switch (Peek())
            {
                case '?':
                    return Filter();
                case '*':
                    _at++;
                    Expect(']');
                    return Children;
                case '\'' or '"':
                    var names = new List<string> { Quoted() };
                    while (Peek() == ',')
                    {
                        _at++;
                        SkipSpace();
                        names.Add(Quoted());
                    }

                    Expect(']');
                    return node => names.SelectMany(name => Named(name)(node));
                default:
                    return Indexes();
            }
        }

        private Func<JsonNode, IEnumerable<JsonNode?>> Indexes()
        {
            var end = _text[_at..].IndexOf(']');
            var inner = end < 0 ? throw Fault() : _text.Slice(_at, end).ToString();
            _at += end + 1;
            if (inner.Contains(':'))
            {
                var parts = inner.Split(':');
                var (from, to, step) = (Number(parts[0]), Number(parts[1]), parts.Length > 2 ? Number(parts[2]) ?? 1 : 1);
                return step < 1 ? throw Fault() : node => Slice(node, from, to, step);
            }

            var indexes = inner.Split(',').Select(part => Number(part) ?? throw new FormatException($"invalid array index {part}")).ToArray();
            return node => node is JsonArray array
                ? indexes.Select(index => index < 0 ? index + array.Count : index).Where(index => index >= 0 && index < array.Count).Select(index => array[index])
                : [];
        }

        private Func<JsonNode, IEnumerable<JsonNode?>> Filter()
        {
            _at++;
            Expect('(');
            SkipSpace();
            var left = new JsonPath(Steps(stopAtOperator: true));
            SkipSpace();
            if (Peek() == ')')
            {
                _at++;
                Expect(']');
                return node => Children(node).Where(item => item is not null && left.Find(item).Any());
            }

            var start = _at;
            while (Peek() is '=' or '!' or '<' or '>')
            {
                _at++;
            }

            var comparison = _text[start.._at].ToString();
            SkipSpace();
            var literal = Literal();
            SkipSpace();
            Expect(')');
            Expect(']');
            return node => Children(node).Where(item => item is not null && left.Find(item).Any(value => Holds(value, comparison, literal)));
        }

        private JsonNode Literal()
        {
            if (Peek() is '\'' or '"')
            {
                return Quoted();
            }

            var start = _at;
            while (_at < _text.Length && Peek() is not (')' or ' '))
            {
                _at++;
            }

            var word = _text[start.._at].ToString();
            return word switch
            {
                "true" => true,
                "false" => false,
                _ => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw Fault(),
            };
        }

        private static bool Holds(JsonNode value, string comparison, JsonNode literal)
        {
            var order = (value.GetValueKind(), literal.GetValueKind()) switch
            {
                (JsonValueKind.Number, JsonValueKind.Number) => decimal.Parse(value.ToJsonString(), NumberStyles.Float)
                    .CompareTo(decimal.Parse(literal.ToJsonString(), NumberStyles.Float)),
                (JsonValueKind.String, JsonValueKind.String) => string.CompareOrdinal(value.GetValue<string>(), literal.GetValue<string>()),
                _ => JsonNode.DeepEquals(value, literal) ? 0 : int.MinValue,
            };
            return comparison switch
            {
                "==" => order == 0,
                "!=" => order != 0,
                _ when order == int.MinValue => false,
                "<" => order < 0,
                "<=" => order <= 0,
                ">" => order > 0,
                ">=" => order >= 0,
                _ => throw new FormatException($"unrecognized filter operator {comparison}"),
            };
        }

        private string Quoted()
        {
            var quote = Peek();
            if (quote is not ('\'' or '"'))
            {
                throw Fault();
            }

            _at++;
            var word = new StringBuilder();
            while (_at < _text.Length && Peek() != quote)
            {
                if (Peek() == '\\' && _at + 1 < _text.Length)
                {
                    _at++;
                }

                word.Append(_text[_at++]);
            }

            Expect(quote);
            return word.ToString();
        }

        private static int? Number(string text) => text.Trim() is { Length: > 0 } digits
            ? int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"invalid array index {digits}")
            : null;

        private readonly char Peek() => _at < _text.Length ? _text[_at] : '\0';

        private void SkipSpace()
        {
            while (Peek() == ' ')
            {
                _at++;
            }
        }

        private void Expect(char wanted)
        {
            if (Peek() != wanted)
            {
                throw Fault();
            }

            _at++;
        }

        private readonly FormatException Fault() => new($"invalid JSON path at position {_at}: {_text}");
    }
}
