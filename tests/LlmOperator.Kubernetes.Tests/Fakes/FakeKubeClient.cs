using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Tests.Fakes;

/// <summary>A request as the fake saw it.</summary>
internal sealed record FakeRequest(string Verb, string Plural, ObjectKey? Key, string? ResourceVersion = null, bool Streaming = false, string? Subresource = null)
{
    /// <summary>Field selector of a list or watch.</summary>
    public string? FieldSelector { get; init; }

    public bool IsWrite => Verb is "create" or "apply" or "patch" or "replace" or "delete";
}

/// <summary>
/// Stands in for an API server: versions, watches with history and bookmarks, streaming lists, optimistic locking, merge as apply.
/// A test steps between through <see cref="Intercept"/>, <see cref="BreakWatches"/> and <see cref="Compact"/>.
/// </summary>
internal sealed class FakeKubeClient : IKubeClient
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Plural, ObjectKey Key), JsonObject> _objects = [];
    private readonly List<(long Version, string Plural, WatchEventType Type, JsonObject Object)> _history = [];
    private readonly List<(string Plural, Channel<(long Version, WatchEventType Type, JsonObject? Object, bool End)> Events)> _watches = [];
    private readonly List<FakeRequest> _requests = [];
    private long _version = 100;
    private long _oldest;

    /// <summary>Runs before each request; may throw, or wait.</summary>
    public Func<FakeRequest, CancellationToken, Task>? Intercept { get; set; }

    /// <summary>What containers wrote; no pod has a log without it.</summary>
    public Func<ObjectKey, LogOptions, string>? Log { get; set; }

    public IReadOnlyList<FakeRequest> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    public IEnumerable<FakeRequest> Writes => Requests.Where(request => request.IsWrite);

    public int OpenWatches
    {
        get
        {
            lock (_gate)
            {
                return _watches.Count;
            }
        }
    }

    /// <summary>Whether whoever watches has taken all there was to tell.</summary>
    public bool IsToldAll
    {
        get
        {
            lock (_gate)
            {
                return _watches.TrueForAll(watch => watch.Events.Reader.Count == 0);
            }
        }
    }

    public void ForgetRequests()
    {
        lock (_gate)
        {
            _requests.Clear();
        }
    }

    /// <summary>What the server holds; null when there is no such object.</summary>
    public T? Peek<T>(string name, string ns = "default")
        where T : class, IKubeObject<T>
    {
        lock (_gate)
        {
            return _objects.TryGetValue((T.Resource.Plural, new ObjectKey(ns, name)), out var json) ? Read<T>(json) : null;
        }
    }

    public IReadOnlyList<T> PeekAll<T>()
        where T : class, IKubeObject<T>
    {
        lock (_gate)
        {
            return [.. _objects.Where(pair => pair.Key.Plural == T.Resource.Plural).Select(pair => Read<T>(pair.Value))];
        }
    }

    /// <summary>Stores an object as somebody else would.</summary>
    public T Put<T>(T obj)
        where T : class, IKubeObject<T>
    {
        lock (_gate)
        {
            return Read<T>(Store(T.Resource.Plural, ObjectKey.Of(obj), Write(obj)));
        }
    }

    /// <summary>Removes an object as somebody else would.</summary>
    public void Remove<T>(string name, string ns = "default")
        where T : class, IKubeObject<T>
    {
        lock (_gate)
        {
            Delete(T.Resource.Plural, new ObjectKey(ns, name));
        }
    }

    /// <summary>Ends all open watches, with an error or as by timeout.</summary>
    public void BreakWatches(Exception? error = null)
    {
        lock (_gate)
        {
            foreach (var (_, events) in _watches)
            {
                events.Writer.TryComplete(error);
            }

            _watches.Clear();
        }
    }

    /// <summary>Forgets the history: watches from earlier versions get 410.</summary>
    public void Compact()
    {
        lock (_gate)
        {
            _history.Clear();
            _oldest = ++_version;
        }
    }

    public void Bookmark()
    {
        lock (_gate)
        {
            foreach (var (_, events) in _watches)
            {
                events.Writer.TryWrite((_version, WatchEventType.Bookmark, null, false));
            }
        }
    }

    public static KubeApiException Error(HttpStatusCode code, string reason, TimeSpan? retryAfter = null) => new(code, reason, $"{reason} for a test", null, retryAfter);

    public async Task<T?> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        await BeforeAsync(new FakeRequest("get", T.Resource.Plural, key), cancellationToken);
        lock (_gate)
        {
            return _objects.TryGetValue((T.Resource.Plural, key), out var json) ? Read<T>(json) : null;
        }
    }

    public async Task<ObjectList<T>> ListAsync<T>(string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        await BeforeAsync(new FakeRequest("list", T.Resource.Plural, null, options?.ResourceVersion) { FieldSelector = options?.FieldSelector }, cancellationToken);
        lock (_gate)
        {
            var all = _objects.Where(pair => pair.Key.Plural == T.Resource.Plural && (ns is null || pair.Key.Key.Namespace == ns)).Select(pair => pair.Value).ToList();
            var from = options?.Continue is { } token ? int.Parse(token) : 0;
            var page = all.Skip(from).Take(options?.Limit ?? int.MaxValue).Select(Read<T>).ToList();
            var next = from + page.Count;
            return new ObjectList<T>(page, _version.ToString(), next < all.Count ? next.ToString() : null);
        }
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(string? ns, WatchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        await BeforeAsync(new FakeRequest("watch", T.Resource.Plural, null, options.ResourceVersion, options.SendInitialEvents) { FieldSelector = options.FieldSelector }, cancellationToken);
        var channel = Channel.CreateUnbounded<(long Version, WatchEventType Type, JsonObject? Object, bool End)>();
        lock (_gate)
        {
            if (options.SendInitialEvents)
            {
                foreach (var json in _objects.Where(pair => pair.Key.Plural == T.Resource.Plural).Select(pair => pair.Value))
                {
                    channel.Writer.TryWrite((Version(json), WatchEventType.Added, json, false));
                }

                channel.Writer.TryWrite((_version, WatchEventType.Bookmark, null, true));
            }
            else
            {
                var from = long.Parse(options.ResourceVersion!);
                if (from < _oldest)
                {
                    throw Error(HttpStatusCode.Gone, "Expired");
                }

                foreach (var change in _history.Where(change => change.Plural == T.Resource.Plural && change.Version > from))
                {
                    channel.Writer.TryWrite((change.Version, change.Type, change.Object, false));
                }
            }

            _watches.Add((T.Resource.Plural, channel));
        }

        try
        {
            await foreach (var (version, type, json, end) in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return new WatchEvent<T>(type, json is null ? null : Read<T>(json), version.ToString(), end);
            }
        }
        finally
        {
            lock (_gate)
            {
                _watches.RemoveAll(watch => watch.Events == channel);
            }
        }
    }

    public async Task<T> CreateAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        var key = ObjectKey.Of(obj);
        await BeforeAsync(new FakeRequest("create", T.Resource.Plural, key), cancellationToken);
        lock (_gate)
        {
            return _objects.ContainsKey((T.Resource.Plural, key))
                ? throw Error(HttpStatusCode.Conflict, "AlreadyExists")
                : Read<T>(Store(T.Resource.Plural, key, Write(obj)));
        }
    }

    public async Task<T> ApplyAsync<T>(T obj, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        var key = ObjectKey.Of(obj);
        await BeforeAsync(new FakeRequest(options.DryRun ? "try" : "apply", T.Resource.Plural, key, Subresource: options.Subresource), cancellationToken);
        if (options.DryRun)
        {
            return obj;
        }

        lock (_gate)
        {
            // A subresource has no object of its own: applying it makes none.
            return options.Subresource is null || _objects.ContainsKey((T.Resource.Plural, key))
                ? Read<T>(Merge(T.Resource.Plural, key, Write(obj)))
                : throw Error(HttpStatusCode.NotFound, "NotFound");
        }
    }

    public async Task<T> PatchAsync<T>(ObjectKey key, Patch patch, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        await BeforeAsync(new FakeRequest("patch", T.Resource.Plural, key, Subresource: options?.Subresource), cancellationToken);
        lock (_gate)
        {
            return _objects.ContainsKey((T.Resource.Plural, key))
                ? Read<T>(Merge(T.Resource.Plural, key, JsonNode.Parse(patch.Body.Span)!.AsObject()))
                : throw Error(HttpStatusCode.NotFound, "NotFound");
        }
    }

    public async Task<T> ReplaceAsync<T>(T obj, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IFullObject<T>
    {
        var key = ObjectKey.Of(obj);
        await BeforeAsync(new FakeRequest("replace", T.Resource.Plural, key), cancellationToken);
        lock (_gate)
        {
            if (!_objects.TryGetValue((T.Resource.Plural, key), out var present))
            {
                throw Error(HttpStatusCode.NotFound, "NotFound");
            }

            return obj.Metadata.ResourceVersion == Version(present).ToString()
                ? Read<T>(Store(T.Resource.Plural, key, Write(obj)))
                : throw Error(HttpStatusCode.Conflict, "Conflict");
        }
    }

    public async Task<bool> DeleteAsync<T>(ObjectKey key, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        await BeforeAsync(new FakeRequest("delete", T.Resource.Plural, key), cancellationToken);
        lock (_gate)
        {
            return Delete(T.Resource.Plural, key);
        }
    }

    public Task DeleteCollectionAsync<T>(string? ns, ListOptions? selectors = null, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => throw new NotSupportedException("no test of the runtime deletes collections");

    public Task<Scale?> GetScaleAsync<T>(ObjectKey key, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => throw new NotSupportedException("no test of the runtime scales");

    public Task<Scale> SetScaleAsync<T>(ObjectKey key, int replicas, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
        => throw new NotSupportedException("no test of the runtime scales");

    public async Task<Stream> ReadLogAsync(ObjectKey pod, LogOptions? options = null, CancellationToken cancellationToken = default)
    {
        await BeforeAsync(new FakeRequest("get", Pod.Resource.Plural, pod, Subresource: "log"), cancellationToken);
        return new MemoryStream(System.Text.Encoding.UTF8.GetBytes((Log ?? throw Error(HttpStatusCode.NotFound, "NotFound"))(pod, options ?? new())));
    }

    private static JsonObject Write<T>(T obj)
        where T : class, IKubeObject<T>
        => JsonSerializer.SerializeToNode(obj, T.JsonTypeInfo)!.AsObject();

    private static T Read<T>(JsonObject json)
        where T : class, IKubeObject<T>
        => json.Deserialize(T.JsonTypeInfo)!;

    private static long Version(JsonObject json) => long.Parse(json["metadata"]!["resourceVersion"]!.GetValue<string>());

    private static void MergeInto(JsonObject target, JsonObject source)
    {
        foreach (var (name, value) in source)
        {
            if (value is JsonObject child && target[name] is JsonObject existing)
            {
                MergeInto(existing, child);
            }
            else
            {
                target[name] = value?.DeepClone();
            }
        }
    }

    private async Task BeforeAsync(FakeRequest request, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _requests.Add(request);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (Intercept is { } intercept)
        {
            await intercept(request, cancellationToken);
        }
    }

    private JsonObject Merge(string plural, ObjectKey key, JsonObject change)
    {
        var merged = _objects.TryGetValue((plural, key), out var present) ? present.DeepClone().AsObject() : [];
        MergeInto(merged, change);
        return present is not null && JsonNode.DeepEquals(merged, present) ? present : Store(plural, key, merged);
    }

    private JsonObject Store(string plural, ObjectKey key, JsonObject json)
    {
        var known = _objects.TryGetValue((plural, key), out var before);
        var metadata = json["metadata"]!.AsObject();
        var sameSpec = known && JsonNode.DeepEquals(before!["spec"], json["spec"]);
        metadata["uid"] = known ? before!["metadata"]!["uid"]!.GetValue<string>() : Guid.NewGuid().ToString();
        metadata["generation"] = known ? before!["metadata"]!["generation"]!.GetValue<long>() + (sameSpec ? 0 : 1) : 1;
        metadata["resourceVersion"] = (++_version).ToString();
        var stored = json.DeepClone().AsObject();
        _objects[(plural, key)] = stored;
        Tell(plural, known ? WatchEventType.Modified : WatchEventType.Added, stored);
        return stored;
    }

    private bool Delete(string plural, ObjectKey key)
    {
        if (!_objects.Remove((plural, key), out var json))
        {
            return false;
        }

        var last = json.DeepClone().AsObject();
        last["metadata"]!["resourceVersion"] = (++_version).ToString();
        Tell(plural, WatchEventType.Deleted, last);
        return true;
    }

    private void Tell(string plural, WatchEventType type, JsonObject json)
    {
        _history.Add((_version, plural, type, json));
        foreach (var (watched, events) in _watches)
        {
            if (watched == plural)
            {
                events.Writer.TryWrite((_version, type, json, false));
            }
        }
    }
}
