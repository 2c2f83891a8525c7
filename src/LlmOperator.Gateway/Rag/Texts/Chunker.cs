namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>Cuts cleaned texts into chunks, by rules that depend on what the text is.</summary>
internal static class Chunker
{
    /// <summary>The chunks of a text, in its order.</summary>
    /// <param name="text">A cleaned text.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="maxTokens">Most tokens the embedder reads of a text.</param>
    public static IReadOnlyList<string> Cut(string text, ChunkRules rules, int maxTokens) => rules.BySentences
        ? BySentences(text, rules.MinLength, rules.MaxLength)
        : [.. ByLength(text, rules.Size).SelectMany(section => ByTokens(section, maxTokens, rules.Overlap))];

    /// <summary>
    /// Whole sentences, put together while they stay within the longest length. What is shorter than the shortest when the next sentence would not fit, or at the end, is dropped: such pieces say too little.
    /// A sentence that is too long by itself is a chunk of its own.
    /// </summary>
    private static List<string> BySentences(string text, int shortest, int longest)
    {
        var chunks = new List<string>();
        var current = "";
        foreach (var sentence in Sentences.Of(text))
        {
            if (current.Length + sentence.Length <= longest)
            {
                current += sentence + " ";
                continue;
            }

            Add(current);
            current = sentence + " ";
        }

        Add(current);
        return chunks;

        // Lengths count the space after the last sentence, as those who made the indexes that exist counted it.
        void Add(string chunk)
        {
            if (chunk.Length >= shortest)
            {
                chunks.Add(chunk.Trim());
            }
        }
    }

    /// <summary>Paragraphs, put together while they stay within a number of characters. One that is longer stays whole, as a cleaned text does: the tokens decide where it is cut.</summary>
    private static IEnumerable<string> ByLength(string text, int size)
    {
        var current = "";
        foreach (var paragraph in text.Split("\n\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (current.Length > 0 && current.Length + 2 + paragraph.Length > size)
            {
                yield return current;
                current = "";
            }

            current = current.Length > 0 ? $"{current}\n\n{paragraph}" : paragraph;
        }

        if (current.Length > 0)
        {
            yield return current;
        }
    }

    /// <summary>Pieces of at most so many tokens, each beginning with the last ones of the piece before it. Words stay whole unless one alone is too long; the text between stays as it is.</summary>
    private static IEnumerable<string> ByTokens(string text, int most, int overlap)
    {
        var words = TokenEstimate.Words(text).SelectMany(word => Fitting(text, word, most)).ToList();
        for (var first = 0; first < words.Count;)
        {
            var (end, tokens) = (first, 0);
            while (end < words.Count && tokens + words[end].Tokens <= most)
            {
                tokens += words[end++].Tokens;
            }

            yield return text[words[first].Start..words[end - 1].End];
            if (end == words.Count)
            {
                yield break;
            }

            var next = end;
            for (var back = 0; next - 1 > first && back + words[next - 1].Tokens <= overlap; next--)
            {
                back += words[next - 1].Tokens;
            }

            first = next;
        }
    }

    /// <summary>A word, or, where it alone has too many tokens, its parts.</summary>
    private static IEnumerable<(int Start, int End, int Tokens)> Fitting(string text, (int Start, int End, int Tokens) word, int most)
    {
        if (word.Tokens <= most)
        {
            yield return word;
            yield break;
        }

        for (var start = word.Start; start < word.End;)
        {
            // A character is never more than one token here, so that as many characters are few enough.
            var end = Math.Min(start + most, word.End);
            end -= end < word.End && end - 1 > start && char.IsHighSurrogate(text[end - 1]) ? 1 : 0;
            yield return (start, end, TokenEstimate.Count(text[start..end]));
            start = end;
        }
    }
}
