using System.Buffers.Binary;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>Routes that make vectors and scores.</summary>
internal sealed class PoolingRoutes(EngineHandler engine)
{
    private const int MostDimensions = 65_536;

    /// <summary>OpenAI's embeddings.</summary>
    public Task EmbeddingsAsync(HttpContext context, JsonObject body)
    {
        var model = engine.Model(body.Text("model"));
        var texts = Texts(body["input"], "input");
        if (body["dimensions"] is { } asked && asked.Integer() is not (>= 1 and <= MostDimensions))
        {
            throw new EngineRefusal(400, $"dimensions must be a whole number from 1 to {MostDimensions}");
        }

        var dimensions = (int?)body.Integer("dimensions") ?? Similarity.DimensionsOf(engine.Settings.Model);
        var isBase64 = body.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            var other => throw new EngineRefusal(400, $"encoding_format is \"{other}\": write float or base64"),
        };
        return RunAsync(context, texts, tokens =>
        {
            var data = new JsonArray([.. texts.Select((text, index) => (JsonNode)new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = index,
                ["embedding"] = isBase64 ? (JsonNode)Base64(Similarity.Embed(text, dimensions, engine.Settings.Model)) : Numbers(Similarity.Embed(text, dimensions, engine.Settings.Model)),
            })]);
            return new JsonObject { ["id"] = EngineHandler.NewId("embd"), ["object"] = "list", ["created"] = engine.Now, ["model"] = model, ["data"] = data, ["usage"] = Usage(tokens) };
        });
    }

    /// <summary>vLLM's rerank.</summary>
    public Task RerankAsync(HttpContext context, JsonObject body)
    {
        var model = engine.Model(body.Text("model"));
        var query = body.Text("query") ?? throw new EngineRefusal(400, "query: Field required, a text");
        var documents = Texts(body["documents"], "documents");
        var top = (int?)body.Integer("top_n") is { } asked and > 0 ? asked : documents.Count;
        return RunAsync(context, [query, .. documents], tokens => new JsonObject
        {
            ["id"] = EngineHandler.NewId("rerank"),
            ["model"] = model,
            ["usage"] = new JsonObject { ["total_tokens"] = tokens },
            ["results"] = new JsonArray([.. Similarity.Rank(query, documents).Take(top).Select(ranked => (JsonNode)new JsonObject
            {
                ["index"] = ranked.Index,
                ["document"] = new JsonObject { ["text"] = documents[ranked.Index] },
                ["relevance_score"] = ranked.Score,
            })]),
        });
    }

    /// <summary>vLLM's scores.</summary>
    public Task ScoreAsync(HttpContext context, JsonObject body)
    {
        var model = engine.Model(body.Text("model"));
        var (first, second) = (Texts(body["text_1"], "text_1"), Texts(body["text_2"], "text_2"));
        if (first.Count != 1 && first.Count != second.Count)
        {
            throw new EngineRefusal(400, "text_1 must be one text, or as many as text_2");
        }

        return RunAsync(context, [.. first, .. second], tokens => new JsonObject
        {
            ["id"] = EngineHandler.NewId("score"),
            ["object"] = "list",
            ["created"] = engine.Now,
            ["model"] = model,
            ["data"] = new JsonArray([.. second.Select((text, index) => (JsonNode)new JsonObject { ["index"] = index, ["object"] = "score", ["score"] = Similarity.Of(first[first.Count == 1 ? 0 : index], text) })]),
            ["usage"] = Usage(tokens),
        });
    }

    /// <summary>TEI's embeddings.</summary>
    public Task TeiEmbedAsync(HttpContext context, JsonObject body)
    {
        var texts = Texts(body["inputs"], "inputs");
        return RunAsync(context, texts, _ => new JsonArray([.. texts.Select(text => (JsonNode)Numbers(Similarity.Embed(text, Similarity.DimensionsOf(engine.Settings.Model), engine.Settings.Model)))]));
    }

    /// <summary>TEI's rerank.</summary>
    public Task TeiRerankAsync(HttpContext context, JsonObject body)
    {
        var query = body.Text("query") ?? throw new EngineRefusal(400, "query: missing field, a text");
        var texts = Texts(body["texts"], "texts");
        var withTexts = body.Flag("return_text") == true;
        return RunAsync(context, [query, .. texts], _ => new JsonArray([.. Similarity.Rank(query, texts).Select(ranked =>
        {
            var entry = new JsonObject { ["index"] = ranked.Index, ["score"] = ranked.Score };
            if (withTexts)
            {
                entry["text"] = texts[ranked.Index];
            }

            return (JsonNode)entry;
        })]));
    }

    private async Task RunAsync(HttpContext context, IReadOnlyList<string> texts, Func<int, JsonNode> answer)
    {
        if (texts.Max(Tokens.Count) is var longest && longest > engine.ContextLength)
        {
            throw new EngineRefusal(400, $"This model's maximum context length is {engine.ContextLength} tokens. However, your request has {longest} input tokens. Please reduce the length of the input.");
        }

        var breaksOff = await engine.PlayFailureAsync(context);
        var begun = engine.Time.GetTimestamp();
        var (reason, tokens, runs) = ("abort", texts.Sum(Tokens.Count), false);
        engine.Metrics.Queue();
        try
        {
            await engine.Turns.WaitAsync(context.RequestAborted);
            runs = true;
        }
        finally
        {
            engine.Metrics.Unqueue(engine.Time.GetElapsedTime(begun), runs);
        }

        try
        {
            if (engine.Directions.TokenDelay is var delay && delay > TimeSpan.Zero)
            {
                await Task.Delay(delay, engine.Time, context.RequestAborted);
            }

            if (breaksOff)
            {
                context.Abort();
                throw new OperationCanceledException(context.RequestAborted);
            }

            await EngineHandler.JsonAsync(context.Response, answer(tokens));
            reason = "stop";
        }
        finally
        {
            engine.Turns.Release();
            engine.Metrics.Finish(reason, tokens, 0, null, engine.Time.GetElapsedTime(begun));
        }
    }

    private static IReadOnlyList<string> Texts(JsonNode? node, string field) => node switch
    {
        JsonValue when node.Text() is { } text => [text],
        JsonArray { Count: > 0 } array when array.All(item => item.Text() is not null) => [.. array.Select(item => item.Text()!)],
        JsonArray { Count: > 0 } array when array.All(item => item is JsonObject && item.Text("text") is not null) => [.. array.Select(item => item.Text("text")!)],
        JsonArray { Count: > 0 } array when array.All(item => item.Integer() is not null) => [Words(array)],
        JsonArray { Count: > 0 } array when array.All(item => item is JsonArray { Count: > 0 } ids && ids.All(id => id.Integer() is not null)) => [.. array.Select(item => Words(item!.AsArray()))],
        _ => throw new EngineRefusal(400, $"{field}: Field required, a text or a list of texts"),
    };

    // A token id is a word like any other to what compares shared words.
    private static string Words(JsonArray ids) => string.Join(' ', ids.Select(id => id.Integer()));

    private static JsonObject Usage(int tokens) => new() { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens };

    private static JsonArray Numbers(float[] vector) => new([.. vector.Select(value => (JsonNode)value)]);

    private static string Base64(float[] vector)
    {
        var bytes = new byte[vector.Length * sizeof(float)];
        for (var i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        return Convert.ToBase64String(bytes);
    }
}
