using System.Net;
using LlmOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>
/// Keeps an informer current: lists once, watches from there for ever, and recovers from whatever a server or a network does.
/// </summary>
/// <remarks>
/// What leads to what:
/// <list type="bullet">
/// <item>the stream ends: watch again from the last version, no list;</item>
/// <item>410 Expired: list again, consistently, because the server's cache is what did not reach back far enough;</item>
/// <item>429, 5xx, a refused or broken connection: wait, then watch again from the last version, no list;</item>
/// <item>403, 404 (CRD not installed): wait and try again, with one clear line in the log; of an optional kind there are then no objects, and its definition is what is waited for.</item>
/// </list>
/// The first attempt is a streaming list on the watch itself; a server that refuses it gets a paged list from then on.
/// </remarks>
internal sealed class Reflector<T>(
    IKubeClient client, InformerScope scope, InformerOptions options, Informer<T> informer, TimeProvider time, Random random, ILogger logger)
    where T : class, IKubeObject<T>
{
    /// <summary>A kind that may not be seen is asked for again after this time: nothing tells of a permission.</summary>
    private static readonly TimeSpan ForbiddenRetry = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MinWatchTimeout = TimeSpan.FromMinutes(5);

    private readonly WatchBackoff _backoff = new(time, random);
    private readonly WatchHealth _health = new(T.Resource, scope.Namespace, scope.Optional, logger);
    private readonly KindWaiter _kind = new(client, T.Resource, time, random);
    private readonly string? _namespace = T.Resource.Namespaced ? scope.Namespace : null;
    private bool _streaming = options.StreamingLists;
    private int _unfinishedStreams;
    private bool _consistent;
    private bool _needsList = true;
    private bool _isAbsent;
    private string? _version;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan delay;
            try
            {
                if (_needsList && !_streaming)
                {
                    await ListAsync(cancellationToken).ConfigureAwait(false);
                }

                delay = await WatchAsync(cancellationToken).ConfigureAwait(false) ? TimeSpan.Zero : _backoff.Next();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                delay = Recover(error);
            }

            try
            {
                if (_isAbsent)
                {
                    _isAbsent = false;
                    await _kind.WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                if (delay > TimeSpan.Zero)
                {
                    await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Decides how to go on after a fault and how long to wait before.</summary>
    private TimeSpan Recover(Exception error)
    {
        if (error is KubeApiException { IsExpired: true } || error is KubeApiException { Reason: "ResourceVersionTooLarge" })
        {
            _needsList = true;
            _consistent = true;
            return _backoff.Next();
        }

        if (_needsList && _streaming && IsRefusalOfStreaming(error))
        {
            _streaming = false;
            return TimeSpan.Zero;
        }

        if (error is KubeApiException { IsNotFound: true })
        {
            // The kind is gone. When it comes back its objects are others.
            _needsList = true;
            _consistent = true;
        }

        _health.Lost(error);
        if (scope.Optional && IsAbsence(error))
        {
            informer.Replace([], served: false);
            if (error is KubeApiException { IsForbidden: true })
            {
                return ForbiddenRetry;
            }

            // What is defined may still take a moment to be served.
            _isAbsent = true;
        }

        var delay = _backoff.Next();
        return error is KubeApiException { RetryAfter: { } asked } && asked > delay ? asked : delay;
    }

    private static bool IsRefusalOfStreaming(Exception error) => error is KubeApiException
    {
        Code: HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotAcceptable or HttpStatusCode.NotImplemented,
    };

    /// <summary>The kind is not there, or was never to be seen. A permission withdrawn later leaves what is known.</summary>
    private bool IsAbsence(Exception error) => error is KubeApiException { IsNotFound: true } || (error is KubeApiException { IsForbidden: true } && !informer.IsServed);

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var objects = new Dictionary<ObjectKey, T>();
        string? next = null;
        do
        {
            var page = await client.ListAsync<T>(
                _namespace,
                new ListOptions
                {
                    LabelSelector = scope.LabelSelector,
                    FieldSelector = scope.FieldSelector,
                    Limit = options.PageSize,
                    Continue = next,

                    // "0" takes what the server has cached; after an expiry only a consistent read is sure to be newer than what expired.
                    // A version may not be given together with a continue token.
                    ResourceVersion = next is not null || _consistent ? null : _version ?? "0",
                },
                cancellationToken).ConfigureAwait(false);
            foreach (var obj in page.Items)
            {
                objects[ObjectKey.Of(obj)] = informer.Prepare(obj);
            }

            next = string.IsNullOrEmpty(page.Continue) ? null : page.Continue;
            _version = page.ResourceVersion;
        }
        while (next is not null);

        Listed(objects);
    }

    private void Listed(Dictionary<ObjectKey, T> objects)
    {
        _needsList = false;
        _consistent = false;
        _unfinishedStreams = 0;
        _health.Working();
        informer.Replace(objects);
    }

    /// <summary>One watch, with a streaming list at its head when there is something to list. False when it ended suspiciously soon.</summary>
    private async Task<bool> WatchAsync(CancellationToken cancellationToken)
    {
        var timeout = MinWatchTimeout * (1 + random.NextDouble());
        var started = time.GetTimestamp();
        var events = 0;
        var listing = _needsList ? new Dictionary<ObjectKey, T>() : null;

        // The server ends the stream at the timeout; when it does not, the connection is dead and only our own clock notices.
        using var overdue = new CancellationTokenSource(timeout + TimeSpan.FromSeconds(30), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, overdue.Token);
        var watch = client.WatchAsync<T>(
            _namespace,
            new WatchOptions
            {
                LabelSelector = scope.LabelSelector,
                FieldSelector = scope.FieldSelector,
                ResourceVersion = listing is not null && _consistent ? null : _version,
                SendInitialEvents = listing is not null,
                Timeout = timeout,
            },
            either.Token);
        try
        {
            await foreach (var change in watch.WithCancellation(either.Token).ConfigureAwait(false))
            {
                events++;
                if (listing is null)
                {
                    _health.Working();
                    Apply(change);
                }
                else if (Collect(listing, change))
                {
                    listing = null;
                }
                else if (change.Type == WatchEventType.Bookmark)
                {
                    // An ordinary bookmark before the end of the list: the server does not know of streaming lists.
                    _streaming = false;
                    return true;
                }
            }
        }
        catch (OperationCanceledException) when (overdue.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        if (listing is not null)
        {
            // Cut before the end of the list. Twice in a row is a server that ignores the request for an end mark.
            _streaming = ++_unfinishedStreams < 2;
            return false;
        }

        return events > 0 || time.GetElapsedTime(started) >= ShortestWatch;
    }

    /// <summary>Takes an event of the streaming list; true when it was the end mark.</summary>
    private bool Collect(Dictionary<ObjectKey, T> listing, WatchEvent<T> change)
    {
        switch (change.Type)
        {
            case WatchEventType.Bookmark:
                if (change.InitialEventsEnd)
                {
                    _version = change.ResourceVersion;
                    Listed(listing);
                }

                return change.InitialEventsEnd;
            case WatchEventType.Deleted:
                listing.Remove(ObjectKey.Of(change.Object!));
                return false;
            default:
                listing[ObjectKey.Of(change.Object!)] = informer.Prepare(change.Object!);
                return false;
        }
    }

    private void Apply(WatchEvent<T> change)
    {
        switch (change.Type)
        {
            case WatchEventType.Bookmark:
                break;
            case WatchEventType.Deleted:
                informer.Remove(informer.Prepare(change.Object!));
                break;
            default:
                informer.Upsert(informer.Prepare(change.Object!));
                break;
        }

        _version = change.ResourceVersion;
    }
}
