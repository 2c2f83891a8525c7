using System.Security.Cryptography;
using System.Text;

namespace LlmOperator.Planning.Prompts;

/// <summary>
/// A prompt with places for a query and its context: <c>{query}</c> and <c>{context}</c>. A brace that is to stay one is written twice. The places are found once, in the template alone:
/// what is put into them is never looked at again, whatever stands in it.
/// </summary>
public sealed class PromptTemplate
{
    /// <summary>Longest template, in characters.</summary>
    public const int Longest = 128 << 10;

    private const string Query = "query";
    private const string Context = "context";

    private readonly List<(string Text, string? Place)> _parts;

    private PromptTemplate(List<(string Text, string? Place)> parts, string hash) => (_parts, Hash) = (parts, hash);

    /// <summary>SHA-256 of the template's UTF-8, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="text">The template.</param>
    /// <param name="problem">Why it is none.</param>
    public static PromptTemplate? Parse(string text, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        problem = text.Length > Longest ? $"it has {text.Length} characters and may have {Longest}" : null;
        var (parts, literal) = (new List<(string Text, string? Place)>(), new StringBuilder());
        for (var i = 0; i < text.Length && problem is null; i++)
        {
            var c = text[i];
            if (c is not ('{' or '}'))
            {
                literal.Append(c);
            }
            else if (i + 1 < text.Length && text[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '}')
            {
                problem = $"the brace }} at character {i + 1} closes nothing; write }}}} for a brace";
            }
            else
            {
                var end = text.IndexOf('}', i);
                var place = end < 0 ? null : text[(i + 1)..end];
                if (place is not (Query or Context))
                {
                    problem = $"at character {i + 1} stands a brace {{ that begins neither {{query}} nor {{context}}; write {{{{ for a brace";
                    break;
                }

                parts.Add((literal.ToString(), place));
                literal.Clear();
                i = end;
            }
        }

        problem ??= parts.Exists(part => part.Place == Query) ? parts.Exists(part => part.Place == Context) ? null : "{context} is missing" : "{query} is missing";
        if (problem is not null)
        {
            return null;
        }

        parts.Add((literal.ToString(), null));
        return new(parts, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
    }

    /// <summary>The prompt for a query and its context.</summary>
    /// <param name="query">What is asked.</param>
    /// <param name="context">What was found of it.</param>
    public string Render(string query, string context)
    {
        var prompt = new StringBuilder();
        foreach (var (text, place) in _parts)
        {
            prompt.Append(text).Append(place switch { Query => query, Context => context, _ => "" });
        }

        return prompt.ToString();
    }
}
