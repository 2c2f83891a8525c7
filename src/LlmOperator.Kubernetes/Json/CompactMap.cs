using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace LlmOperator.Kubernetes.Json;

/// <summary>
/// A map of a few entries, read from JSON and never changed: one array, a third of a dictionary's memory. Labels and amounts are such maps, and a cache of many objects is made of them.
/// </summary>
internal sealed class CompactMap<T> : IReadOnlyDictionary<string, T>
{
    /// <summary>Up to so many, looking at every key is as fast as hashing one.</summary>
    public const int MostEntries = 16;

    private readonly KeyValuePair<string, T>[] _entries;

    private CompactMap(KeyValuePair<string, T>[] entries) => _entries = entries;

    public static IReadOnlyDictionary<string, T> Empty { get; } = new CompactMap<T>([]);

    public int Count => _entries.Length;

    public IEnumerable<string> Keys => _entries.Select(entry => entry.Key);

    public IEnumerable<T> Values => _entries.Select(entry => entry.Value);

    public T this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"there is no entry '{key}'");

    /// <summary>A map of entries whose keys differ.</summary>
    public static IReadOnlyDictionary<string, T> Of(List<KeyValuePair<string, T>> entries) => entries.Count == 0 ? Empty : new CompactMap<T>([.. entries]);

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value)
    {
        ArgumentNullException.ThrowIfNull(key);
        foreach (ref readonly var entry in _entries.AsSpan())
        {
            if (entry.Key == key)
            {
                value = entry.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, T>>)_entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
