using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Planning.Prompts;
using Xunit;

namespace LlmOperator.Gateway.Tests.Prompts;

public sealed class PromptTemplateTests
{
    [Theory]
    [InlineData("Q: {query}\nC: {context}", "Q: q\nC: c")]
    [InlineData("{context}{query}{query}", "cqq")]
    [InlineData("{{\"a\": \"{query}\"}} {context} }}{{", "{\"a\": \"q\"} c }{")]
    [InlineData("{{query}} {{{query}}} {context}", "{query} {q} c")]
    [InlineData("Soru: {query} İçerik: {context} 🙂", "Soru: q İçerik: c 🙂")]
    public void Places_are_filled_and_doubled_braces_are_braces(string text, string expected) => Assert.Equal(expected, PromptTemplate.Parse(text, out _)!.Render("q", "c"));

    [Theory]
    [InlineData("", "{query} is missing")]
    [InlineData("{query}", "{context} is missing")]
    [InlineData("{context}", "{query} is missing")]
    [InlineData("{{query}} {context}", "{query} is missing")]
    [InlineData("{query} {context} {author}", "at character 19")]
    [InlineData("{query} {context} {", "at character 19")]
    [InlineData("{query} } {context}", "closes nothing")]
    [InlineData("{query!r} {context}", "at character 1 ")]
    public void A_template_that_is_none_says_why(string text, string problem)
    {
        Assert.Null(PromptTemplate.Parse(text, out var found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_put_in_is_never_expanded() => Prop.ForAll<string?, string?>((query, context) =>
    {
        var (q, c) = (query + "{context}{{" + query, "{query}}}" + context);
        return PromptTemplate.Parse("<{query}|{context}|{query}>", out _)!.Render(q, c) == $"<{q}|{c}|{q}>";
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_hash_is_that_of_the_text() =>
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("ü {query} {context}"u8)),
            PromptTemplate.Parse("ü {query} {context}", out _)!.Hash);
}
