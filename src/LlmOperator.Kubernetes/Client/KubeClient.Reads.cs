using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Http;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Client;

/// <content>Get, list, watch, logs.</content>
public sealed partial class KubeClient
{
    // The server ends a watch at the time asked for; a connection that is silent for longer than this beyond it is dead.
    private static readonly TimeSpan WatchGrace = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public Task<T?> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => FindAsync(Get("GET", RequestPath.Object(T.Resource, key).ToString()) with { Accept = Accept<T>("PartialObjectMetadata") }, T.JsonTypeInfo, cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectList<T>> ListAsync<T>(string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => ListAsync(Get("LIST", RequestPath.Collection(T.Resource, ns).With(options).ToString()) with { Accept = Accept<T>("PartialObjectMetadataList") }, T.JsonTypeInfo, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(string? ns, WatchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        var request = new KubeRequest(HttpMethod.Get, "WATCH", RequestPath.Collection(T.Resource, ns).With(options).ToString())
        {
            Idempotent = true,
            Accept = Accept<T>("PartialObjectMetadata"),
            Streaming = true,
            SingleAttempt = true,
        };
        using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        response.SetDeadline(options.Timeout is { } timeout ? timeout + WatchGrace : Timeout.InfiniteTimeSpan);
        await using var stream = await response.ReadAsStreamAsync().ConfigureAwait(false);
        await using var events = WatchReader.ReadAsync(stream, T.JsonTypeInfo, response.Cancellation).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            try
            {
                if (!await events.MoveNextAsync().ConfigureAwait(false))
                {
                    yield break;
                }
            }
            catch (OperationCanceledException) when (response.DeadlinePassed && !cancellationToken.IsCancellationRequested)
            {
                // Silent beyond the time at which the server should have ended it: as good as ended.
                yield break;
            }
            catch (Exception fault) when (_http.StreamFault(request, response, fault, cancellationToken) is not null)
            {
                throw _http.StreamFault(request, response, fault, cancellationToken)!;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }

            yield return events.Current;
        }
    }

    /// <inheritdoc/>
    public async Task<Stream> ReadLogAsync(ObjectKey pod, LogOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LogOptions();
        var path = RequestPath.Object(Pod.Resource, pod, "log")
            .With("container", options.Container)
            .With("tailLines", options.TailLines)
            .With("limitBytes", options.LimitBytes)
            .With("previous", options.Previous)
            .With("follow", options.Follow);
        var request = new KubeRequest(HttpMethod.Get, "LOG", path.ToString()) { Idempotent = true, Streaming = true };
        var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            response.SetDeadline(Timeout.InfiniteTimeSpan);
            return new ResponseStream(await response.ReadAsStreamAsync().ConfigureAwait(false), response);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<Scale?> GetScaleAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => await FindAsync(Get("GET", RequestPath.Object(T.Resource, key, "scale").ToString()), ClientJson.Default.ScaleBody, cancellationToken).ConfigureAwait(false) is { } body
            ? ToScale(key, body)
            : null;

    private static Scale ToScale(ObjectKey key, ScaleBody body) =>
        new(key, body.Spec?.Replicas ?? 0, body.Status?.Replicas ?? 0, body.Status?.Selector, body.Metadata?.ResourceVersion);

    /// <summary>Metadata alone where a type reads no more. A server that does not know the form sends whole objects, which are read as well.</summary>
    private static string Accept<T>(string form)
        where T : class, IKubeObject<T>
        => T.IsMetadataOnly ? $"application/json;as={form};g=meta.k8s.io;v=v1,application/json" : "application/json";

    private Task<ObjectList<TItem>> ListAsync<TItem>(KubeRequest request, JsonTypeInfo<TItem> typeInfo, CancellationToken cancellationToken)
        where TItem : class
        => _http.SendAsync(request, async response =>
        {
            await using var stream = await response.ReadAsStreamAsync().ConfigureAwait(false);
            try
            {
                return await ListReader<TItem>.ReadAsync(stream, typeInfo, response.Cancellation).ConfigureAwait(false);
            }
            catch (JsonException fault)
            {
                throw Unreadable(request, response, fault);
            }
        }, cancellationToken);

    private async Task<TValue?> FindAsync<TValue>(KubeRequest request, JsonTypeInfo<TValue> typeInfo, CancellationToken cancellationToken)
        where TValue : class
    {
        try
        {
            return await SendAsync(request, typeInfo, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException absent) when (absent.IsNotFound)
        {
            return null;
        }
    }
}
