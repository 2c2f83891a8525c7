using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Which objects a request means by the few fields their kind can be selected by.</summary>
internal sealed class FieldSelector
{
    private readonly List<(string Field, string Value, bool Equal)> _terms = [];

    /// <summary>Selects everything.</summary>
    public static FieldSelector Everything { get; } = new();

    /// <summary>Whether nothing is left out.</summary>
    public bool IsEverything => _terms.Count == 0;

    /// <summary>Reads <c>a=b,c!=d</c> for a kind.</summary>
    /// <exception cref="Server.StatusException">400 when the text is none, or the kind cannot be selected by a field.</exception>
    public static FieldSelector Parse(string? text, KindDefinition kind)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Everything;
        }

        var selector = new FieldSelector();
        foreach (var term in Split(text))
        {
            var at = term.IndexOf('=');
            if (at < 0)
            {
                throw Refusals.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            }

            var equal = at == 0 || term[at - 1] != '!';
            var field = equal ? term[..at] : term[..(at - 1)];
            var value = term[(at + 1)..];
            if (equal && value.StartsWith('='))
            {
                value = value[1..];
            }

            RequireKnown(field, kind);
            selector._terms.Add((field, Unescape(value), equal));
        }

        return selector;
    }

    /// <summary>Whether an object fits.</summary>
    public bool Matches(KindDefinition kind, JsonObject obj)
    {
        foreach (var (field, wanted, equal) in _terms)
        {
            var value = field switch
            {
                "metadata.name" => obj.Text("metadata", "name") ?? "",
                "metadata.namespace" => obj.Text("metadata", "namespace") ?? "",
                _ => kind.Behavior.SelectableField(obj, field) ?? "",
            };
            if ((value == wanted) != equal)
            {
                return false;
            }
        }

        return true;
    }

    private static void RequireKnown(string field, KindDefinition kind)
    {
        if (field is "metadata.name" or "metadata.namespace" || kind.Behavior.SelectableFields.Contains(field))
        {
            return;
        }

        throw Refusals.BadRequest(kind.Custom || kind.Behavior.SelectableFields.Count > 0
            ? $"field label not supported: {field}"
            : $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
    }

    private static List<string> Split(string text)
    {
        var terms = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }

        terms.Add(text[start..]);
        terms.RemoveAll(term => term.Length == 0);
        return terms;
    }

    private static string Unescape(string value)
    {
        if (!value.Contains('\\'))
        {
            return value;
        }

        var plain = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length)
            {
                i++;
            }

            plain.Append(value[i]);
        }

        return plain.ToString();
    }
}
