using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>
/// The cached objects of one informer and their indexes. One writer; reads of single objects take no lock.
/// Objects are immutable by convention, so a read hands out the cached instance.
/// </summary>
internal sealed class ObjectStore<T>
    where T : class, IKubeObject<T>
{
    private readonly ConcurrentDictionary<ObjectKey, T> _objects = new(concurrencyLevel: 1, capacity: 31);
    private readonly Dictionary<string, Index> _indexes = [];
    private readonly Lock _indexGate = new();

    public int Count => _objects.Count;

    public IEnumerable<ObjectKey> Keys => _objects.Select(pair => pair.Key);

    public bool TryGet(ObjectKey key, [NotNullWhen(true)] out T? obj) => _objects.TryGetValue(key, out obj);

    public IReadOnlyList<T> List(string? ns)
    {
        var found = new List<T>(ns is null ? _objects.Count : 0);
        foreach (var (key, obj) in _objects)
        {
            if (ns is null || key.Namespace == ns)
            {
                found.Add(obj);
            }
        }

        return found;
    }

    public void AddIndex(string name, Func<T, IEnumerable<string>> values)
    {
        lock (_indexGate)
        {
            if (_indexes.ContainsKey(name))
            {
                return;
            }

            var index = new Index(values);
            foreach (var (key, obj) in _objects)
            {
                index.Add(key, obj);
            }

            _indexes.Add(name, index);
        }
    }

    public IReadOnlyList<T> ByIndex(string name, string value)
    {
        lock (_indexGate)
        {
            if (!_indexes.TryGetValue(name, out var index))
            {
                throw new ArgumentException(
                    $"no index '{name}' on {T.Resource.Plural}; add it with AddIndex. Known: {string.Join(", ", _indexes.Keys)}", nameof(name));
            }

            if (!index.Keys.TryGetValue(value, out var keys))
            {
                return [];
            }

            var found = new List<T>(keys.Count);
            foreach (var key in keys)
            {
                if (_objects.TryGetValue(key, out var obj))
                {
                    found.Add(obj);
                }
            }

            return found;
        }
    }

    /// <summary>Stores an object and returns the one it replaces.</summary>
    public T? Set(ObjectKey key, T obj)
    {
        lock (_indexGate)
        {
            _objects.TryGetValue(key, out var old);
            _objects[key] = obj;
            foreach (var index in _indexes.Values)
            {
                if (old is not null)
                {
                    index.Remove(key, old);
                }

                index.Add(key, obj);
            }

            return old;
        }
    }

    /// <summary>Removes an object and returns it.</summary>
    public T? Remove(ObjectKey key)
    {
        lock (_indexGate)
        {
            if (!_objects.TryRemove(key, out var old))
            {
                return null;
            }

            foreach (var index in _indexes.Values)
            {
                index.Remove(key, old);
            }

            return old;
        }
    }

    private sealed class Index(Func<T, IEnumerable<string>> values)
    {
        public Dictionary<string, HashSet<ObjectKey>> Keys { get; } = [];

        public void Add(ObjectKey key, T obj)
        {
            foreach (var value in values(obj))
            {
                if (!Keys.TryGetValue(value, out var keys))
                {
                    Keys.Add(value, keys = []);
                }

                keys.Add(key);
            }
        }

        public void Remove(ObjectKey key, T obj)
        {
            foreach (var value in values(obj))
            {
                if (Keys.TryGetValue(value, out var keys) && keys.Remove(key) && keys.Count == 0)
                {
                    Keys.Remove(value);
                }
            }
        }
    }
}
