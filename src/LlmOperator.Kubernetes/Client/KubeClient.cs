using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Http;

namespace LlmOperator.Kubernetes.Client;

/// <summary>
/// The Kubernetes API over HTTP/2. Thread-safe; one instance a cluster. Requests the server asks to repeat are repeated within
/// the caller's cancellation; a rejected credential is refreshed once.
/// </summary>
public sealed partial class KubeClient : IKubeClient, IDisposable
{
    private readonly KubeHttp _http;
    private readonly KubeClientOptions _options;

    /// <summary>A client of a cluster. Nothing is sent before the first request.</summary>
    public KubeClient(ClusterConfiguration cluster, KubeClientOptions? options = null)
    {
        Cluster = cluster;
        _options = options ?? new KubeClientOptions();
        _http = new KubeHttp(cluster, _options);
    }

    /// <summary>The cluster this client speaks to.</summary>
    public ClusterConfiguration Cluster { get; }

    /// <summary>Closes the connections; watches end.</summary>
    public void Dispose() => _http.Dispose();

    /// <summary>Sends a GET to a path outside the kinds, for example <c>/version</c> or <c>/readyz</c>, and answers its body as text.</summary>
    public Task<string> GetRawAsync(string pathAndQuery, CancellationToken cancellationToken = default) =>
        _http.SendAsync(Get("GET", pathAndQuery), async response =>
        {
            using var body = await BodyAsync(response).ConfigureAwait(false);
            return System.Text.Encoding.UTF8.GetString(body.Written.Span);
        }, cancellationToken);

    private static KubeRequest Get(string verb, string path) => new(HttpMethod.Get, verb, path) { Idempotent = true, Compressed = true };

    private static async Task<PooledBuffer> BodyAsync(KubeResponse response)
    {
        var body = new PooledBuffer();
        try
        {
            await using var stream = await response.ReadAsStreamAsync().ConfigureAwait(false);
            await body.FillAsync(stream, response.Cancellation).ConfigureAwait(false);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    // Into an array of its own: the transport may still read a request's body when its answer, or the end of waiting for it, is there.
    private static byte[] Serialize<TValue>(TValue value, JsonTypeInfo<TValue> typeInfo)
    {
        using var body = new PooledBuffer();
        using var writer = new Utf8JsonWriter(body, new JsonWriterOptions { SkipValidation = true });
        JsonSerializer.Serialize(writer, value, typeInfo);
        return body.Written.ToArray();
    }

    private async Task<TValue> SendAsync<TValue>(KubeRequest request, JsonTypeInfo<TValue> typeInfo, CancellationToken cancellationToken) =>
        await _http.SendAsync(request, async response =>
        {
            using var body = await BodyAsync(response).ConfigureAwait(false);
            try
            {
                return JsonSerializer.Deserialize(body.Written.Span, typeInfo) ?? throw new JsonException("it is null");
            }
            catch (JsonException fault)
            {
                throw Unreadable(request, response, fault);
            }
        }, cancellationToken).ConfigureAwait(false);

    private static KubeApiException Unreadable(KubeRequest request, KubeResponse response, JsonException fault) => new(
        response.Message.StatusCode,
        KubeApiException.UnreadableAnswer,
        $"{request.Verb} {request.PathAndQuery.Split('?')[0]}: the answer cannot be read: {fault.Message}",
        inner: fault);
}
