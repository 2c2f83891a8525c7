using LlmOperator.Gateway.Rag.Prompting;
using LlmOperator.Gateway.Rag.Retrieval;
using Xunit;
using StandIn = LlmOperator.Sandbox.StandIns.Engine.HelperAnswers;

namespace LlmOperator.Gateway.Tests.Rag;

public sealed class PromptTests
{
    [Fact]
    public void The_helper_is_asked_for_one_rewrite_less_than_queries_and_told_the_text_alone()
    {
        var prompt = HelperPrompts.Expansion("What is RAG?", 2);
        Assert.Contains("Write 2 different versions", prompt, StringComparison.Ordinal);
        Assert.Contains("'#next-question#'", prompt, StringComparison.Ordinal);
        Assert.EndsWith("Original question: What is RAG?", prompt, StringComparison.Ordinal);
        Assert.EndsWith("QUESTION: What is RAG?\nANSWER:", HelperPrompts.SelfQuery("What is RAG?"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a #next-question#  b\n", "q|a|b")]
    [InlineData("#next-question# #next-question#a", "q|a")]
    [InlineData("a#next-question#b#next-question#c#next-question#d#next-question#e#next-question#f#next-question#g#next-question#h#next-question#i#next-question#j", "q|a|b")]
    [InlineData("", "q")]
    public void Rewrites_are_trimmed_and_no_more_than_asked_for(string answer, string expected) => Assert.Equal(expected.Split('|'), HelperAnswers.Queries("q", answer, 3));

    [Theory]
    [InlineData(" none\n", null, null)]
    [InlineData("None", null, null)]
    [InlineData("", null, null)]
    [InlineData(" Paul   Iusztin\n", "Paul Iusztin", null)]
    [InlineData("Çağrı", "Çağrı", null)]
    [InlineData("1345256", null, "1345256")]
    [InlineData("B5FA1F08-0D3A-4F6E-9A1F-000000000001", null, "b5fa1f08-0d3a-4f6e-9a1f-000000000001")]
    public void A_name_is_a_name_and_an_id_is_an_id(string answer, string? name, string? id) =>
        Assert.Equal(name is null && id is null ? null : new NamedAuthor(name, id), HelperAnswers.Author(answer));

    [Fact]
    public void What_is_too_long_to_be_a_name_is_none() => Assert.Null(HelperAnswers.Author(new string('x', 200)));

    [Fact]
    public void The_context_is_numbered_indented_and_followed_by_blank_lines() => Assert.Equal(
        "\n            Chunk 1:\n            Type: EmbeddedArticleChunk\n            Platform: medium\n            Author: Ada Kaya\n            Content: Bir {query} metni\n\n            " +
        "\n            Chunk 2:\n            Type: EmbeddedPostChunk\n            Platform: linkedin\n            Author: \n            Content: b\n\n            ",
        ContextText.Of([
            new() { Id = "1", Collection = "embedded_articles", Type = "article", Platform = "medium", AuthorFullName = "Ada Kaya", Content = "Bir {query} metni", Score = 1 },
            new() { Id = "2", Collection = "embedded_posts", Type = "post", Platform = "linkedin", Content = "b", Score = 0.5 },
        ]));

    [Fact]
    public void The_template_of_endpoints_without_one_has_query_and_context_in_their_places()
    {
        var prompt = RagTemplate.Default.Render("What {context}?", "CONTEXT {query}");
        Assert.StartsWith("\nYou are a content creator.", prompt, StringComparison.Ordinal);
        Assert.EndsWith("\nUser query: What {context}?\nContext: CONTEXT {query}\n            ", prompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("My name is Elif Aydın. Write a post about why retrieval matters.", "Elif Aydın", "What should one know about retrieval matters?", "retrieval matters: reasons, examples and pitfalls")]
    [InlineData("Benim adım Deniz Kara. Bana vektör arama hakkında bir yazı yaz.", "Deniz Kara", "vektör arama konusunda ne bilinmeli?", "vektör arama: nedenleri, örnekleri ve tuzakları")]
    [InlineData("My user id is 1345256 and I want a post about {vectors}.", "1345256", "What should one know about want vectors?", "want vectors: reasons, examples and pitfalls")]
    [InlineData("Why?", null, "What should one know about Why?", "Why: reasons, examples and pitfalls")]
    [InlineData("QUESTION: x\nANSWER:", null, "What should one know about QUESTION x ANSWER?", "QUESTION x ANSWER: reasons, examples and pitfalls")]
    public void The_sandboxes_stand_in_understands_what_a_helper_is_asked(string query, string? author, params string[] rewrites)
    {
        var named = HelperAnswers.Author(StandIn.To(HelperPrompts.SelfQuery(query))!);
        Assert.Equal(author, named?.Name ?? named?.Id);
        Assert.Equal([query, .. rewrites], HelperAnswers.Queries(query, StandIn.To(HelperPrompts.Expansion(query, 2))!, 3));
        Assert.Null(StandIn.To(query + " and more"));
    }

    [Fact]
    public void Chunks_are_one_by_type_and_id_with_their_best_score_and_ties_go_by_id()
    {
        var distinct = Chunk.Distinct([Of("b", "post", 0.5), Of("a", "post", 0.5), Of("b", "post", 0.9), Of("b", "article", 0.1), Of("c", "post", 0.5)]);
        Assert.Equal(["b post 0.9", "a post 0.5", "c post 0.5", "b article 0.1"], distinct.Select(chunk => FormattableString.Invariant($"{chunk.Id} {chunk.Type} {chunk.Score}")));
    }

    [Fact]
    public async Task The_lowest_ranked_chunks_are_left_out_until_the_prompt_fits()
    {
        Chunk[] chunks = [Of("a", "post", 3), Of("b", "post", 2), Of("c", "post", 1)];
        var counted = new List<string>();
        var budget = await PromptBudget.FitAsync(chunks, some => string.Join(' ', some.Select(chunk => chunk.Id + "0123456789")), 2, text =>
        {
            counted.Add(text);
            return Task.FromResult(text.Split(' ').Length);
        });
        Assert.Equal((2, 2), (budget.Kept, counted.Count));
    }

    [Fact]
    public async Task Nothing_is_counted_where_even_its_bytes_fit() =>
        Assert.Equal(1, (await PromptBudget.FitAsync([Of("a", "post", 1)], _ => "abc", 3, _ => throw new InvalidOperationException("counted"))).Kept);

    private static Chunk Of(string id, string type, double score) => new() { Id = id, Collection = "c", Type = type, Content = "x", Score = score };
}
