using System.Net;
using System.Security.Authentication;
using LlmOperator.Kubernetes.Authentication;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Http;

/// <summary>
/// Sends requests with credentials, a deadline an attempt, and retries:
/// 1. a rejected credential is refreshed once;
/// 2. 429 and 5xx are repeated as <see cref="RetryPolicy"/> says;
/// 3. so is an attempt without an answer, when doing it twice does no harm.
/// The caller's cancellation ends all of it.
/// </summary>
internal sealed class KubeHttp : IDisposable
{
    private const int LargestError = 1024 * 1024;

    private readonly Uri _server;
    private readonly ICredentialSource _credentials;
    private readonly KubeClientOptions _options;
    private readonly HttpMessageInvoker _invoker;
    private readonly string _host;
    private readonly string? _tlsServerName;

    public KubeHttp(ClusterConfiguration cluster, KubeClientOptions options)
    {
        _server = cluster.Server;
        _options = options;
        _host = cluster.Server.Authority;
        _tlsServerName = cluster.TlsServerName;
        _credentials = cluster switch
        {
            { Exec: { } exec } => new ExecCredentials(cluster, options.Time, new ExecPlugin(exec, options.Time)),
            { TokenFile: { } file } => new TokenFileCredentials(file, options.Time),
            _ => new StaticCredentials(cluster.Token),
        };
        HttpMessageHandler handler = new RotatingHandler(cluster, options.Time);
        if (options.Handler is { } outer)
        {
            Innermost(outer).InnerHandler = handler;
            handler = outer;
        }

        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>Sends and answers once a success has begun; its body is the caller's to read and dispose.</summary>
    /// <exception cref="KubeApiException">The server refused, or no answer came.</exception>
    public async Task<KubeResponse> SendAsync(KubeRequest request, CancellationToken cancellationToken)
    {
        var refreshed = false;
        for (var attempt = 1; ; attempt++)
        {
            var credential = await _credentials.GetAsync(cancellationToken).ConfigureAwait(false);
            KubeApiException fault;
            bool retry;
            try
            {
                var response = await AttemptAsync(request, credential, cancellationToken).ConfigureAwait(false);
                if (response.Message.IsSuccessStatusCode)
                {
                    return response;
                }

                fault = await ErrorAsync(response).ConfigureAwait(false);
                if (fault.Code == HttpStatusCode.Unauthorized && !refreshed && _credentials.Reject(credential))
                {
                    refreshed = true;
                    continue;
                }

                retry = fault.IsTransient && RetryPolicy.Retries(request, fault.Code, fault.RetryAfter);
            }
            catch (KubeApiException unanswered) when (unanswered.IsUnreachable)
            {
                fault = unanswered;

                // A certificate that is not trusted now will not be in a second either; say so at once.
                retry = request is { Idempotent: true, SingleAttempt: false } && unanswered.InnerException?.InnerException is not AuthenticationException;
            }

            if (!retry || attempt >= _options.MaxAttempts)
            {
                throw fault;
            }

            await Task.Delay(RetryPolicy.Delay(attempt, fault.RetryAfter, _options.Jitter()), _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends, reads the whole answer and hands it to <paramref name="read"/>; a body cut short is an attempt without an answer.</summary>
    public async Task<TResult> SendAsync<TResult>(KubeRequest request, Func<KubeResponse, Task<TResult>> read, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
            try
            {
                return await read(response).ConfigureAwait(false);
            }
            catch (Exception fault) when (IsConnectionFault(fault, response.DeadlinePassed, cancellationToken))
            {
                if (!request.Idempotent || attempt >= _options.MaxAttempts)
                {
                    throw Unanswered(request, response.DeadlinePassed, fault);
                }
            }

            await Task.Delay(RetryPolicy.Delay(attempt, null, _options.Jitter()), _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The error of a stream that broke off, or null when the exception is not about the connection.</summary>
    public KubeApiException? StreamFault(KubeRequest request, KubeResponse response, Exception fault, CancellationToken cancellationToken) =>
        IsConnectionFault(fault, response.DeadlinePassed, cancellationToken) ? Unanswered(request, response.DeadlinePassed, fault) : null;

    public void Dispose() => _invoker.Dispose();

    private static DelegatingHandler Innermost(DelegatingHandler handler)
    {
        while (handler.InnerHandler is DelegatingHandler inner)
        {
            handler = inner;
        }

        return handler;
    }

    private static bool IsConnectionFault(Exception fault, bool deadlinePassed, CancellationToken cancellationToken) => fault switch
    {
        HttpRequestException or IOException or InvalidDataException => true,
        OperationCanceledException => deadlinePassed && !cancellationToken.IsCancellationRequested,
        _ => false,
    };

    private static TimeSpan? RetryAfter(HttpResponseMessage message, DateTimeOffset now) => message.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > now => date - now,
        _ => null,
    };

    private async Task<KubeResponse> AttemptAsync(KubeRequest request, Credential credential, CancellationToken cancellationToken)
    {
        var started = _options.Time.GetTimestamp();
        var deadline = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var message = request.ToMessage(_server, credential.Token);

            // The TLS name follows the Host header and nothing else, also through a proxy; the API server does not look at the header.
            message.Headers.Host = _tlsServerName;
            message.Options.Set(RotatingHandler.Certificate, credential.Certificate);
            var answer = await _invoker.SendAsync(message, linked.Token).ConfigureAwait(false);
            ClientMetrics.Record(request, _host, (int)answer.StatusCode, _options.Time.GetElapsedTime(started));
            return new KubeResponse(answer, deadline, linked);
        }
        catch (Exception fault)
        {
            var late = deadline.IsCancellationRequested;
            linked.Dispose();
            deadline.Dispose();
            if (!IsConnectionFault(fault, late, cancellationToken))
            {
                throw;
            }

            ClientMetrics.Record(request, _host, null, _options.Time.GetElapsedTime(started));
            throw Unanswered(request, late, fault);
        }
    }

    private async Task<KubeApiException> ErrorAsync(KubeResponse response)
    {
        using (response)
        {
            var retryAfter = RetryAfter(response.Message, _options.Time.GetUtcNow());
            using var body = new PooledBuffer();
            try
            {
                await using var stream = await response.ReadAsStreamAsync().ConfigureAwait(false);
                int read;
                while (body.Written.Length < LargestError && (read = await stream.ReadAsync(body.GetMemory(1), response.Cancellation).ConfigureAwait(false)) > 0)
                {
                    body.Advance(read);
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or InvalidDataException || (fault is OperationCanceledException && response.DeadlinePassed))
            {
                // The status line said enough; what came of the explanation is used.
            }

            return StatusErrors.FromBody(response.Message.StatusCode, body.Written.Span, retryAfter);
        }
    }

    private KubeApiException Unanswered(KubeRequest request, bool late, Exception fault) => late
        ? new KubeApiException(0, KubeApiException.DeadlineExceeded, $"{request.Verb} {_host}{PathOf(request)}: no complete answer within {_options.RequestTimeout.TotalSeconds:0.#} s", inner: fault)
        : new KubeApiException(0, KubeApiException.ConnectionFailed, $"{request.Verb} {_host}{PathOf(request)}: {fault.GetBaseException().Message}", inner: fault);

    private static string PathOf(KubeRequest request) => request.PathAndQuery.Split('?')[0];
}
