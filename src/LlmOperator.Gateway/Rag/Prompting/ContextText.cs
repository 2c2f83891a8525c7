using System.Globalization;
using System.Text;
using LlmOperator.Gateway.Rag.Retrieval;

namespace LlmOperator.Gateway.Rag.Prompting;

/// <summary>The chunks that were found, as a prompt has them: numbered from 1, indented by twelve spaces, a blank line after each.</summary>
internal static class ContextText
{
    private const string Indent = "            ";

    /// <summary>The context of chunks, in their order; empty when there are none.</summary>
    public static string Of(IReadOnlyList<Chunk> chunks)
    {
        var text = new StringBuilder();
        foreach (var (index, chunk) in chunks.Index())
        {
            text.Append('\n').Append(Indent).Append(CultureInfo.InvariantCulture, $"Chunk {index + 1}:\n");
            text.Append(Indent).Append("Type: ").Append(chunk.ClassName).Append('\n');
            text.Append(Indent).Append("Platform: ").Append(chunk.Platform).Append('\n');
            text.Append(Indent).Append("Author: ").Append(chunk.AuthorFullName).Append('\n');
            text.Append(Indent).Append("Content: ").Append(chunk.Content).Append("\n\n");
            text.Append(Indent);
        }

        return text.ToString();
    }
}
