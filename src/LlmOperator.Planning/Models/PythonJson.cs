using System.Text.Json;

namespace LlmOperator.Planning.Models;

/// <summary>JSON as Python writes it: with NaN and Infinity, which the standard does not know. They are read as null or 0.</summary>
internal static class PythonJson
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static readonly string[] SpecialNumbers = ["-Infinity", "Infinity", "NaN"];

    /// <summary>Reads a document.</summary>
    /// <exception cref="ModelConfigException">It is not JSON.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        // A byte order mark is no part of the text.
        var text = utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        try
        {
            return JsonDocument.Parse(text, Options);
        }
        catch (JsonException first)
        {
            try
            {
                return JsonDocument.Parse(WithoutSpecialNumbers(text.Span), Options);
            }
            catch (JsonException)
            {
                throw new ModelConfigException($"it is not JSON: line {first.LineNumber + 1}, byte {first.BytePositionInLine + 1}", first);
            }
        }
    }

    private static byte[] WithoutSpecialNumbers(ReadOnlySpan<byte> text)
    {
        var copy = text.ToArray();
        for (var at = 0; at < copy.Length; at++)
        {
            if (copy[at] == (byte)'"')
            {
                // To the end of the string; what follows a backslash never is the end.
                for (at++; at < copy.Length && copy[at] != (byte)'"'; at++)
                {
                    at += copy[at] == (byte)'\\' ? 1 : 0;
                }

                continue;
            }

            foreach (var word in SpecialNumbers)
            {
                if (StartsWith(copy.AsSpan(at), word))
                {
                    copy.AsSpan(at, word.Length).Fill((byte)' ');
                    (word.Length >= 4 ? "null"u8 : "0"u8).CopyTo(copy.AsSpan(at));
                }
            }
        }

        return copy;
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, string word)
    {
        if (text.Length < word.Length)
        {
            return false;
        }

        for (var i = 0; i < word.Length; i++)
        {
            if (text[i] != word[i])
            {
                return false;
            }
        }

        return true;
    }
}
