using System.Net;
using System.Net.Http.Headers;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>A question over HTTP.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Address">Address.</param>
internal sealed record RegistryRequest(HttpMethod Method, Uri Address)
{
    public AuthenticationHeaderValue? Authorization { get; init; }

    public IReadOnlyList<string> Accept { get; init; } = ["application/json"];

    /// <summary>Most bytes of the answer that are read.</summary>
    public int Limit { get; init; } = 4 * 1024 * 1024;

    /// <summary>Whether a redirection is followed, or is the answer.</summary>
    public bool Follow { get; init; } = true;

    /// <summary>First byte that is wanted.</summary>
    public long Offset { get; init; }
}

/// <summary>An answer over HTTP, read whole.</summary>
/// <param name="Code">Status.</param>
/// <param name="Headers">Headers.</param>
/// <param name="Body">Body; of a refusal, nothing.</param>
/// <param name="IsTruncated">Whether it was longer than the limit.</param>
internal sealed record RegistryAnswer(HttpStatusCode Code, HttpResponseHeaders Headers, ReadOnlyMemory<byte> Body, bool IsTruncated)
{
    public bool IsSuccess => (int)Code is >= 200 and < 300;

    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>How long the server asks to be left alone: Retry-After, or the seconds to the next window of RateLimit.</summary>
    public TimeSpan? RetryAfter(TimeProvider time)
    {
        if (Headers.RetryAfter is { } asked)
        {
            return asked.Delta ?? (asked.Date is { } date && date > time.GetUtcNow() ? date - time.GetUtcNow() : null);
        }

        var seconds = Header("RateLimit")?.Split(';', StringSplitOptions.TrimEntries).FirstOrDefault(part => part.StartsWith("t=", StringComparison.Ordinal));
        return seconds is not null && int.TryParse(seconds.AsSpan(2), out var number) && number >= 0 ? TimeSpan.FromSeconds(number) : null;
    }
}

/// <summary>
/// HTTP to registries: bounded in time and size, through the environment's proxy, and careful with credentials, which are shown to the host they are meant for and to no host it redirects to.
/// </summary>
internal sealed class RegistryHttp : IDisposable
{
    private const int MostRedirects = 5;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;

    public RegistryHttp(TimeProvider time, HttpMessageHandler? handler = null)
    {
        _time = time;
        _http = new(handler ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            Proxy = new DirectToLoopback(HttpClient.DefaultProxy),
        });
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Asks.</summary>
    /// <exception cref="RegistryException">There was no answer.</exception>
    public Task<RegistryAnswer> SendAsync(RegistryRequest request, CancellationToken cancellationToken) => AskedAsync(
        request,
        async cancellation =>
        {
            using var response = await RespondAsync(request, cancellation).ConfigureAwait(false);
            var (body, truncated) = response.IsSuccessStatusCode && request.Method != HttpMethod.Head
                ? await ReadAsync(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), request.Limit, cancellation).ConfigureAwait(false)
                : (default, false);
            return new RegistryAnswer(response.StatusCode, response.Headers, body, truncated);
        },
        cancellationToken);

    /// <summary>Asks for a body of any length, of which nothing is read yet.</summary>
    /// <returns>The answer without its body, and the body when the answer is a success; disposing of it ends the connection.</returns>
    /// <exception cref="RegistryException">There was no answer.</exception>
    public async Task<(RegistryAnswer Answer, Stream? Body)> OpenAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        var response = await AskedAsync(request, cancellation => RespondAsync(request, cancellation), cancellationToken).ConfigureAwait(false);
        var answer = new RegistryAnswer(response.StatusCode, response.Headers, default, IsTruncated: false);
        if (!response.IsSuccessStatusCode)
        {
            response.Dispose();
            return (answer, null);
        }

        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);

        // A server that knows no ranges sends all of it.
        for (var left = response.StatusCode == HttpStatusCode.PartialContent ? 0 : request.Offset; left > 0;)
        {
            var skipped = await body.ReadAsync(new byte[Math.Min(left, 1 << 16)], cancellationToken).ConfigureAwait(false);
            left = skipped == 0 ? 0 : left - skipped;
        }

        return (answer, body);
    }

    /// <summary>An address as it may be shown: without user, password and query.</summary>
    public static string Shown(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    public static RegistryException Unavailable(Uri address, string cause, Exception? inner = null, TimeSpan? retryAfter = null) => new(
        RegistryReasons.RegistryUnavailable,
        $"the registry at {address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)} cannot be asked: {cause}; check its address, and the network and proxy between it and the operator",
        isRetryable: true,
        retryAfter,
        inner);

    private static string Cause(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "its name cannot be resolved",
        HttpRequestError.ConnectionError => "it refuses the connection",
        HttpRequestError.SecureConnectionError => "no secure connection can be made, as when its certificate is not trusted",
        HttpRequestError.ProxyTunnelError => "the proxy lets nothing through to it",
        _ => "the connection broke",
    };

    private async Task<T> AskedAsync<T>(RegistryRequest request, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await ask(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unavailable(request.Address, "it does not answer in time", fault);
        }
        catch (HttpRequestException fault)
        {
            throw Unavailable(request.Address, Cause(fault.HttpRequestError), fault);
        }
        catch (IOException fault)
        {
            throw Unavailable(request.Address, "the connection broke", fault);
        }
    }

    /// <summary>The answer where redirections end; its body is not read.</summary>
    private async Task<HttpResponseMessage> RespondAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        var address = request.Address;
        for (var redirects = 0; ; redirects++)
        {
            using var message = Message(request, address);
            var response = await _http.SendAsync(message, cancellationToken).ConfigureAwait(false);
            if (!request.Follow || (int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            var next = new Uri(address, location);
            if (redirects == MostRedirects || next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme != "https"))
            {
                throw Unavailable(request.Address, "it redirects in a circle, or to where no secure connection can be made");
            }

            address = next;
        }
    }

    private static HttpRequestMessage Message(RegistryRequest request, Uri address)
    {
        var message = new HttpRequestMessage(request.Method, new UriBuilder(address) { UserName = "", Password = "" }.Uri);
        message.Headers.TryAddWithoutValidation("User-Agent", "llm-operator");
        if (request.Offset > 0)
        {
            message.Headers.Range = new(request.Offset, null);
        }

        foreach (var type in request.Accept)
        {
            message.Headers.TryAddWithoutValidation("Accept", type);
        }

        if (Uri.Compare(address, request.Address, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0)
        {
            message.Headers.Authorization = request.Authorization;
        }

        return message;
    }

    /// <summary>Reads what is there, or as much as shows that it is too much.</summary>
    public static async Task<(ReadOnlyMemory<byte> Body, bool IsTruncated)> ReadAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var part = new byte[16 * 1024];
        while (await stream.ReadAsync(part, cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            if (body.Length + read > limit)
            {
                return (default, true);
            }

            body.Write(part, 0, read);
        }

        return (body.ToArray(), false);
    }

    /// <summary>The environment's proxy, which has no way to this machine's own loopback address.</summary>
    private sealed class DirectToLoopback(IWebProxy proxy) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => proxy.Credentials;
            set => proxy.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => destination.IsLoopback ? null : proxy.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.IsLoopback || proxy.IsBypassed(host);
    }
}
