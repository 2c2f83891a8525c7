using System.Text;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Measuring;
using LlmOperator.Telemetry;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.PromptTrace.Hosting;

/// <summary>Health, readiness and metrics.</summary>
/// <param name="options">Options.</param>
/// <param name="engine">Sends requests to the engine.</param>
/// <param name="drain">Says whether the sidecar is on its way out.</param>
/// <param name="registry">The metrics.</param>
/// <param name="spools">Figures to be read at once.</param>
/// <param name="time">Clock.</param>
internal sealed class AdminPages(SidecarOptions options, HttpMessageInvoker engine, Drain drain, MetricsRegistry registry, SpoolMetrics spools, TimeProvider time) : IDisposable
{
    // Below the second a probe is granted by default.
    private static readonly TimeSpan ProbeTime = TimeSpan.FromMilliseconds(900);

    private readonly Uri _health = new(options.Engine, options.HealthPath);
    private readonly SemaphoreSlim _collecting = new(1);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var (status, body, type) = context.Request.Path.Value switch
        {
            _ when !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) => (StatusCodes.Status405MethodNotAllowed, "only GET\n", null),
            "/healthz" => (StatusCodes.Status200OK, "ok\n", null),
            "/readyz" => await ReadyAsync(context.RequestAborted).ConfigureAwait(false) is { } problem ? (StatusCodes.Status503ServiceUnavailable, problem + "\n", null) : (StatusCodes.Status200OK, "ok\n", null),
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

    public void Dispose() => _collecting.Dispose();

    private async Task<string> MetricsAsync(CancellationToken cancellationToken)
    {
        await _collecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            spools.Read();
            return await registry.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _collecting.Release();
        }
    }

    /// <summary>Why no request should come here; null when they may.</summary>
    private async Task<string?> ReadyAsync(CancellationToken cancellationToken)
    {
        if (!drain.IsReady)
        {
            return "shutting down";
        }

        using var timeout = new CancellationTokenSource(ProbeTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, _health);
        try
        {
            using var response = await engine.SendAsync(request, either.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? null : $"the inference server answers {(int)response.StatusCode} at {options.HealthPath}";
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return "the inference server cannot be reached";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the inference server does not answer at {options.HealthPath}";
        }
    }
}
