using System.Collections.Concurrent;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>
/// A cache that shows our own writes at once. An informer hears of a write a moment after the server has answered it; a look at the object in that moment would
/// take the write for not done and send it again.
/// </summary>
public sealed class OwnWrites<T>
    where T : class, IKubeObject<T>
{
    private readonly Informer<T> _informer;
    private readonly ConcurrentDictionary<ObjectKey, (string? SeenVersion, T Written)> _writes = new();
    private IKubeObject? _echo;
    private ulong _latest;

    /// <summary>Shows the objects of an informer.</summary>
    public OwnWrites(Informer<T> informer)
    {
        _informer = informer;
        informer.AddHandler(change =>
        {
            var key = ObjectKey.Of(change.Object);
            if (ulong.TryParse(change.Object.Metadata.ResourceVersion, out var version) && version > _latest)
            {
                Volatile.Write(ref _latest, version);
            }

            var written = _writes.TryGetValue(key, out var write);
            _echo = written && change.Type != ObjectEventType.Deleted && change.Object.Metadata.ResourceVersion == write.Written.Metadata.ResourceVersion ? change.Object : null;
            if (written && (change.Type == ObjectEventType.Deleted || !IsBehind((T)change.Object, write)))
            {
                _writes.TryRemove(KeyValuePair.Create(key, write));
            }
        });
    }

    /// <summary>The object: as we wrote it while the cache still shows what was before, as cached otherwise.</summary>
    public T? Get(ObjectKey key)
    {
        var cached = _informer.Get(key);
        if (!_writes.TryGetValue(key, out var write))
        {
            return cached;
        }

        if (IsBehind(cached, write))
        {
            return write.Written;
        }

        _writes.TryRemove(KeyValuePair.Create(key, write));
        return cached;
    }

    /// <summary>
    /// Whether a change shows nothing but the write last noted, which whoever wrote has seen in the server's answer and needs no second look at.
    /// For handlers added after this cache, while they are told of the change: informers tell one handler after the other.
    /// </summary>
    public bool IsEcho(ObjectEvent change) => ReferenceEquals(change.Object, _echo);

    /// <summary>Notes what the server answered to a write.</summary>
    public void Wrote(T written)
    {
        var key = ObjectKey.Of(written);
        var seen = _informer.Get(key);
        var write = (seen?.Metadata.ResourceVersion, written);
        if (IsBehind(seen, write))
        {
            _writes[key] = write;
        }
    }

    // Versions of one kind are numbers that grow. Where they are not, only a version known to be the one before the write is taken for older.
    private bool IsBehind(T? cached, (string? SeenVersion, T Written) write)
    {
        var (version, written) = (cached?.Metadata.ResourceVersion, write.Written.Metadata.ResourceVersion);
        if (cached is null && ulong.TryParse(written, out var made) && Volatile.Read(ref _latest) > made)
        {
            return false; // Changes come in order: what has none left after a later one was deleted before the answer to the write came.
        }

        return ulong.TryParse(version, out var known) && ulong.TryParse(written, out var own)
            ? known < own
            : version != written && version == write.SeenVersion;
    }
}
