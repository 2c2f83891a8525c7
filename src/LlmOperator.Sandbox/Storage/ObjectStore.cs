using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>
/// All objects, under one revision counter and one lock. Readers take an immutable snapshot; writers hold
/// <see cref="Gate"/> from reading the old state to committing the new one.
/// </summary>
internal sealed class ObjectStore(int historyWindow, int watchQueue)
{
    /// <summary>Where revisions start: above 1, so that a client's made-up "1" is long gone, as on any real cluster.</summary>
    private const long FirstRevision = 200;

    private readonly ConcurrentDictionary<ResourceName, Collection> _collections = new();
    private readonly List<Action<ClusterEvent>> _subscribers = [];
    private long _revision = FirstRevision;

    /// <summary>Held by a writer; the same thread may take it again.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Latest revision.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>An object, null when there is none.</summary>
    public StoredObject? Get(ResourceName resource, string? ns, string name) =>
        _collections.TryGetValue(resource, out var collection) ? collection.Items.GetValueOrDefault(StoredObject.KeyOf(ns, name)) : null;

    /// <summary>
    /// The present objects of a collection. Like <see cref="Get"/> it takes no lock: controllers read under locks of their own, which who observes a commit takes inside <see cref="Gate"/>.
    /// </summary>
    public IEnumerable<StoredObject> Present(ResourceName resource) => _collections.TryGetValue(resource, out var collection) ? collection.Items.Values : [];

    /// <summary>The present state of a collection and the store's revision at that moment.</summary>
    public Snapshot Latest(ResourceName resource)
    {
        lock (Gate)
        {
            return new Snapshot(_revision, CollectionOf(resource).Items);
        }
    }

    /// <summary>The state of a collection at a revision; null when that is older than the window.</summary>
    public Snapshot? At(ResourceName resource, long revision)
    {
        lock (Gate)
        {
            return CollectionOf(resource).At(revision);
        }
    }

    /// <summary>Number of objects in a collection.</summary>
    public int Count(ResourceName resource) => _collections.TryGetValue(resource, out var collection) ? collection.Items.Count : 0;

    /// <summary>Objects of a snapshot, in one namespace or all.</summary>
    public static IEnumerable<StoredObject> Range(Snapshot snapshot, string? ns) =>
        In(snapshot.Items.Values, ns);

    /// <summary>Those of one namespace, or all.</summary>
    public static IEnumerable<StoredObject> In(IEnumerable<StoredObject> objects, string? ns) => ns is null ? objects : objects.Where(item => item.Namespace == ns);

    /// <summary>
    /// Opens a watch on changes after a revision; without one, the present objects come first as added. Null when the revision
    /// is older than the window.
    /// </summary>
    public StoreWatch? Watch(ResourceName resource, string? ns, long? after)
    {
        lock (Gate)
        {
            var collection = CollectionOf(resource);
            var initial = after is { } revision
                ? collection.Since(revision)
                : [.. collection.Items.Values.Select(item => new Change(item.Revision, WatchEventType.Added, item, null))];
            if (initial is null)
            {
                return null;
            }

            if (ns is not null)
            {
                initial.RemoveAll(change => change.Object!.Namespace != ns);
            }

            var watch = new StoreWatch(this, collection, ns, initial, _revision, watchQueue);
            collection.Watches.Add(watch);
            return watch;
        }
    }

    /// <summary>Writes a new version of an object. Call under <see cref="Gate"/>.</summary>
    public StoredObject Put(ResourceName resource, JsonObject obj, StoredObject? previous)
    {
        var revision = _revision + 1;
        var stored = StoredObject.Create(obj, revision);
        Commit(resource, new Change(revision, previous is null ? WatchEventType.Added : WatchEventType.Modified, stored, previous));
        return stored;
    }

    /// <summary>Removes an object; watches see its last stored state under the revision of the removal. Call under <see cref="Gate"/>.</summary>
    public StoredObject Remove(ResourceName resource, StoredObject previous)
    {
        var revision = _revision + 1;
        var stored = previous.At(revision);
        Commit(resource, new Change(revision, WatchEventType.Deleted, stored, previous));
        return stored;
    }

    /// <summary>Ends a kind: its watches are closed and its history is forgotten.</summary>
    public void Drop(ResourceName resource)
    {
        lock (Gate)
        {
            if (_collections.TryRemove(resource, out var collection))
            {
                collection.Close();
            }
        }
    }

    /// <summary>Calls back after every commit, inside it.</summary>
    public IDisposable Subscribe(Action<ClusterEvent> onChange)
    {
        lock (Gate)
        {
            _subscribers.Add(onChange);
        }

        return new Subscription(this, onChange);
    }

    /// <summary>Queues a bookmark of the present revision.</summary>
    public void Bookmark(StoreWatch watch)
    {
        lock (Gate)
        {
            watch.Offer(new Change(_revision, WatchEventType.Bookmark, null, null));
        }
    }

    /// <summary>Forgets a watch.</summary>
    public void Remove(Collection collection, StoreWatch watch)
    {
        lock (Gate)
        {
            collection.Watches.Remove(watch);
        }
    }

    private void Commit(ResourceName resource, Change change)
    {
        Volatile.Write(ref _revision, change.Revision);
        CollectionOf(resource).Commit(change);
        if (_subscribers.Count > 0)
        {
            var obj = change.Object!;
            var committed = new ClusterEvent(change.Type, new ObjectRef(resource, obj.Namespace, obj.Name), obj.Object, change.Previous?.Object);
            for (var i = 0; i < _subscribers.Count; i++)
            {
                _subscribers[i](committed);
            }
        }
    }

    private Collection CollectionOf(ResourceName resource) =>
        _collections.GetOrAdd(resource, static (_, window) => new Collection(FirstRevision, window), historyWindow);

    private sealed class Subscription(ObjectStore store, Action<ClusterEvent> onChange) : IDisposable
    {
        public void Dispose()
        {
            lock (store.Gate)
            {
                store._subscribers.Remove(onChange);
            }
        }
    }
}
