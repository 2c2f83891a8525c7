using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>TGI's own routes.</summary>
internal sealed class TgiRoutes(EngineHandler engine)
{
    /// <summary>What it serves.</summary>
    public JsonObject Info() => new()
    {
        ["model_id"] = engine.Settings.Model,
        ["model_sha"] = engine.Settings.Revision,
        ["model_pipeline_tag"] = engine.Settings.IsPooling ? "feature-extraction" : "text-generation",
        ["max_concurrent_requests"] = engine.Settings.MostRunning,
        ["max_best_of"] = 1,
        ["max_stop_sequences"] = 4,
        ["max_input_tokens"] = engine.ContextLength - 1,
        ["max_total_tokens"] = engine.ContextLength,
        ["validation_workers"] = 1,
        ["max_client_batch_size"] = 4,
        ["router"] = "stand-in-engine",
        ["version"] = "0.0.0-stand-in",
        ["sha"] = null,
        ["docker_label"] = null,
    };

    /// <summary>Makes a text, whole or as a stream.</summary>
    public async Task GenerateAsync(HttpContext context, JsonObject body, bool streams)
    {
        if (body.Text("inputs") is not { } inputs)
        {
            throw new EngineRefusal(422, "inputs: missing field, a text");
        }

        var parameters = body.Object("parameters");
        var most = parameters?["max_new_tokens"];
        if (most is not null && most.Integer() is not (> 0 and <= int.MaxValue))
        {
            throw new EngineRefusal(422, "`max_new_tokens` must be strictly positive");
        }

        var generation = await Generation.CreateAsync(engine, context, new()
        {
            Model = parameters.Text("adapter_id") ?? "",
            Quoted = inputs,
            PromptTokens = Tokens.Count(inputs),
            MaxTokens = (int?)most.Integer() ?? 100,
            Stop = parameters.Texts("stop"),
        });
        var answer = generation.Answers[0];
        var reason = answer.FinishReason == "length" ? "length" : "eos_token";
        if (!streams)
        {
            await foreach (var _ in generation.RunAsync(context.RequestAborted))
            {
                // Tokens are made in their time; the answer is sent when it is whole.
            }

            var whole = new JsonObject { ["generated_text"] = answer.Text };
            if (parameters.Flag("details") == true)
            {
                whole["details"] = Details(answer, reason, generation.Request.PromptTokens);
                whole["details"]!["prefill"] = new JsonArray();
                whole["details"]!["tokens"] = new JsonArray([.. answer.Pieces.Select(piece => (JsonNode)Token(piece))]);
            }

            await EngineHandler.JsonAsync(context.Response, whole);
            return;
        }

        context.Response.ContentType = "text/event-stream; charset=utf-8";
        var index = 0;
        await foreach (var (_, piece, isLast) in generation.RunAsync(context.RequestAborted))
        {
            var happened = new JsonObject
            {
                ["index"] = ++index,
                ["token"] = Token(piece),
                ["generated_text"] = isLast ? answer.Text : null,
                ["details"] = isLast ? Details(answer, reason, generation.Request.PromptTokens) : null,
            };
            await context.Response.BodyWriter.WriteAsync((byte[])[.. "data:"u8, .. EngineHandler.Encode(happened), .. "\n\n"u8], context.RequestAborted);
        }
    }

    private static JsonObject Token(string piece) => new() { ["id"] = Tokens.Id(piece), ["text"] = piece, ["logprob"] = 0, ["special"] = false };

    private static JsonObject Details(EngineAnswer answer, string reason, int promptTokens) => new()
    {
        ["finish_reason"] = reason,
        ["generated_tokens"] = answer.Pieces.Count,
        ["input_length"] = promptTokens,
        ["seed"] = null,
    };
}
