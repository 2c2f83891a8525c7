using System.Globalization;

namespace LlmOperator.Gateway.Rag.Prompting;

/// <summary>What the helper is asked. Only the text of a query goes in: ids and names of people are none of the helper's business.</summary>
internal static class HelperPrompts
{
    /// <summary>What stands between two rewrites.</summary>
    public const string Separator = "#next-question#";

    /// <summary>The answer when a query names nobody.</summary>
    public const string None = "none";

    /// <summary>Asks for differently worded versions of a query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="rewrites">How many.</param>
    public static string Expansion(string query, int rewrites) => string.Create(CultureInfo.InvariantCulture, $"""
        You are an AI language model assistant. Write {rewrites} different versions of the user's question below, to be used for finding documents in a vector database.
        Looking at the question from several sides makes up for the limits of a search by distance.
        Write nothing but the {rewrites} questions, in the language of the original, and put '{Separator}' between one and the next.
        Original question: {query}
        """);

    /// <summary>Asks who a query says its author is.</summary>
    /// <param name="query">The query.</param>
    public static string SelfQuery(string query) => $"""
        You are an AI language model assistant. Take from the user's question the name or the id of the user, and nothing else.
        Answer with the name (for example: John Doe) or the id (for example: 1345256) alone. When the question has neither, answer: {None}

        Example 1
        QUESTION: My name is Ada Kaya and I want a post about vector databases.
        ANSWER: Ada Kaya

        Example 2
        QUESTION: I want a post about vector databases.
        ANSWER: {None}

        Example 3
        QUESTION: My user id is 1345256 and I want a post about vector databases.
        ANSWER: 1345256

        QUESTION: {query}
        ANSWER:
        """;
}
