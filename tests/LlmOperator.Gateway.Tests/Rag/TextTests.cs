using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Rag.Texts;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

public sealed class TextTests
{
    [Theory]
    [InlineData("hello", "5d41402a-bc4b-4a76-b971-9d911017c592")]
    [InlineData("", "d41d8cd9-8f00-4204-a980-0998ecf8427e")]
    [InlineData("Merhaba dünya, çğıöşü İĞÜŞÖÇ!", null)]
    public void The_id_of_a_chunk_is_the_MD5_of_its_text_as_a_UUID_of_version_4(string text, string? expected)
    {
        var id = ChunkId.Of(text);
        Assert.Equal(expected ?? id, id);
        Assert.Equal(('4', true), (id[14], "89ab".Contains(id[19], StringComparison.Ordinal)));
        Assert.Equal(id, ChunkId.Of(text));
    }

    [Theory]
    [InlineData("B5FA1F08-0D3A-4F6E-9A1F-000000000001", "b5fa1f08-0d3a-4f6e-9a1f-000000000001")]
    [InlineData("hello", "5d41402a-bc4b-4a76-b971-9d911017c592")]
    public void A_document_is_kept_under_its_UUID_or_that_of_its_name(string name, string id) => Assert.Equal(id, ChunkId.OfName(name));

    [Theory]
    [InlineData("  a\t\n b  ", "a b")]
    [InlineData("What? Yes, no! End.", "What? Yes, no! End.")]
    [InlineData("snake_case #tag (x) – 50% «q» e-mail", "snake_case tag x 50 q e mail")]
    [InlineData("Çağrı İstanbul'da, ığüşöç ĞÜŞİÖÇ!", "Çağrı İstanbul da, ığüşöç ĞÜŞİÖÇ!")]
    [InlineData("g\u0306u\u0308s\u0327", "g\u0306u\u0308s\u0327")]
    [InlineData("🙂 x² 東京 🙂", "x² 東京")]
    [InlineData("\ud800a", "a")]
    [InlineData("###", "")]
    public void Cleaning_keeps_words_spaces_and_four_signs(string text, string expected) => Assert.Equal(expected, TextCleaner.Clean(text));

    [Fact]
    public void Sentences_end_at_signs_but_not_after_abbreviations() => Assert.Equal(
        ["It is e.g. so.", "Mr. Kaya asks?", "Yes!", "1.5 stays"],
        Sentences.Of("It is e.g. so. Mr. Kaya asks? Yes!  1.5 stays"));

    [Fact]
    public void Articles_are_cut_between_sentences_and_a_short_tail_is_dropped()
    {
        var sentence = new string('a', 598) + ".";
        var chunks = Cut("article", string.Join(' ', Enumerable.Repeat(sentence, 7)));
        Assert.Equal([1799, 1799], chunks.Select(chunk => chunk.Length));
        Assert.Equal($"{sentence} {sentence} {sentence}", chunks[0]);
    }

    [Theory]
    [InlineData(999, 1)]
    [InlineData(998, 0)]
    [InlineData(2500, 1)]
    public void The_shortest_chunk_of_an_article_has_a_thousand_characters_with_the_space_after_it(int length, int chunks) => Assert.Equal(chunks, Cut("article", new string('a', length)).Count);

    [Fact]
    public void Sizes_follow_the_index_where_it_says_so() =>
        Assert.Equal(["One two.", "Three."], Chunker.Cut("One two. Three.", ChunkRules.Of("article", new DocumentRule { Type = "article", MinLength = 3, MaxLength = 9 }), 256));

    [Theory]
    [InlineData("post", 25)]
    [InlineData("repository", 100)]
    public void Posts_and_repositories_are_cut_at_the_embedders_limit_with_an_overlap(string type, int overlap)
    {
        var words = Enumerable.Range(0, 1000).Select(number => $"w{number % 10}{(char)('a' + (number / 100))}{(char)('a' + (number / 10 % 10))}").ToList();
        var chunks = Cut(type, string.Join(' ', words));
        Assert.True(chunks.Count > 3);
        Assert.All(chunks, chunk => Assert.InRange(TokenEstimate.Count(chunk), 1, 256));
        foreach (var (first, second) in chunks.Zip(chunks.Skip(1)))
        {
            var shared = first.Split(' ').Intersect(second.Split(' ')).ToList();
            Assert.InRange(TokenEstimate.Count(string.Join(' ', shared)), overlap - 3, overlap);
            Assert.EndsWith(string.Join(' ', shared), first, StringComparison.Ordinal);
            Assert.StartsWith(string.Join(' ', shared), second, StringComparison.Ordinal);
        }

        Assert.Equal(words, chunks.SelectMany(chunk => chunk.Split(' ')).Distinct());
    }

    [Fact]
    public void Paragraphs_are_put_together_up_to_the_size() =>
        Assert.Equal([$"{new string('a', 100)}\n\n{new string('b', 148)}", "c"], Cut("post", $"{new string('a', 100)}\n\n{new string('b', 148)}\n\nc"));

    [Fact]
    public void A_word_that_is_too_long_is_cut_and_no_surrogate_pair_with_it()
    {
        var text = "x" + string.Concat(Enumerable.Repeat("𐐀", 600));
        var chunks = Cut("post", text);
        Assert.All(chunks, chunk => Assert.DoesNotContain('\ufffd', new string(chunk.EnumerateRunes().SelectMany(rune => rune.ToString()).ToArray())));
        Assert.Equal(text, string.Concat(chunks));
    }

    [Theory]
    [InlineData("C\u0327ag\u0306rı S\u0327is\u0327man o\u0308lc\u0327u\u0308 I\u0307rem", "Çağrı Şişman ölçü İrem")]
    [InlineData("i\u0307rem", "irem")]
    [InlineData("cafe\u0301 x\u0301 \u0301", "café x\u0301 \u0301")]
    [InlineData("Çağrı", "Çağrı")]
    public void Marks_are_put_together_with_their_letters(string text, string expected)
    {
        Assert.Equal(expected, ComposedText.Of(text));
        Assert.Equal(SparseText.OfQuery(expected).Indices, SparseText.OfQuery(text).Indices);
    }

    [Fact]
    public void Words_of_both_languages_find_each_others_capitals()
    {
        Assert.Equal(SparseText.OfQuery("ISTANBUL ılık").Indices, SparseText.OfQuery("istanbul ILIK").Indices);
        Assert.Equal(SparseText.OfQuery("İstanbul").Indices, SparseText.OfQuery("istanbul").Indices);
        var (indices, values) = SparseText.OfDocument("a a b.");
        Assert.Equal((2, true), (indices.Length, values.Max() > values.Min()));
        Assert.Equal(indices.Order(), indices);
    }

    private static IReadOnlyList<string> Cut(string type, string text) => Chunker.Cut(text, ChunkRules.Of(type, null), 256);
}
