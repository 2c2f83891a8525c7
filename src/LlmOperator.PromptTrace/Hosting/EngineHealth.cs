using LlmOperator.Inference.Hosting;
using LlmOperator.PromptTrace.Configuration;

namespace LlmOperator.PromptTrace.Hosting;

/// <summary>Says whether the inference server can serve.</summary>
/// <param name="options">Options.</param>
/// <param name="engine">Sends requests to the engine.</param>
/// <param name="drain">Says whether the sidecar is on its way out.</param>
/// <param name="time">Clock.</param>
internal sealed class EngineHealth(SidecarOptions options, HttpMessageInvoker engine, Drain drain, TimeProvider time)
{
    // Below the second a probe is granted by default.
    private static readonly TimeSpan ProbeTime = TimeSpan.FromMilliseconds(900);

    private readonly Uri _health = new(options.Engine, options.HealthPath);

    /// <summary>Why no request should come here; null when they may.</summary>
    public async Task<string?> WhyNotReadyAsync(CancellationToken cancellationToken)
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
