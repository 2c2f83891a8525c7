using LlmOperator.Planning.Prompts;

namespace LlmOperator.Gateway.Rag.Prompting;

/// <summary>The prompt template of endpoints that name none.</summary>
internal static class RagTemplate
{
    private const string Text = "\nYou are a content creator. Write what the user asks for, and use the context below as the main source of what you say.\nUser query: {query}\nContext: {context}\n            ";

    /// <summary>The template.</summary>
    public static PromptTemplate Default { get; } = PromptTemplate.Parse(Text, out var problem) ?? throw new InvalidOperationException(problem);
}
