using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LlmOperator.Qdrant.Http;

/// <summary>Sends requests, sends reads again when the server asks for patience, and makes typed faults of what goes wrong.</summary>
internal sealed class QdrantHttp
{
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _http;
    private readonly QdrantConnection _connection;
    private readonly TimeProvider _time;
    private readonly string _root;
    private readonly string? _key;

    public QdrantHttp(HttpClient http, QdrantConnection connection, TimeProvider time)
    {
        (_http, _connection, _time) = (http, connection, time);
        if (connection.Url is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new ArgumentException($"the address of Qdrant must be http:// or https://, not {connection.Url}", nameof(connection));
        }

        _root = connection.Url.GetLeftPart(UriPartial.Path).TrimEnd('/');

        // Keys in Secrets often end with a line feed.
        _key = connection.ApiKey?.Trim() is { Length: > 0 } key ? key : null;
        if (_key is not null && _key.Any(character => character is < ' ' or > '~'))
        {
            throw new ArgumentException("the API key of Qdrant has characters that no HTTP header can carry", nameof(connection));
        }
    }

    /// <summary>Sends a request and reads its answer.</summary>
    public async Task<T> SendAsync<T>(QdrantRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                return await JsonSerializer.DeserializeAsync(body, type, cancellationToken).ConfigureAwait(false)
                    ?? throw Unexpected(request, response, "an empty answer");
            }
        }
        catch (JsonException fault)
        {
            throw Unexpected(request, response, $"an answer that is not Qdrant's: {fault.Message}", fault);
        }
        catch (Exception fault) when (IsConnection(fault) && !cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(request, fault);
        }
    }

    /// <summary>Sends a request; the caller disposes of the answer, which is a success.</summary>
    public async Task<HttpResponseMessage> SendAsync(QdrantRequest request, CancellationToken cancellationToken)
    {
        if (request.Body is { } body && body.Length > _connection.MaxRequestBytes)
        {
            throw new QdrantException(
                QdrantErrorKind.TooLarge, $"{Title(request)}: the request has {body.Length} bytes, more than the {_connection.MaxRequestBytes} that the server takes; send fewer points at once");
        }

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await SendOnceAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (QdrantException fault) when (request.IsRead && attempt < _connection.Retries && DelayOf(fault, attempt) is { } delay)
            {
                await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private TimeSpan? DelayOf(QdrantException fault, int attempt)
    {
        var delay = fault.Kind switch
        {
            QdrantErrorKind.RateLimited or QdrantErrorKind.Unavailable => fault.RetryAfter ?? FirstRetryDelay * (1 << attempt),
            QdrantErrorKind.Unreachable => FirstRetryDelay * (1 << attempt),
            _ => (TimeSpan?)null,
        };
        return delay <= _connection.LongestRetryDelay ? delay : null;
    }

    private async Task<HttpResponseMessage> SendOnceAsync(QdrantRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, _root + request.Path);
        if (_key is not null)
        {
            message.Headers.TryAddWithoutValidation("api-key", _key);
        }

        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsConnection(fault) && !cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(request, fault);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await RefusedAsync(request, response, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<QdrantException> RefusedAsync(QdrantRequest request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var (text, isQdrants) = (default(string), false);
        try
        {
            (text, isQdrants) = ErrorBody.Read(await ErrorBody.StartAsync(response.Content, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception fault) when (IsConnection(fault) && !cancellationToken.IsCancellationRequested)
        {
            // The status says enough.
        }

        text = Redact(text);
        var kind = KindOf(response.StatusCode);
        if (kind is QdrantErrorKind.NotFound && !isQdrants)
        {
            // A wrong address must not read as a collection that is not there.
            return Unexpected(request, response, "an answer that is not Qdrant's; check the address");
        }

        var status = $"{(int)response.StatusCode} {response.StatusCode}";
        return new(kind, $"{Title(request)}: {status}{(string.IsNullOrEmpty(text) ? "" : $": {text}")}", text, response.StatusCode, RetryAfter(response));
    }

    private static QdrantErrorKind KindOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => QdrantErrorKind.BadRequest,
        HttpStatusCode.Unauthorized => QdrantErrorKind.Unauthorized,
        HttpStatusCode.Forbidden => QdrantErrorKind.Forbidden,
        HttpStatusCode.NotFound => QdrantErrorKind.NotFound,
        HttpStatusCode.MethodNotAllowed => QdrantErrorKind.NotSupported,
        HttpStatusCode.RequestTimeout or HttpStatusCode.GatewayTimeout => QdrantErrorKind.Timeout,
        HttpStatusCode.Conflict => QdrantErrorKind.Conflict,
        HttpStatusCode.RequestEntityTooLarge => QdrantErrorKind.TooLarge,
        HttpStatusCode.TooManyRequests => QdrantErrorKind.RateLimited,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable => QdrantErrorKind.Unavailable,
        HttpStatusCode.InsufficientStorage => QdrantErrorKind.OutOfResources,
        >= HttpStatusCode.InternalServerError => QdrantErrorKind.Internal,
        _ => QdrantErrorKind.Unexpected,
    };

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => TimeSpan.FromTicks(Math.Max(0, (date - _time.GetUtcNow()).Ticks)),
        _ => null,
    };

    private static bool IsConnection(Exception fault) => fault is HttpRequestException or IOException or OperationCanceledException;

    private QdrantException Unreachable(QdrantRequest request, Exception fault) =>
        new(
            QdrantErrorKind.Unreachable,
            $"{Title(request)}: {new Uri(_root).Authority} was not reached: {Redact(fault switch
            {
                OperationCanceledException => $"no answer within {_http.Timeout.TotalSeconds} s",
                HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: { } why } => $"no TLS connection: {why.Message}",
                _ => fault.Message,
            })}",
            inner: fault);

    private static QdrantException Unexpected(QdrantRequest request, HttpResponseMessage response, string what, Exception? inner = null) =>
        new(QdrantErrorKind.Unexpected, $"{Title(request)}: {(int)response.StatusCode} with {what}", status: response.StatusCode, inner: inner);

    private string? Redact(string? text) => _key is null ? text : text?.Replace(_key, "…", StringComparison.Ordinal);

    private static string Title(QdrantRequest request) => $"{request.Method} {request.Path.Split('?', 2)[0]}";
}
