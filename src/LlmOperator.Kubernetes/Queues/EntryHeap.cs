namespace LlmOperator.Kubernetes.Queues;

/// <summary>A binary heap of entries that know their place in it, so that an entry can be moved or taken out in O(log n).</summary>
internal sealed class EntryHeap(Comparison<WorkEntry> order)
{
    private WorkEntry[] _items = new WorkEntry[16];

    public int Count { get; private set; }

    public WorkEntry Peek() => _items[0];

    public ReadOnlySpan<WorkEntry> Items => _items.AsSpan(0, Count);

    public void Push(WorkEntry entry)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        Place(entry, Count++);
        Up(entry.HeapIndex);
    }

    public WorkEntry Pop()
    {
        var top = _items[0];
        Remove(top);
        return top;
    }

    public void Remove(WorkEntry entry)
    {
        var index = entry.HeapIndex;
        var last = _items[--Count];
        _items[Count] = null!;
        entry.HeapIndex = -1;
        if (index < Count)
        {
            Place(last, index);
            Update(last);
        }
    }

    /// <summary>Restores the order after an entry's rank changed.</summary>
    public void Update(WorkEntry entry)
    {
        Up(entry.HeapIndex);
        Down(entry.HeapIndex);
    }

    private void Up(int index)
    {
        var entry = _items[index];
        while (index > 0 && order(entry, _items[(index - 1) / 2]) < 0)
        {
            Place(_items[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }

        Place(entry, index);
    }

    private void Down(int index)
    {
        var entry = _items[index];
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && order(_items[child + 1], _items[child]) < 0)
            {
                child++;
            }

            if (order(_items[child], entry) >= 0)
            {
                break;
            }

            Place(_items[child], index);
            index = child;
        }

        Place(entry, index);
    }

    private void Place(WorkEntry entry, int index)
    {
        _items[index] = entry;
        entry.HeapIndex = index;
    }
}
