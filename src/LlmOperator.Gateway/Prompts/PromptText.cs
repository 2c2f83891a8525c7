using System.Text;
using System.Text.Json;
using LlmOperator.Gateway.Requests;

namespace LlmOperator.Gateway.Prompts;

/// <summary>Reads the texts of prompts out of bodies that are known to be JSON.</summary>
internal static class PromptText
{
    /// <summary>Where the text the user wrote last stands in a chat: the content of the last message whose role is user, or the last text among its parts.</summary>
    /// <returns>The place, quotes included, and the text; null when there is none.</returns>
    public static (int Start, int End, string Text)? LastOfUser(ReadOnlySpan<byte> body)
    {
        var reader = At(body, "messages"u8);
        (int, int, string)? last = null;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            var (isUser, text) = (false, ((int, int, string)?)null);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isRole, isContent) = (reader.ValueTextEquals("role"u8), reader.ValueTextEquals("content"u8));
                reader.Read();
                if (isRole)
                {
                    isUser = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("user"u8);
                }

                if (isContent)
                {
                    text = null;
                    Texts(ref reader, (start, end, found) => text = (start, end, found));
                }
                else
                {
                    reader.Skip();
                }
            }

            last = isUser ? text : last;
        }

        return last;
    }

    /// <summary>The beginning of a prompt: of the messages of a chat, the prompt of a completion, the texts to be embedded, or the query of a reranking.</summary>
    public static string Beginning(ReadOnlySpan<byte> body, int characters)
    {
        var text = new StringBuilder();
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = RequestFields.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && text.Length < characters)
        {
            var isPrompt = reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("prompt"u8) || reader.ValueTextEquals("input"u8) || reader.ValueTextEquals("query"u8);
            reader.Read();
            if (!isPrompt)
            {
                reader.Skip();
                continue;
            }

            // Roles and names of parts are strings too; they are the same for prompts that begin alike.
            var depth = reader.CurrentDepth;
            do
            {
                if (reader.TokenType == JsonTokenType.String && Text(ref reader) is { } piece)
                {
                    text.Append(piece).Append('\n');
                }
                else if (reader.TokenType == JsonTokenType.Number)
                {
                    text.Append(Encoding.ASCII.GetString(reader.ValueSpan)).Append(',');
                }
            }
            while ((reader.CurrentDepth > depth || reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) && text.Length < characters && reader.Read());
            if (text.Length >= characters)
            {
                break;
            }
        }

        return text.ToString(0, Math.Min(text.Length, characters));
    }

    private static void Texts(ref Utf8JsonReader reader, Action<int, int, string> found)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            Found(ref reader, found);
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isText = reader.ValueTextEquals("text"u8);
                reader.Read();
                if (isText)
                {
                    Found(ref reader, found);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void Found(ref Utf8JsonReader reader, Action<int, int, string> found)
    {
        if (reader.TokenType == JsonTokenType.String && Text(ref reader) is { } text)
        {
            found((int)reader.TokenStartIndex, (int)reader.BytesConsumed, text);
        }
        else
        {
            reader.Skip();
        }
    }

    /// <summary>A string's text; null when it is no Unicode, such as half a surrogate pair.</summary>
    private static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A reader at the value of a field of the body; at its end when there is no such field. Of two fields of the same name the last counts, as for those who parse the body later.</summary>
    private static Utf8JsonReader At(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = RequestFields.MaxDepth });
        var found = default(Utf8JsonReader);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            found = isIt ? reader : found;
            reader.Skip();
        }

        return found;
    }
}
