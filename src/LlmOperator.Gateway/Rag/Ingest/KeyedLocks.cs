namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>Lets requests that are about the same keys go on one after the other, and others at once. Keys are taken in one order, so that two requests never wait for each other.</summary>
internal sealed class KeyedLocks
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Waits until nobody else has any of the keys.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Gives them back when disposed of.</returns>
    public async Task<IDisposable> TakeAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var taken = new Taken(this);
        try
        {
            foreach (var key in keys.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                Entry entry;
                lock (_entries)
                {
                    entry = _entries.TryGetValue(key, out var known) ? known : _entries[key] = new();
                    entry.Users++;
                }

                try
                {
                    await entry.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    Leave(key, entry);
                    throw;
                }

                taken.Add(key, entry);
            }

            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    private void Leave(string key, Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Users == 0)
            {
                _entries.Remove(key);
                entry.Gate.Dispose();
            }
        }
    }

    private sealed class Entry
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public int Users { get; set; }
    }

    private sealed class Taken(KeyedLocks locks) : IDisposable
    {
        private readonly List<(string Key, Entry Entry)> _entries = [];

        public void Add(string key, Entry entry) => _entries.Add((key, entry));

        public void Dispose()
        {
            foreach (var (key, entry) in _entries)
            {
                entry.Gate.Release();
                locks.Leave(key, entry);
            }

            _entries.Clear();
        }
    }
}
