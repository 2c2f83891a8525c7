using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>Answers the routes of an inference server that every kind has, and hands what makes texts and vectors to those that do.</summary>
internal sealed class EngineHandler
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ConcurrentDictionary<string, string> _adapters;
    private readonly Action<string> _log;
    private readonly GenerationRoutes _generation;
    private readonly PoolingRoutes _pooling;
    private readonly TgiRoutes _tgi;
    private readonly long _created;
    private long _requests;

    public EngineHandler(EngineSettings settings, EngineDirections directions, TimeProvider time, Action<string> log)
    {
        (Settings, Directions, Time, _log) = (settings, directions, time, log);
        _adapters = new(settings.Adapters, StringComparer.Ordinal);
        _created = time.GetUtcNow().ToUnixTimeSeconds();
        Turns = new(settings.MostRunning);
        _generation = new(this);
        _pooling = new(this);
        _tgi = new(this);
    }

    public EngineSettings Settings { get; }

    public EngineDirections Directions { get; }

    public TimeProvider Time { get; }

    public EngineMetrics Metrics { get; } = new();

    /// <summary>Lets as many requests run at once as the server would.</summary>
    public SemaphoreSlim Turns { get; }

    /// <summary>What the server is called.</summary>
    public string Engine => EngineImages.Name(Settings.Kind);

    /// <summary>Tokens of the longest request.</summary>
    public int ContextLength => Directions.ContextLength ?? Settings.ContextLength;

    public async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.Server = $"stand-in-engine ({Engine})";
        var path = request.Path.Value!.Length > 1 ? request.Path.Value.TrimEnd('/') : "/";
        try
        {
            if (path.StartsWith("/v1/", StringComparison.Ordinal) && !IsAllowed(request))
            {
                response.StatusCode = StatusCodes.Status401Unauthorized;
                await JsonAsync(response, new JsonObject { ["error"] = "Unauthorized" });
            }
            else if (HttpMethods.IsGet(request.Method))
            {
                await GetAsync(response, path);
            }
            else if (HttpMethods.IsPost(request.Method))
            {
                await PostAsync(context, path, await BodyAsync(request));
            }
            else
            {
                throw new EngineRefusal(405, "Method Not Allowed");
            }
        }
        catch (EngineRefusal refusal) when (!response.HasStarted)
        {
            await RefuseAsync(response, refusal);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client left.
        }
        catch (BadHttpRequestException bad) when (!response.HasStarted)
        {
            await RefuseAsync(response, new EngineRefusal(bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "the body is too large for the stand-in engine" : bad.Message));
        }
        catch (InvalidOperationException fault) when (!response.HasStarted)
        {
            // Text that is no UTF-8 is found when it is asked for.
            await RefuseAsync(response, new EngineRefusal(400, $"the body has a text that cannot be read: {fault.Message}"));
        }

        if (path is not ("/health" or "/metrics"))
        {
            _log($"{request.Method} {path} {response.StatusCode}");
        }
    }

    /// <summary>Name under which a request's model is known.</summary>
    /// <exception cref="EngineRefusal">It is not known.</exception>
    public string Model(string? name) =>
        string.IsNullOrEmpty(name) ? Settings.ServedNames[0]
        : Settings.ServedNames.Contains(name) || _adapters.ContainsKey(name) || Settings.Kind is EngineKind.Tgi or EngineKind.LlamaCpp or EngineKind.Tei ? name
        : throw new EngineRefusal(404, $"The model `{name}` does not exist.");

    /// <summary>Plays the failure that is told, if it is this request's turn. A failing share fails at even distances.</summary>
    /// <returns>Whether the answer is to break off midway.</returns>
    public async Task<bool> PlayFailureAsync(HttpContext context)
    {
        var number = Interlocked.Increment(ref _requests);
        var rate = Directions.FailureRate;
        if (Directions.Failure is not { } failure || Math.Floor(number * rate) <= Math.Floor((number - 1) * rate))
        {
            return false;
        }

        switch (failure)
        {
            case "Truncate":
                return true;
            case "Disconnect":
                context.Abort();
                throw new OperationCanceledException(context.RequestAborted);
            case "Hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                return false;
            default:
                throw new EngineRefusal(int.Parse(failure, CultureInfo.InvariantCulture), "the stand-in engine was told to fail");
        }
    }

    public static async Task JsonAsync(HttpResponse response, JsonNode body)
    {
        response.ContentType = "application/json";
        var bytes = Encode(body);
        response.ContentLength = bytes.Length;
        await response.BodyWriter.WriteAsync(bytes, response.HttpContext.RequestAborted);
    }

    /// <summary>JSON as inference servers write it: only what must be is escaped.</summary>
    public static byte[] Encode(JsonNode body)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(bytes, Readable))
        {
            body.WriteTo(writer);
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>An id of its own for an answer.</summary>
    public static string NewId(string prefix) => $"{prefix}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}";

    public long Now => Time.GetUtcNow().ToUnixTimeSeconds();

    private bool IsAllowed(HttpRequest request) => Settings.ApiKeys.Count == 0 || Settings.ApiKeys.Any(key => request.Headers.Authorization == $"Bearer {key}");

    private async Task GetAsync(HttpResponse response, string path)
    {
        switch (path)
        {
            case "/health" or "/ping" or "/health_generate":
                response.StatusCode = StatusCodes.Status200OK;
                if (Settings.Kind == EngineKind.LlamaCpp)
                {
                    await JsonAsync(response, new JsonObject { ["status"] = "ok" });
                }

                return;
            case "/metrics":
                response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                await response.WriteAsync(Metrics.Page(Settings, [.. _adapters.Keys], ContextLength));
                return;
            case "/version":
                await JsonAsync(response, new JsonObject { ["version"] = "0.0.0-stand-in", ["stand_in"] = true, ["engine"] = Engine });
                return;
            case "/v1/models":
                await JsonAsync(response, Models());
                return;
            case "/info" when Settings.Kind is EngineKind.Tgi or EngineKind.Tei:
                await JsonAsync(response, _tgi.Info());
                return;
            case "/get_model_info" when Settings.Kind == EngineKind.SGLang:
                await JsonAsync(response, new JsonObject { ["model_path"] = Settings.Model, ["is_generation"] = !Settings.IsPooling, ["stand_in"] = true });
                return;
            case "/props" when Settings.Kind == EngineKind.LlamaCpp:
                await JsonAsync(response, new JsonObject { ["model_path"] = Settings.Model, ["total_slots"] = Settings.MostRunning, ["stand_in"] = true });
                return;
            case "/stand-in/directions":
                await JsonAsync(response, Directions.Show());
                return;
            default:
                throw new EngineRefusal(404, "Not Found");
        }
    }

    private Task PostAsync(HttpContext context, string path, JsonObject body) => path switch
    {
        "/v1/chat/completions" or "/v1/completions" when Settings.IsPooling => throw new EngineRefusal(400, "The model does not support generation: it makes embeddings"),
        "/v1/chat/completions" => _generation.ChatAsync(context, body),
        "/v1/completions" => _generation.CompletionsAsync(context, body),
        "/v1/embeddings" => _pooling.EmbeddingsAsync(context, body),
        "/rerank" when Settings.Kind == EngineKind.Tei => _pooling.TeiRerankAsync(context, body),
        "/rerank" or "/v1/rerank" or "/v2/rerank" => _pooling.RerankAsync(context, body),
        "/score" or "/v1/score" => _pooling.ScoreAsync(context, body),
        "/embed" when Settings.Kind == EngineKind.Tei => _pooling.TeiEmbedAsync(context, body),
        "/tokenize" => TokenizeAsync(context, body),
        "/generate" or "/generate_stream" or "/" when Settings.Kind == EngineKind.Tgi => _tgi.GenerateAsync(context, body, path == "/generate_stream" || (path == "/" && body.Flag("stream") == true)),
        "/v1/load_lora_adapter" or "/load_lora_adapter" => LoadAsync(context, body),
        "/v1/unload_lora_adapter" or "/unload_lora_adapter" => UnloadAsync(context, body),
        "/stand-in/directions" => Directions.Take(body) is { } problem ? throw new EngineRefusal(400, problem) : JsonAsync(context.Response, Directions.Show()),
        _ => throw new EngineRefusal(404, "Not Found"),
    };

    private JsonObject Models()
    {
        var models = new JsonArray();
        JsonObject Model(string name, string root, string? parent) => new()
        {
            ["id"] = name,
            ["object"] = "model",
            ["created"] = _created,
            ["owned_by"] = "stand-in-engine",
            ["root"] = root,
            ["parent"] = parent,
            ["max_model_len"] = ContextLength,
        };
        foreach (var name in Settings.ServedNames)
        {
            models.Add((JsonNode)Model(name, Settings.Model, null));
        }

        foreach (var (name, path) in _adapters.OrderBy(adapter => adapter.Key, StringComparer.Ordinal))
        {
            models.Add((JsonNode)Model(name, path, Settings.ServedNames[0]));
        }

        return new() { ["object"] = "list", ["data"] = models };
    }

    private Task TokenizeAsync(HttpContext context, JsonObject body)
    {
        var text = body.Text("prompt") ?? body.Text("inputs") ?? body.Text("content")
            ?? string.Concat(body.Objects("messages").Select(message => message.Text("content")));
        var tokens = Tokens.Split(text);
        if (Settings.Kind is EngineKind.Tgi)
        {
            var (pieces, at) = (new JsonArray(), 0);
            foreach (var token in tokens)
            {
                pieces.Add((JsonNode)new JsonObject { ["id"] = Tokens.Id(token), ["text"] = token, ["start"] = at, ["stop"] = at += token.Length });
            }

            return JsonAsync(context.Response, pieces);
        }

        var ids = new JsonArray([.. tokens.Select(token => (JsonNode)Tokens.Id(token))]);
        return JsonAsync(context.Response, new JsonObject { ["count"] = tokens.Count, ["max_model_len"] = ContextLength, ["tokens"] = ids, ["token_strs"] = null });
    }

    private async Task LoadAsync(HttpContext context, JsonObject body)
    {
        if (!Settings.LoadsAdapters)
        {
            throw new EngineRefusal(404, "Not Found");
        }

        if (body.Text("lora_name") is not { Length: > 0 } name || body.Text("lora_path") is not { Length: > 0 } path)
        {
            throw new EngineRefusal(400, "Both 'lora_name' and 'lora_path' must be provided.");
        }

        if (body.Flag("load_inplace") == true)
        {
            _adapters[name] = path;
        }
        else if (!_adapters.TryAdd(name, path))
        {
            throw new EngineRefusal(400, $"The lora adapter '{name}' has already been loaded.");
        }

        _log($"Loaded new LoRA adapter: name '{name}', path '{path}'");
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' added successfully.");
    }

    private async Task UnloadAsync(HttpContext context, JsonObject body)
    {
        if (!Settings.LoadsAdapters)
        {
            throw new EngineRefusal(404, "Not Found");
        }

        if (body.Text("lora_name") is not { Length: > 0 } name)
        {
            throw new EngineRefusal(400, "either 'lora_name' or 'lora_int_id' needs to be provided.");
        }

        if (!_adapters.TryRemove(name, out _))
        {
            throw new EngineRefusal(404, $"The lora adapter '{name}' cannot be found.");
        }

        _log($"Removed LoRA adapter: name '{name}'");
        await context.Response.WriteAsync($"Success: LoRA adapter '{name}' removed successfully.");
    }

    // Nodes are read lazily: what is named twice would be found when it is asked for.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static async Task<JsonObject> BodyAsync(HttpRequest request)
    {
        try
        {
            return await JsonNode.ParseAsync(request.Body, documentOptions: Strict, cancellationToken: request.HttpContext.RequestAborted) as JsonObject ?? throw new EngineRefusal(400, "the body must be a JSON object");
        }
        catch (JsonException fault)
        {
            throw new EngineRefusal(400, $"the body is not JSON: {fault.Message}");
        }
    }

    private Task RefuseAsync(HttpResponse response, EngineRefusal refusal)
    {
        response.StatusCode = refusal.Status;
        if (refusal.Status is 429 or 503)
        {
            response.Headers.RetryAfter = "1";
        }

        // TGI and TEI have a form of their own.
        if (Settings.Kind is EngineKind.Tgi or EngineKind.Tei)
        {
            response.StatusCode = refusal.Status == 400 ? 422 : refusal.Status;
            var kind = refusal.Status switch { 400 or 413 or 422 => "validation", 429 => "overloaded", 404 => "not_found", _ => "generation" };
            return JsonAsync(response, new JsonObject { ["error"] = refusal.Message, [Settings.Kind == EngineKind.Tgi ? "error_type" : "type"] = kind });
        }

        var type = refusal.Status switch
        {
            400 or 413 => "BadRequestError",
            404 => "NotFoundError",
            422 => "UnprocessableEntityError",
            501 => "NotImplementedError",
            429 => "RateLimitError",
            _ => "InternalServerError",
        };
        return JsonAsync(response, new JsonObject { ["error"] = new JsonObject { ["message"] = refusal.Message, ["type"] = type, ["param"] = null, ["code"] = refusal.Status } });
    }
}
