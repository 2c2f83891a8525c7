using System.Collections.Concurrent;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Informers;

namespace LlmOperator.Controllers.Caching;

/// <summary>
/// A cache that shows our own writes at once. An informer hears of a write a moment after the server has answered it; a look at the object in that moment would
/// take the write for not done and send it again.
/// </summary>
internal sealed class OwnWrites<T>
    where T : class, IKubeObject<T>
{
    private readonly Informer<T> _informer;
    private readonly ConcurrentDictionary<ObjectKey, (string? SeenVersion, T Written)> _writes = new();

    public OwnWrites(Informer<T> informer)
    {
        _informer = informer;
        informer.AddHandler(change =>
        {
            var key = ObjectKey.Of(change.Object);
            if (_writes.TryGetValue(key, out var write) && (change.Type == ObjectEventType.Deleted || change.Object.Metadata.ResourceVersion != write.SeenVersion))
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

        if (cached?.Metadata.ResourceVersion == write.SeenVersion)
        {
            return write.Written;
        }

        _writes.TryRemove(KeyValuePair.Create(key, write));
        return cached;
    }

    /// <summary>Notes what the server answered to a write.</summary>
    public void Wrote(T written)
    {
        var key = ObjectKey.Of(written);
        var seen = _informer.Get(key)?.Metadata.ResourceVersion;
        if (seen != written.Metadata.ResourceVersion)
        {
            _writes[key] = (seen, written);
        }
    }
}
