using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>Objects of one collection by keys computed from them, kept up to date inside each commit.</summary>
internal sealed class ObjectIndex(ResourceName resource, Func<JsonObject, IEnumerable<string>> keys)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SortedDictionary<string, JsonObject>> _buckets = [];

    /// <summary>Collection indexed.</summary>
    public ResourceName Resource => resource;

    /// <summary>Objects under a key, ordered by namespace and name.</summary>
    public List<JsonObject> Get(string key)
    {
        lock (_gate)
        {
            return _buckets.TryGetValue(key, out var bucket) ? [.. bucket.Values] : [];
        }
    }

    /// <summary>Number of objects under a key.</summary>
    public int Count(string key)
    {
        lock (_gate)
        {
            return _buckets.TryGetValue(key, out var bucket) ? bucket.Count : 0;
        }
    }

    /// <summary>Takes a change in.</summary>
    public void Observe(in ClusterEvent change)
    {
        var name = StoredObject.KeyOf(change.Ref.Namespace, change.Ref.Name);
        lock (_gate)
        {
            if (change.Previous is { } previous)
            {
                foreach (var key in keys(previous))
                {
                    Remove(key, name);
                }
            }

            foreach (var key in keys(change.Object))
            {
                if (change.Type == WatchEventType.Deleted)
                {
                    Remove(key, name);
                    continue;
                }

                if (!_buckets.TryGetValue(key, out var bucket))
                {
                    _buckets[key] = bucket = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
                }

                bucket[name] = change.Object;
            }
        }
    }

    private void Remove(string key, string name)
    {
        if (_buckets.TryGetValue(key, out var bucket) && bucket.Remove(name) && bucket.Count == 0)
        {
            _buckets.Remove(key);
        }
    }
}
