using System.Threading.Channels;

namespace LlmOperator.Sandbox.Storage;

/// <summary>
/// One reader of a collection's changes. Its queue is bounded: a reader that falls behind is closed and has to list again,
/// so that a writer never waits for it.
/// </summary>
internal sealed class StoreWatch(ObjectStore store, Collection collection, string? ns, IReadOnlyList<Change> initial, long startRevision, int capacity) : IDisposable
{
    private readonly Channel<Change> _queue = Channel.CreateBounded<Change>(new BoundedChannelOptions(capacity)
    {
        SingleReader = true,
        SingleWriter = true,
        FullMode = BoundedChannelFullMode.Wait,
    });

    /// <summary>Changes that had happened when the watch was opened.</summary>
    public IReadOnlyList<Change> Initial => initial;

    /// <summary>Revision of the store when the watch was opened: what <see cref="Initial"/> leads up to.</summary>
    public long StartRevision => startRevision;

    /// <summary>Changes since; completes when the watch is closed.</summary>
    public ChannelReader<Change> Changes => _queue.Reader;

    /// <summary>Hands a change over; false when the watch is closed.</summary>
    public bool Offer(Change change)
    {
        if (change.Object is not null && ns is not null && change.Object.Namespace != ns)
        {
            return true;
        }

        if (_queue.Writer.TryWrite(change))
        {
            return true;
        }

        Close();
        return false;
    }

    /// <summary>Ends the stream after what is queued.</summary>
    public void Close() => _queue.Writer.TryComplete();

    /// <summary>Queues a bookmark of the present revision behind all changes that led to it.</summary>
    public void RequestBookmark() => store.Bookmark(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        store.Remove(collection, this);
    }
}
