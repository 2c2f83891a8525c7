using System.Collections.Immutable;

namespace LlmOperator.Sandbox.Storage;

/// <summary>The objects of one kind at one revision.</summary>
/// <param name="Revision">Revision the state stands for.</param>
/// <param name="Items">Objects by key, in key order.</param>
internal sealed record Snapshot(long Revision, ImmutableSortedDictionary<string, StoredObject> Items);

/// <summary>
/// One kind's objects and the window of its recent changes. Every change keeps the state after it (the trees share their
/// structure), so that a list can be read at any revision within the window. Guarded by the store's lock.
/// </summary>
internal sealed class Collection(long firstRevision, int window)
{
    private readonly Queue<(Change Change, Snapshot After)> _history = new();
    private Snapshot _beforeHistory = new(firstRevision, ImmutableSortedDictionary.Create<string, StoredObject>(StringComparer.Ordinal));

    /// <summary>Present objects by key.</summary>
    public ImmutableSortedDictionary<string, StoredObject> Items { get; private set; } = ImmutableSortedDictionary.Create<string, StoredObject>(StringComparer.Ordinal);

    /// <summary>Watches to tell of changes.</summary>
    public List<StoreWatch> Watches { get; } = [];

    /// <summary>Oldest revision from which all later changes are known.</summary>
    public long OldestRevision => _beforeHistory.Revision;

    /// <summary>Takes a change in and tells the watches.</summary>
    public void Commit(Change change)
    {
        var obj = change.Object!;
        Items = change.Type == LlmOperator.Kubernetes.Client.WatchEventType.Deleted ? Items.Remove(obj.Key) : Items.SetItem(obj.Key, obj);
        _history.Enqueue((change, new Snapshot(change.Revision, Items)));
        while (_history.Count > window)
        {
            _beforeHistory = _history.Dequeue().After;
        }

        for (var i = Watches.Count - 1; i >= 0; i--)
        {
            if (!Watches[i].Offer(change))
            {
                Watches.RemoveAt(i);
            }
        }
    }

    /// <summary>State at a revision, null when it is older than the window.</summary>
    public Snapshot? At(long revision)
    {
        if (revision < OldestRevision)
        {
            return null;
        }

        var state = _beforeHistory;
        foreach (var (change, after) in _history)
        {
            if (change.Revision > revision)
            {
                break;
            }

            state = after;
        }

        return new Snapshot(revision, state.Items);
    }

    /// <summary>Changes after a revision, null when it is older than the window.</summary>
    public List<Change>? Since(long revision)
    {
        if (revision < OldestRevision)
        {
            return null;
        }

        var changes = new List<Change>();
        foreach (var (change, _) in _history)
        {
            if (change.Revision > revision)
            {
                changes.Add(change);
            }
        }

        return changes;
    }

    /// <summary>Forgets everything: the kind is no longer served.</summary>
    public void Close()
    {
        foreach (var watch in Watches)
        {
            watch.Close();
        }

        Watches.Clear();
    }
}
