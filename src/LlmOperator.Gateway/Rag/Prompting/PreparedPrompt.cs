using LlmOperator.Gateway.Rag.Retrieval;

namespace LlmOperator.Gateway.Rag.Prompting;

/// <summary>A prompt that is made of a query and what was found for it.</summary>
/// <param name="Query">The query.</param>
/// <param name="Context">The chunks in it, as text.</param>
/// <param name="Text">The whole.</param>
/// <param name="TemplateHash">Hash of its template.</param>
/// <param name="Found">What was found; its chunks are those in the prompt.</param>
internal sealed record PreparedPrompt(string Query, string Context, string Text, string TemplateHash, Retrieved Found);
