using System.Text;
using System.Text.Json;

namespace LlmOperator.Inference.OpenAi;

/// <summary>
/// Reads out of answers what a trace tells of them: tokens, finish reasons, the id, an error within a stream, and, when asked for, the text. It takes the answers of OpenAI's API, vLLM and TGI,
/// whole or as the events of a stream. What it does not understand it passes over.
/// </summary>
/// <param name="longestText">Most characters of the text that are kept; 0 keeps none.</param>
public sealed class AnswerMeter(int longestText)
{
    private readonly SortedDictionary<long, StringBuilder> _texts = [];
    private readonly SortedDictionary<long, string> _finished = [];
    private int _kept;

    /// <summary>Id of the answer.</summary>
    public string? Id { get; private set; }

    /// <summary>Model that answered, in its own words.</summary>
    public string? Model { get; private set; }

    /// <summary>Tokens of the prompt; null when the server does not say.</summary>
    public long? InputTokens { get; private set; }

    /// <summary>Tokens of the answer: as the server says, else as many as pieces of text came by the stream; null when neither is known.</summary>
    public long? OutputTokens => _outputTokens ?? (Pieces > 0 ? Pieces : null);

    /// <summary>Tokens of the prompt that came out of a cache.</summary>
    public long? CachedTokens { get; private set; }

    /// <summary>Tokens of the answer that were spent on reasoning.</summary>
    public long? ReasoningTokens { get; private set; }

    /// <summary>Pieces of text a stream has brought: one token each with the engines we run.</summary>
    public long Pieces { get; private set; }

    /// <summary>Why each answer ended, in the order of the answers.</summary>
    public IReadOnlyCollection<string> FinishReasons => _finished.Values;

    /// <summary>Kind of the error the answer or a part of the stream told of; null when none did.</summary>
    public string? ErrorType { get; private set; }

    /// <summary>Its message.</summary>
    public string? ErrorMessage { get; private set; }

    /// <summary>Whether a stream came to its end mark.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether text was left out because there was too much of it.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Characters of the text that are kept.</summary>
    public int KeptCharacters => _kept;

    /// <summary>Texts of the answers in their order.</summary>
    public IReadOnlyList<string> Texts => [.. _texts.Values.Select(text => text.ToString())];

    private long? _outputTokens;

    /// <summary>Takes the data of an event of a stream.</summary>
    /// <returns>Whether it brought text.</returns>
    public bool AddEvent(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            IsDone = true;
            return false;
        }

