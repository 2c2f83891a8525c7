using System.Net;
using System.Security.Cryptography;
using System.Text;
using LlmOperator.Sandbox.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>
/// Stands where a Qdrant pod is and passes its requests on to a real server. The pod's own API key is asked for as the server would, and the real one's put in its place.
/// All pods reach the same server: what it says of its cluster is its own affair.
/// </summary>
internal sealed class QdrantForwarder(ContainerContext context, int port, QdrantTarget target) : IHostedContainer
{
    private const long MostBodyBytes = 4L << 30;

    private static readonly string[] Open = ["/", "/healthz", "/livez", "/readyz"];
    private static readonly string[] OfTheConnection = ["Host", "Connection", "Transfer-Encoding", "Keep-Alive", "Upgrade", "api-key", "Authorization"];

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private LoopbackServer? _server;

    public Task<int> Exited => _exited.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server = await LoopbackServer.StartAsync(context.Listen(port), MostBodyBytes, PassOnAsync, cancellationToken).ConfigureAwait(false);
        context.WriteLine($"Requests are passed on to {target}");
    }

    public async Task StopAsync(CancellationToken kill)
    {
        if (_server is { } server)
        {
            await server.StopAsync(kill).ConfigureAwait(false);
        }

        _exited.TrySetResult(0);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        _http.Dispose();
        _exited.TrySetResult(0);
    }

    private async Task PassOnAsync(HttpContext http)
    {
        var (request, response) = (http.Request, http.Response);
        if (!Open.Contains(request.Path.Value) && context.Environment.GetValueOrDefault("QDRANT__SERVICE__API_KEY") is { Length: > 0 } key && !IsSame(Key(request), key))
        {
            response.StatusCode = StatusCodes.Status401Unauthorized;
            await response.WriteAsync("Invalid API key or JWT", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        using var message = new HttpRequestMessage(new(request.Method), target.Url.GetLeftPart(UriPartial.Path).TrimEnd('/') + http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        if (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0)
        {
            message.Content = new StreamContent(request.Body);
        }

        foreach (var (name, values) in request.Headers.Where(header => !OfTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!message.Headers.TryAddWithoutValidation(name, [.. values]))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, [.. values]);
            }
        }

        if (target.ApiKey is { } real)
        {
            message.Headers.TryAddWithoutValidation("api-key", real);
        }

        try
        {
            using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted).ConfigureAwait(false);
            response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => !OfTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
            {
                response.Headers[name] = values.ToArray();
            }

            await answer.Content.CopyToAsync(response.Body, http.RequestAborted).ConfigureAwait(false);
        }
        catch (HttpRequestException fault) when (!response.HasStarted)
        {
            context.WriteLine($"{target} was not reached: {fault.Message}");
            response.StatusCode = StatusCodes.Status502BadGateway;
            await response.WriteAsync($"{target} was not reached", http.RequestAborted).ConfigureAwait(false);
        }
    }

    private static string? Key(HttpRequest request) =>
        request.Headers.TryGetValue("api-key", out var key) ? key.ToString() : request.Headers.Authorization.ToString() is { Length: > 0 } header ? header.Split(' ', 2)[^1] : null;

    private static bool IsSame(string? given, string wanted) => given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(wanted));
}
