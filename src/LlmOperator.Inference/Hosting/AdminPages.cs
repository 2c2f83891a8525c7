using System.Text;
using LlmOperator.Telemetry;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Inference.Hosting;

/// <summary>Health, readiness and metrics.</summary>
/// <param name="registry">The metrics.</param>
/// <param name="beforeReading">Called before each reading of them: figures that must be read at once are read there.</param>
/// <param name="whyNotReady">Why no request should come here; null when they may.</param>
public sealed class AdminPages(MetricsRegistry registry, Action beforeReading, Func<CancellationToken, Task<string?>> whyNotReady) : IDisposable
{
    private readonly SemaphoreSlim _collecting = new(1);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var (status, body, type) = context.Request.Path.Value switch
        {
            _ when !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) => (StatusCodes.Status405MethodNotAllowed, "only GET\n", null),
            "/healthz" => (StatusCodes.Status200OK, "ok\n", null),
            "/readyz" => await whyNotReady(context.RequestAborted).ConfigureAwait(false) is { } problem ? (StatusCodes.Status503ServiceUnavailable, problem + "\n", null) : (StatusCodes.Status200OK, "ok\n", null),
            "/metrics" => (StatusCodes.Status200OK, await MetricsAsync(context.RequestAborted).ConfigureAwait(false), MetricsRegistry.ContentType),
            _ => (StatusCodes.Status404NotFound, "there are /healthz, /readyz and /metrics\n", (string?)null),
        };
        var bytes = Encoding.UTF8.GetBytes(body);
        context.Response.StatusCode = status;
        context.Response.ContentType = type ?? "text/plain; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _collecting.Dispose();

    private async Task<string> MetricsAsync(CancellationToken cancellationToken)
    {
        await _collecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            beforeReading();
            return await registry.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _collecting.Release();
        }
    }
}
