using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Which objects a request means by their labels: the text form of queries, and the object form within specs.</summary>
internal sealed class LabelSelector
{
    private readonly List<Func<JsonObject?, bool>> _requirements = [];

    /// <summary>Selects everything.</summary>
    public static LabelSelector Everything { get; } = new();

    /// <summary>Whether nothing is left out.</summary>
    public bool IsEverything => _requirements.Count == 0;

    /// <summary>Reads the text form: <c>a=b,c!=d,e in (f,g),h,!i</c>.</summary>
    /// <exception cref="Server.StatusException">400 when the text is none.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        var selector = new LabelSelector();
        var reader = new Reader(text);
        do
        {
            selector.Add(ref reader);
        }
        while (reader.Take(","));
        reader.End();
        return selector;
    }

    /// <summary>Reads the object form with <c>matchLabels</c> and <c>matchExpressions</c>. An absent one selects nothing, an empty one everything.</summary>
    public static LabelSelector? Of(JsonObject? selector)
    {
        if (selector is null)
        {
            return null;
        }

        var result = new LabelSelector();
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
        {
            var wanted = value.Text();
            result._requirements.Add(labels => labels.Text(key) == wanted && wanted is not null);
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var key = expression.Text("key") ?? "";
            result.Require(key, expression.Text("operator") ?? "", expression.Texts("values"));
        }

        return result;
    }

    /// <summary>Whether an object's labels fit.</summary>
    public bool Matches(JsonObject obj)
    {
        if (_requirements.Count == 0)
        {
            return true;
        }

        var labels = obj.Object("metadata", "labels");
        foreach (var requirement in _requirements)
        {
            if (!requirement(labels))
            {
                return false;
            }
        }

        return true;
    }

    private void Add(ref Reader reader)
    {
        if (reader.Take("!"))
        {
            Require(Key(reader.Word()), "DoesNotExist", []);
            return;
        }

        var key = Key(reader.Word());
        if (reader.Take("==") || reader.Take("="))
        {
            Require(key, "In", [Value(reader.OptionalWord())]);
        }
        else if (reader.Take("!="))
        {
            Require(key, "NotIn", [Value(reader.OptionalWord())]);
        }
        else if (reader.TakeWord("in"))
        {
            Require(key, "In", reader.List().ConvertAll(Value));
        }
        else if (reader.TakeWord("notin"))
        {
            Require(key, "NotIn", reader.List().ConvertAll(Value));
        }
        else if (reader.Take(">"))
        {
            Compare(key, reader.Number(), 1);
        }
        else if (reader.Take("<"))
        {
            Compare(key, reader.Number(), -1);
        }
        else
        {
            Require(key, "Exists", []);
        }
    }

    private void Require(string key, string comparison, IReadOnlyCollection<string> values) => _requirements.Add(comparison switch
    {
        "In" => labels => labels.Text(key) is { } value && values.Contains(value),
        "NotIn" => labels => labels.Text(key) is not { } value || !values.Contains(value),
        "Exists" => labels => labels.Text(key) is not null,
        _ => labels => labels.Text(key) is null,
    });

    private void Compare(string key, long bound, int sign) => _requirements.Add(labels =>
        long.TryParse(labels.Text(key), out var value) && value.CompareTo(bound) == sign);

    private static string Key(string key) => ObjectMetaRules.QualifiedNameFault(key) is { } fault
        ? throw Refusals.BadRequest($"unable to parse requirement: <nil>: Invalid value: \"{key}\": {fault}")
        : key;

    private static string Value(string value) => ObjectMetaRules.LabelValueFault(value) is { } fault
        ? throw Refusals.BadRequest($"unable to parse requirement: values[0][]: Invalid value: \"{value}\": {fault}")
        : value;

    private ref struct Reader(string text)
    {
        private int _at;

        public bool Take(string token)
        {
            SkipSpace();
            if (!text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal))
            {
                return false;
            }

            _at += token.Length;
            return true;
        }

        public bool TakeWord(string word)
        {
            SkipSpace();
            var end = _at + word.Length;
            if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal) || (end < text.Length && text[end] is not (' ' or '(')))
            {
                return false;
            }

            _at = end;
            return true;
        }

        public string Word() => OptionalWord() is { Length: > 0 } word ? word : throw Fault("identifier");

        public string OptionalWord()
        {
            SkipSpace();
            var start = _at;
            while (_at < text.Length && text[_at] is not (' ' or ',' or '=' or '!' or '(' or ')' or '<' or '>'))
            {
                _at++;
            }

            return text[start.._at];
        }

        public List<string> List()
        {
            if (!Take("("))
            {
                throw Fault("'('");
            }

            var values = new List<string>();
            do
            {
                values.Add(OptionalWord());
            }
            while (Take(","));
            return Take(")") ? values : throw Fault("',' or ')'");
        }

        public long Number() => long.TryParse(Word(), out var number)
            ? number
            : throw Refusals.BadRequest("unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer");

        public void End()
        {
            SkipSpace();
            if (_at < text.Length)
            {
                throw Fault("',' or end of string");
            }
        }

        private void SkipSpace()
        {
            while (_at < text.Length && text[_at] == ' ')
            {
                _at++;
            }
        }

        private readonly Server.StatusException Fault(string wanted) =>
            Refusals.BadRequest($"unable to parse requirement: found '{text[_at..]}', expected: {wanted}");
    }
}
