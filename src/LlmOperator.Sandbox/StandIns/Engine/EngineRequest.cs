using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>A request that is not as it should be, with the status and word an engine has for it.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="message">Message.</param>
internal sealed class EngineRefusal(int status, string message) : Exception(message)
{
    public int Status => status;
}

/// <summary>A text to be made, whichever route asks for it.</summary>
internal sealed record EngineRequest
{
    /// <summary>Name of the model, as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>What the answer quotes.</summary>
    public required string Quoted { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Most tokens of the answer; null for as many as fit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Least tokens of the answer.</summary>
    public int MinTokens { get; init; }

    /// <summary>Whether the answer goes on to its most tokens.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>Whether the answer is to be a JSON object.</summary>
    public bool WantsJson { get; init; }

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Number of answers.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Whether it is answered as it is made.</summary>
    public bool Streams { get; init; }

    /// <summary>Whether a stream ends with its usage.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Reads a chat.</summary>
    public static EngineRequest Chat(JsonObject body)
    {
        if (body["messages"] is not JsonArray { Count: > 0 } messages)
        {
            throw new EngineRefusal(400, "messages: Field required, a list with at least one message");
        }

        var (quoted, tokens) = ("", 3);
        foreach (var message in messages)
        {
            if (message is not JsonObject || message.Text("role") is not { } role)
            {
                throw new EngineRefusal(400, "messages: each message must be an object with role and content");
            }

            var content = Content(message["content"]);
            tokens += Tokens.Count(content) + 4;
            quoted = role == "user" ? content : quoted;
        }

        return Common(body, body["max_completion_tokens"] is null ? "max_tokens" : "max_completion_tokens") with { Quoted = quoted, PromptTokens = tokens };
    }

    /// <summary>Reads completions of texts, one for each prompt.</summary>
    public static IReadOnlyList<EngineRequest> Completions(JsonObject body)
    {
        var prompts = body["prompt"] switch
        {
            JsonValue value when value.Text() is { } text => [(Text: text, Tokens: Tokens.Count(text))],
            JsonArray { Count: > 0 } array when array.All(item => item.Text() is not null) => [.. array.Select(item => (item.Text()!, Tokens.Count(item.Text()!)))],
            JsonArray { Count: > 0 } array when array.All(item => item.Integer() is not null) => [(Ids(array), array.Count)],
            JsonArray { Count: > 0 } array when array.All(item => item is JsonArray inner && inner.All(id => id.Integer() is not null)) =>
                [.. array.Select(item => (Ids(item!.AsArray()), item.AsArray().Count))],
            _ => (List<(string Text, int Tokens)>)[],
        };
        if (prompts.Count == 0)
        {
            throw new EngineRefusal(400, "prompt: Field required, a text, a list of texts, or token ids");
        }

        // What vLLM and OpenAI make when not told.
        var common = Common(body, "max_tokens");
        return [.. prompts.Select(prompt => common with { Quoted = prompt.Text, PromptTokens = prompt.Tokens, MaxTokens = common.MaxTokens ?? 16 })];
    }

    /// <summary>The text of a message: a string, or parts of which texts count.</summary>
    private static string Content(JsonNode? content)
    {
        if (content.Text() is { } text)
        {
            return text;
        }

        var all = new StringBuilder();
        foreach (var part in content is JsonArray parts ? parts.OfType<JsonObject>() : [])
        {
            all.Append(all.Length > 0 ? "\n" : "").Append(part.Text("text") ?? $"[{part.Text("type") ?? "part"}]");
        }

        return all.ToString();
    }

    private static string Ids(JsonArray ids) => $"[{ids.Count} token ids]";

    private static EngineRequest Common(JsonObject body, string most)
    {
        if (body.Flag("logprobs") == true || body.Integer("logprobs") is not null || body.Integer("top_logprobs") is > 0)
        {
            throw new EngineRefusal(400, "logprobs are not known to the stand-in engine: leave logprobs and top_logprobs out");
        }

        if (body.Text("response_format", "type") is { } format and not ("text" or "json_object"))
        {
            throw new EngineRefusal(400, $"response_format {format} is not known to the stand-in engine: use text or json_object");
        }

        int? Number(string name, int least, int top = int.MaxValue)
        {
            if (body[name] is not { } node)
            {
                return null;
            }

            return node.Integer() is { } number && number >= least && number <= top ? (int)number : throw new EngineRefusal(400, $"{name} must be a whole number of at least {least}, got {node.ToJsonString()}.");
        }

        var stop = body["stop"] switch
        {
            null => [],
            JsonValue value when value.Text() is { } text => [text],
            JsonArray array when array.All(item => item.Text() is not null) => body.Texts("stop"),
            _ => throw new EngineRefusal(400, "stop must be a text or a list of texts"),
        };
        return new()
        {
            Model = body.Text("model") ?? "",
            Quoted = "",
            PromptTokens = 0,
            MaxTokens = Number(most, 1),
            MinTokens = Number("min_tokens", 0) ?? 0,
            IgnoresEnd = body.Flag("ignore_eos") == true,
            WantsJson = body.Text("response_format", "type") == "json_object",
            Stop = [.. stop.Where(text => text.Length > 0)],
            Choices = Number("n", 1, 128) ?? 1,
            Streams = body.Flag("stream") == true,
            IncludesUsage = body.Flag("stream_options", "include_usage") == true,
        };
    }
}
