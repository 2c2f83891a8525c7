using System.Text;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>
/// A text as a sparse vector of its words, for collections whose sparse vector weighs words by their rarity (Qdrant's modifier <c>idf</c>): the other half of BM25. It needs no model. Words differ by neither case nor
/// the dot of an i, so that Turkish and English find each other's capitals.
/// </summary>
internal static class SparseText
{
    private const double Saturation = 1.2;
    private const double LengthShare = 0.75;
    private const double UsualWords = 256;

    /// <summary>The vector of a text that is stored.</summary>
    public static (uint[] Indices, float[] Values) OfDocument(string text)
    {
        var words = Count(text);
        var length = words.Values.Sum();
        var norm = Saturation * (1 - LengthShare + (LengthShare * length / UsualWords));
        return Vector(words, count => (float)(count * (Saturation + 1) / (count + norm)));
    }

    /// <summary>The vector of a query: each of its words once.</summary>
    public static (uint[] Indices, float[] Values) OfQuery(string text) => Vector(Count(text), static _ => 1);

    private static (uint[] Indices, float[] Values) Vector(SortedDictionary<uint, int> words, Func<int, float> weight) =>
        ([.. words.Keys], [.. words.Values.Select(weight)]);

    private static SortedDictionary<uint, int> Count(string text)
    {
        var words = new SortedDictionary<uint, int>();
        foreach (var (start, end, _) in TokenEstimate.Words(text))
        {
            if (char.IsLetterOrDigit(text[start]) || char.IsSurrogate(text[start]))
            {
                var hash = Hash(Fold(text[start..end]));
                words[hash] = words.GetValueOrDefault(hash) + 1;
            }
        }

        return words;
    }

    private static string Fold(string word) => ComposedText.Of(word).Replace('İ', 'i').Replace('ı', 'i').ToLowerInvariant();

    /// <summary>FNV-1a in 32 bits.</summary>
    private static uint Hash(string word)
    {
        var hash = 2166136261u;
        foreach (var part in Encoding.UTF8.GetBytes(word))
        {
            hash = (hash ^ part) * 16777619u;
        }

        return hash;
    }
}
