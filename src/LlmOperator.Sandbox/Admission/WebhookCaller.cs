using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Admission;

/// <summary>Calls webhooks over HTTPS and words what goes wrong as the API server does.</summary>
/// <param name="services">Finds out where a service listens.</param>
/// <param name="time">Clock of the calls' time limits.</param>
internal sealed class WebhookCaller(WebhookServices services, TimeProvider time) : IDisposable
{
    /// <summary>Most an answer may have; a patch of the largest object fits.</summary>
    private const long MaxAnswerBytes = 8 * 1024 * 1024;

    private readonly ConcurrentDictionary<WebhookTarget, HttpClient> _clients = new();

    /// <summary>Posts a review and returns the answer's text.</summary>
    /// <exception cref="WebhookFailure">There is no answer, or not a good one.</exception>
    public async Task<string> Post(Webhook webhook, JsonObject review)
    {
        var address = $"{webhook.Target.Address}{(webhook.Target.Address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}timeout={webhook.TimeoutSeconds}s";
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(webhook.TimeoutSeconds), time);
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(review.ToJsonString()));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var answer = await ClientOf(webhook.Target).PostAsync(new Uri(address), body, limit.Token);
            var text = await answer.Content.ReadAsStringAsync(limit.Token);
            return answer.IsSuccessStatusCode ? text : throw new WebhookFailure($"failed to call webhook: {Refused((int)answer.StatusCode, text)}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw NoAnswer(address, "context deadline exceeded");
        }
        catch (HttpRequestException fault)
        {
            throw NoAnswer(address, Cause(fault, new Uri(address)));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }

        _clients.Clear();
    }

    private static WebhookFailure NoAnswer(string address, string cause) => new($"failed to call webhook: Post \"{address}\": {cause}");

    private static string Refused(int code, string body) => code switch
    {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 => "forbidden",
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => "the server was unable to return a response in the time allotted, but may still be processing the request",
        >= 500 => $"an error on the server ({Schemas.JsonScalars.Quote(body.Trim())}) has prevented the request from succeeding",
        _ => $"the server responded with the status code {code} but did not return more information",
    };

    private static string Cause(HttpRequestException fault, Uri address)
    {
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case WebhookUnreachable or WebhookCertificateException:
                    return cause.Message;
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return $"dial tcp {address.Host}:{address.Port}: connect: connection refused";
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return $"dial tcp: lookup {address.Host}: no such host";
                case SocketException { SocketErrorCode: SocketError.ConnectionReset }:
                    return "read: connection reset by peer";
            }
        }

        return fault.HttpRequestError == HttpRequestError.ResponseEnded ? "EOF" : (fault.InnerException ?? fault).Message;
    }

    private HttpClient ClientOf(WebhookTarget target) => _clients.GetOrAdd(target, key =>
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = new WebhookCertificates(key.CertificateAuthorities).Check },
        };
        if (key.Service is { } service)
        {
            handler.ConnectCallback = (_, cancellation) => Connect(service, cancellation);
        }

        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
    });

    private async ValueTask<Stream> Connect(WebhookService service, CancellationToken cancellation)
    {
        var listener = services.Resolve(service);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(listener.Host, listener.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw new WebhookUnreachable($"dial tcp {listener.Host}:{listener.Port}: connect: connection refused");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
