using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LlmOperator.PromptTrace.Tests.Fakes;

/// <summary>Stands in for an inference server: does what the test says.</summary>
internal sealed class ScriptedEngine : IAsyncDisposable
{
    private readonly WebApplication _app;
    private ListenOptions _listen = null!;

    private ScriptedEngine()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.Listen(IPAddress.Loopback, 0, listen => _listen = listen);
        });
        _app = builder.Build();
        _app.Run(context => context.Request.Path == "/health" ? Task.CompletedTask : Answer(context));
    }

    /// <summary>Answers everything but health.</summary>
    public RequestDelegate Answer { get; set; } = static _ => Task.CompletedTask;

    public Uri Url => new($"http://127.0.0.1:{_listen.IPEndPoint!.Port}");

    public static async Task<ScriptedEngine> StartAsync(RequestDelegate? answer = null)
    {
        var engine = new ScriptedEngine { Answer = answer ?? (static _ => Task.CompletedTask) };
        await engine._app.StartAsync();
        return engine;
    }

    /// <summary>Takes no more connections, lets running answers end, and closes the rest.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

/// <summary>What inference servers say.</summary>
internal static class Answers
{
    public static async Task JsonAsync(HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    public static async Task StreamAsync(HttpContext context, params IEnumerable<string> events)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        foreach (var data in events)
        {
            await EventAsync(context, data);
        }
    }

    public static async Task EventAsync(HttpContext context, string data)
    {
        await context.Response.WriteAsync($"data: {data}\n\n");
        await context.Response.Body.FlushAsync();
    }

    /// <summary>A piece of a chat stream as vLLM sends it.</summary>
    public static string Chunk(string text, string? finish = null) =>
        $$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama","choices":[{"index":0,"delta":{"content":{{System.Text.Json.JsonSerializer.Serialize(text)}}},"logprobs":null,"finish_reason":{{(finish is null ? "null" : $"\"{finish}\"")}}}]}""";
}
