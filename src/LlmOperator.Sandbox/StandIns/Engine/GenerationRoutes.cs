using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>OpenAI's routes that make texts, whole or as a stream.</summary>
internal sealed class GenerationRoutes(EngineHandler engine)
{
    private const string Fingerprint = "stand-in-engine";

    /// <summary>Chat completions.</summary>
    public async Task ChatAsync(HttpContext context, JsonObject body)
    {
        var generation = await Generation.CreateAsync(engine, context, EngineRequest.Chat(body));
        var (id, created) = (EngineHandler.NewId("chatcmpl"), engine.Now);
        JsonObject Object(string kind, JsonArray choices) => Envelope(id, kind, created, generation.Request.Model, choices);
        if (generation.Request.Streams)
        {
            JsonObject Chunk(int choice, JsonObject delta, string? finish) => Object(
                "chat.completion.chunk",
                new JsonArray(new JsonObject { ["index"] = choice, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish }));
            await StreamAsync(
                context,
                generation,
                [.. generation.Answers.Select((_, choice) => Chunk(choice, new JsonObject { ["role"] = "assistant", ["content"] = "" }, null))],
                (choice, piece, finish) => Chunk(choice, new JsonObject { ["content"] = piece }, finish),
                () => Object("chat.completion.chunk", []));
            return;
        }

        await DrainAsync(generation, context.RequestAborted);
        var choices = new JsonArray([.. generation.Answers.Select((answer, index) => (JsonNode)new JsonObject
        {
            ["index"] = index,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = answer.Text, ["refusal"] = null },
            ["logprobs"] = null,
            ["finish_reason"] = answer.FinishReason,
        })]);
        var whole = Object("chat.completion", choices);
        whole["usage"] = Usage([generation]);
        await EngineHandler.JsonAsync(context.Response, whole);
    }

    /// <summary>Completions of texts.</summary>
    public async Task CompletionsAsync(HttpContext context, JsonObject body)
    {
        var requests = EngineRequest.Completions(body);
        if (requests[0].Streams && requests.Count > 1)
        {
            throw new EngineRefusal(400, "the stand-in engine streams one prompt at a time");
        }

        var generations = new List<Generation>();
        foreach (var request in requests)
        {
            generations.Add(await Generation.CreateAsync(engine, context, request));
        }

        var (id, created) = (EngineHandler.NewId("cmpl"), engine.Now);
        JsonObject Object(JsonArray choices) => Envelope(id, "text_completion", created, generations[0].Request.Model, choices);
        static JsonObject Choice(int index, string text, string? finish) => new() { ["index"] = index, ["text"] = text, ["logprobs"] = null, ["finish_reason"] = finish };
        if (requests[0].Streams)
        {
            await StreamAsync(context, generations[0], [], (choice, piece, finish) => Object(new JsonArray(Choice(choice, piece, finish))), () => Object([]));
            return;
        }

        var choices = new JsonArray();
        foreach (var generation in generations)
        {
            await DrainAsync(generation, context.RequestAborted);
            foreach (var answer in generation.Answers)
            {
                choices.Add((JsonNode)Choice(choices.Count, answer.Text, answer.FinishReason));
            }
        }

        var whole = Object(choices);
        whole["usage"] = Usage(generations);
        await EngineHandler.JsonAsync(context.Response, whole);
    }

    private static JsonObject Envelope(string id, string kind, long created, string model, JsonArray choices) => new()
    {
        ["id"] = id,
        ["object"] = kind,
        ["created"] = created,
        ["model"] = model,
        ["system_fingerprint"] = Fingerprint,
        ["choices"] = choices,
    };

    private static JsonObject Usage(IReadOnlyList<Generation> generations)
    {
        var (prompt, answer) = (generations.Sum(generation => generation.Request.PromptTokens), generations.Sum(generation => generation.AnswerTokens));
        return new() { ["prompt_tokens"] = prompt, ["completion_tokens"] = answer, ["total_tokens"] = prompt + answer };
    }

    private static async Task DrainAsync(Generation generation, CancellationToken cancellationToken)
    {
        await foreach (var _ in generation.RunAsync(cancellationToken))
        {
            // Tokens are made in their time; the answer is sent when it is whole.
        }
    }

    private static async Task StreamAsync(
        HttpContext context, Generation generation, IReadOnlyList<JsonObject> opening, Func<int, string, string?, JsonObject> chunk, Func<JsonObject> last)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        async Task SendAsync(ReadOnlyMemory<byte> data)
        {
            await response.BodyWriter.WriteAsync((byte[])[.. "data: "u8, .. data.Span, .. "\n\n"u8], context.RequestAborted);
        }

        var isOpen = false;
        await foreach (var (choice, piece, isLast) in generation.RunAsync(context.RequestAborted))
        {
            foreach (var start in isOpen ? [] : opening)
            {
                await SendAsync(EngineHandler.Encode(start));
            }

            isOpen = true;
            await SendAsync(EngineHandler.Encode(chunk(choice, piece, isLast ? generation.Answers[choice].FinishReason : null)));
        }

        if (generation.Request.IncludesUsage)
        {
            var end = last();
            end["usage"] = Usage([generation]);
            await SendAsync(EngineHandler.Encode(end));
        }

        await SendAsync("[DONE]"u8.ToArray());
    }
}
