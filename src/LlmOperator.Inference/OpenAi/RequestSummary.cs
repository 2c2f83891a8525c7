using System.Text.Json;

namespace LlmOperator.Inference.OpenAi;

/// <summary>What of a request's body enters its trace. A body that is not the JSON expected gives a summary without it: the server judges requests, not the trace.</summary>
public sealed record RequestSummary
{
    /// <summary>Nothing known.</summary>
    public static RequestSummary Empty { get; } = new();

    /// <summary>Model asked for.</summary>
    public string? Model { get; init; }

    /// <summary>Whether the answer is to be streamed.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether the stream is to end with the usage.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Most tokens of the answer.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Temperature.</summary>
    public double? Temperature { get; init; }

    /// <summary>Share of probability tokens are drawn from.</summary>
    public double? TopP { get; init; }

    /// <summary>Number of likeliest tokens drawn from.</summary>
    public double? TopK { get; init; }

    /// <summary>Penalty on frequent tokens.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Penalty on tokens that are present.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Seed.</summary>
    public long? Seed { get; init; }

    /// <summary>Answers asked for.</summary>
    public long? Choices { get; init; }

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary>Form the answer is asked for in: <c>text</c> or <c>json</c>.</summary>
    public string? OutputType { get; init; }

    /// <summary>Form embeddings are asked for in.</summary>
    public string? EncodingFormat { get; init; }

    /// <summary>Dimensions embeddings are asked for with.</summary>
    public long? Dimensions { get; init; }

    /// <summary>The prompt: messages, text or inputs, as the JSON the client sent; null when not asked for or not there.</summary>
    public string? Input { get; init; }

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="withInput">Whether the prompt itself is wanted.</param>
    public static RequestSummary Read(ReadOnlySpan<byte> body, bool withInput)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 64, CommentHandling = JsonCommentHandling.Disallow });
        var summary = Empty;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return Empty;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                summary = Property(ref reader, summary, body, withInput);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // What was read so far is as much as there is to know. A text that is no Unicode (half a surrogate pair) is an InvalidOperationException.
        }

        return summary;
    }

    private static RequestSummary Property(ref Utf8JsonReader reader, RequestSummary summary, ReadOnlySpan<byte> body, bool withInput)
    {
        var name = reader.HasValueSequence ? "" : reader.ValueSpan.Length <= 32 ? reader.GetString() : "";
        reader.Read();
        switch (name)
        {
            case "model":
                return summary with { Model = Text(ref reader) ?? summary.Model };
            case "stream":
                return summary with { Stream = reader.TokenType == JsonTokenType.True };
            case "stream_options" when reader.TokenType == JsonTokenType.StartObject:
                return Options(ref reader, summary);
            case "parameters" when reader.TokenType == JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    summary = Property(ref reader, summary, body, withInput: false);
                }

                return summary;
            case "max_tokens" or "max_completion_tokens" or "max_new_tokens":
                return summary with { MaxTokens = Whole(ref reader) ?? summary.MaxTokens };
            case "temperature":
                return summary with { Temperature = Number(ref reader) };
            case "top_p":
                return summary with { TopP = Number(ref reader) };
            case "top_k":
                return summary with { TopK = Number(ref reader) };
            case "frequency_penalty":
                return summary with { FrequencyPenalty = Number(ref reader) };
            case "presence_penalty":
                return summary with { PresencePenalty = Number(ref reader) };
            case "seed":
                return summary with { Seed = Whole(ref reader) };
            case "n":
                return summary with { Choices = Whole(ref reader) };
            case "response_format" when reader.TokenType == JsonTokenType.StartObject:
                return Format(ref reader, summary);
            case "encoding_format":
                return summary with { EncodingFormat = Text(ref reader) };
            case "dimensions":
                return summary with { Dimensions = Whole(ref reader) };
            case "stop":
                return summary with { Stop = Texts(ref reader) };
            case "messages" or "prompt" or "input" or "inputs" or "query" when withInput && summary.Input is null:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                return summary with { Input = System.Text.Encoding.UTF8.GetString(body[start..(int)reader.BytesConsumed]) };
            default:
                reader.Skip();
                return summary;
        }
    }

    private static RequestSummary Options(ref Utf8JsonReader reader, RequestSummary summary)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            summary = isUsage ? summary with { IncludeUsage = reader.TokenType == JsonTokenType.True } : summary;
            reader.Skip();
        }

        return summary;
    }

    private static RequestSummary Format(ref Utf8JsonReader reader, RequestSummary summary)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String)
            {
                summary = summary with { OutputType = reader.ValueTextEquals("text"u8) ? "text" : "json" };
            }
            else
            {
                reader.Skip();
            }
        }

        return summary;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= 512)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }

    private static double? Number(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number))
        {
            return number;
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

    private static List<string>? Texts(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return Text(ref reader) is { } one ? [one] : null;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        var texts = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Text(ref reader) is { } text && texts.Count < 16)
            {
                texts.Add(text);
            }
        }

        return texts.Count > 0 ? texts : null;
    }
}