        var before = Pieces;
        Read(data, isEvent: true);
        return Pieces > before;
    }

    /// <summary>Takes a whole answer.</summary>
    public void AddAnswer(ReadOnlySpan<byte> body) => Read(body, isEvent: false);

    private void Read(ReadOnlySpan<byte> json, bool isEvent)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            if (!reader.Read())
            {
                return;
            }

            if (reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read(); // TGI answers some requests with a list of one.
            }

            if (reader.TokenType == JsonTokenType.StartObject)
            {
                Answer(ref reader, isEvent);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A part that is not JSON is none of ours; what was read before it holds. A text that is no Unicode (half a surrogate pair) is an InvalidOperationException.
        }
    }

    private void Answer(ref Utf8JsonReader reader, bool isEvent)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "id"u8))
            {
                Id ??= Text(ref reader);
            }
            else if (Next(ref reader, "model"u8))
            {
                Model ??= Text(ref reader);
            }
            else if (Next(ref reader, "usage"u8))
            {
                Usage(ref reader);
            }
            else if (Next(ref reader, "choices"u8))
            {
                Choices(ref reader, isEvent);
            }
            else if (Next(ref reader, "error"u8))
            {
                Error(ref reader);
            }
            else if (Next(ref reader, "error_type"u8))
            {
                ErrorType = Text(ref reader) ?? ErrorType;
            }
            else if (Next(ref reader, "token"u8))
            {
                Token(ref reader);
            }
            else if (Next(ref reader, "generated_text"u8))
            {
                // The last event of TGI's own stream repeats the whole text, which came token by token.
                if (isEvent)
                {
                    IsDone |= reader.TokenType == JsonTokenType.String;
                    reader.Skip();
                }
                else if (reader.TokenType == JsonTokenType.String)
                {
                    Keep(0, reader.GetString()!);
                }
            }
            else if (Next(ref reader, "details"u8))
            {
                Details(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Choices(ref Utf8JsonReader reader, bool isEvent)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var position = 0L;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var choice = new Choice { Index = position++ };
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (Next(ref reader, "index"u8))
                {
                    choice.Index = Whole(ref reader) ?? choice.Index;
                }
                else if (Next(ref reader, "finish_reason"u8))
                {
                    choice.FinishReason = Text(ref reader);
                }
                else if (Next(ref reader, "text"u8))
                {
                    choice.Text = Text(ref reader);
                }
                else if (Next(ref reader, "delta"u8) || Next(ref reader, "message"u8))
                {
                    Message(ref reader, ref choice);
                }
                else
                {
                    reader.Skip();
                }
            }

            Add(choice, isEvent);
        }
    }

    private void Add(Choice choice, bool isEvent)
    {
        if (choice.FinishReason is { } reason)
        {
            _finished[choice.Index] = reason;
        }

        if (isEvent && (choice.Text is { Length: > 0 } || choice.HasToolCall))
        {
            Pieces++;
        }

        if (choice.Text is { } text)
        {
            Keep(choice.Index, text);
        }
    }

    private static void Message(ref Utf8JsonReader reader, ref Choice choice)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "content"u8) || Next(ref reader, "reasoning_content"u8))
            {
                choice.Text += Text(ref reader);
            }
            else if (Next(ref reader, "tool_calls"u8))
            {
                choice.HasToolCall |= reader.TokenType == JsonTokenType.StartArray;
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Usage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "prompt_tokens"u8))
            {
                InputTokens = Whole(ref reader) ?? InputTokens;
            }
            else if (Next(ref reader, "completion_tokens"u8))
            {
                _outputTokens = Whole(ref reader) ?? _outputTokens;
            }
            else if (Next(ref reader, "prompt_tokens_details"u8) || Next(ref reader, "completion_tokens_details"u8))
            {
                TokenDetails(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void TokenDetails(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "cached_tokens"u8))
            {
                CachedTokens = Whole(ref reader) ?? CachedTokens;
            }
            else if (Next(ref reader, "reasoning_tokens"u8))
            {
                ReasoningTokens = Whole(ref reader) ?? ReasoningTokens;
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>A token of TGI's own stream.</summary>
    private void Token(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        var (text, isSpecial) = ((string?)null, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "text"u8))
            {
                text = Text(ref reader);
            }
            else if (Next(ref reader, "special"u8))
            {
                isSpecial = reader.TokenType == JsonTokenType.True;
            }
            else
            {
                reader.Skip();
            }
        }

        Pieces++;
        if (text is not null && !isSpecial)
        {
            Keep(0, text);
        }
    }

    /// <summary>The details of TGI's own answers.</summary>
    private void Details(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "generated_tokens"u8))
            {
                _outputTokens = Whole(ref reader) ?? _outputTokens;
            }
            else if (Next(ref reader, "input_length"u8))
            {
                InputTokens = Whole(ref reader) ?? InputTokens;
            }
            else if (Next(ref reader, "finish_reason"u8))
            {
                _finished[0] = Text(ref reader) ?? "";
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Error(ref Utf8JsonReader reader)
    {
        ErrorType ??= "error";
        if (reader.TokenType == JsonTokenType.String)
        {
            ErrorMessage = reader.GetString();
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            ErrorType = reader.TokenType == JsonTokenType.Null ? null : ErrorType;
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Next(ref reader, "type"u8))
            {
                ErrorType = Text(ref reader) ?? ErrorType;
            }
            else if (Next(ref reader, "message"u8))
            {
                ErrorMessage = Text(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Keep(long index, string text)
    {
        var room = longestText - _kept;
        if (room < text.Length)
        {
            IsCut = IsCut || longestText > 0;
            text = room <= 0 ? "" : text[..room];
        }

        if (text.Length == 0)
        {
            return;
        }

        if (!_texts.TryGetValue(index, out var kept))
        {
            _texts.Add(index, kept = new());
        }

        kept.Append(text);
        _kept += text.Length;
    }

    /// <summary>Goes on to the value when the property is the one named.</summary>
    private static bool Next(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueTextEquals(name) && reader.Read();

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    private static long? Whole(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
        {
            return number;
        }

        reader.Skip();
        return null;
    }

    private struct Choice
    {
        public long Index;
        public string? FinishReason;
        public string? Text;
        public bool HasToolCall;
    }
}
