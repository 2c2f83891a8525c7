using System.Collections.Frozen;
using System.Text;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>
/// Puts Latin letters and the marks that follow them together, as keyboards do and some systems' file names do not, so that the same word is the same text. The framework's own normalisation needs data that is not in our images
/// (they run with invariant globalisation, in which it changes nothing).
/// </summary>
internal static class ComposedText
{
    private static readonly FrozenDictionary<(char Letter, char Mark), char> Composed = new (char Mark, string Letters, string Together)[]
    {
        ('\u0300', "AEIOUaeiouNnWwYy", "ÀÈÌÒÙàèìòùǸǹẀẁỲỳ"),
        ('\u0301', "AEIOUYaeiouyCcLlNnRrSsZz", "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹź"),
        ('\u0302', "AEIOUaeiouCcGgHhJjSsWwYy", "ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷ"),
        ('\u0303', "ANOanoIiUu", "ÃÑÕãñõĨĩŨũ"),
        ('\u0304', "AEIOUaeiou", "ĀĒĪŌŪāēīōū"),
        ('\u0306', "AaEeGgIiOoUu", "ĂăĔĕĞğĬĭŎŏŬŭ"),
        ('\u0307', "CcEeGgIiZz", "ĊċĖėĠġİiŻż"), // A small i has its dot already: this is what becomes of İ where it is made small without regard to Turkish.
        ('\u0308', "AEIOUaeiouYy", "ÄËÏÖÜäëïöüŸÿ"),
        ('\u030A', "AaUu", "ÅåŮů"),
        ('\u030B', "OoUu", "ŐőŰű"),
        ('\u030C', "CcDdEeNnRrSsTtZz", "ČčĎďĚěŇňŘřŠšŤťŽž"),
        ('\u0327', "CcGgKkLlNnRrSsTt", "ÇçĢģĶķĻļŅņŖŗŞşŢţ"),
        ('\u0328', "AaEeIiUu", "ĄąĘęĮįŲų"),
    }.SelectMany(row => row.Letters.Zip(row.Together, (letter, together) => ((letter, row.Mark), together))).ToFrozenDictionary(one => one.Item1, one => one.together);

    /// <summary>The text with its marks in their letters.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u0300', '\u036f'))
        {
            return text;
        }

        var composed = new StringBuilder(text.Length);
        foreach (var sign in text)
        {
            if (composed.Length > 0 && Composed.TryGetValue((composed[^1], sign), out var together))
            {
                composed[^1] = together;
            }
            else
            {
                composed.Append(sign);
            }
        }

        return composed.ToString();
    }
}
