using System.Text.Json;

namespace LlmOperator.Planning.Models;

/// <summary>The index of a model whose weights lie in several files: model.safetensors.index.json, and pytorch_model.bin.index.json of the same form.</summary>
public static class SafetensorsIndex
{
    /// <summary>Bytes of all tensors; null when the index does not say.</summary>
    public static long? TotalSize(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8.Span);
            while (reader.Read())
            {
                if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 2 } && reader.ValueTextEquals("total_size"u8))
                {
                    return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var bytes) && bytes is >= 1 and < 1e17 ? (long)bytes : null;
                }

                if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && !reader.ValueTextEquals("metadata"u8))
                {
                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            // There are other ways to know.
        }

        return null;
    }
}
