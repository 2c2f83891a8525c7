using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>
/// Embeddings whose similarity means shared words: every word has a direction of its own, given by its hash. Each model has other directions, so that vectors of two models have as little in common as those of real ones.
/// </summary>
internal static partial class Similarity
{
    /// <summary>Dimensions when none are asked for.</summary>
    public const int UsualDimensions = 384;

    // A word touches several dimensions, so that two words that fall on one are still told apart.
    private const int DimensionsPerWord = 4;

    /// <summary>Sizes of the vectors of models that are often used, by what their names hold.</summary>
    private static readonly (string Part, int Dimensions)[] Sizes =
        [("minilm", 384), ("mpnet", 768), ("bge-m3", 1024), ("qwen3-embedding-0.6b", 1024), ("-small", 384), ("-base", 768), ("-large", 1024)];

    /// <summary>Dimensions of a model's vectors.</summary>
    public static int DimensionsOf(string model) => Array.Find(Sizes, size => model.Contains(size.Part, StringComparison.OrdinalIgnoreCase)) is { Dimensions: > 0 and var known } ? known : UsualDimensions;

    /// <summary>The embedding of a text, of length 1.</summary>
    /// <param name="text">The text.</param>
    /// <param name="dimensions">How many numbers.</param>
    /// <param name="model">The model; its name decides the directions.</param>
    public static float[] Embed(string text, int dimensions = UsualDimensions, string model = "")
    {
        var seed = model.Length == 0 ? 0 : Tokens.Hash(model.ToLowerInvariant());
        var vector = new double[dimensions];
        foreach (var word in Words().EnumerateMatches(text))
        {
            var hash = seed ^ Tokens.Hash(text.Substring(word.Index, word.Length).ToLowerInvariant());
            for (var i = 0; i < DimensionsPerWord; i++)
            {
                vector[(int)(hash % (ulong)dimensions)] += (hash >> 63) == 0 ? 1 : -1;
                hash = unchecked((hash * 6364136223846793005ul) + 1442695040888963407ul);
            }
        }

        var length = Math.Sqrt(vector.Sum(value => value * value));
        if (length == 0)
        {
            // A text without words is like others without words, and like nothing else.
            (vector[0], length) = (1, 1);
        }

        return [.. vector.Select(value => (float)(value / length))];
    }

    /// <summary>How alike two texts are, from 0 to 1.</summary>
    public static double Of(string one, string other)
    {
        var (first, second) = (Embed(one), Embed(other));
        var product = 0.0;
        for (var i = 0; i < first.Length; i++)
        {
            product += (double)first[i] * second[i];
        }

        return Math.Clamp(product, 0, 1);
    }

    /// <summary>Documents by how alike they are to a query, the most alike first.</summary>
    public static IReadOnlyList<(int Index, double Score)> Rank(string query, IReadOnlyList<string> documents) =>
        [.. documents.Select((document, index) => (Index: index, Score: Of(query, document))).OrderByDescending(ranked => ranked.Score).ThenBy(ranked => ranked.Index)];

    [GeneratedRegex(@"[\p{L}\p{Nd}]+")]
    private static partial Regex Words();
}
