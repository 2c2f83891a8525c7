namespace LlmOperator.Kubernetes.Queues;

/// <summary>What the queue knows of one key. An entry is pending (waiting for its time, or ready), in process, or both.</summary>
internal sealed class WorkEntry
{
    public ObjectKey Key { get; set; }

    public int Priority { get; set; }

    public Pending Pending { get; set; }

    public bool Processing { get; set; }

    /// <summary>Arrival order among equal priorities.</summary>
    public long Sequence { get; set; }

    /// <summary>Timestamp at which a waiting entry becomes ready.</summary>
    public long ReadyAt { get; set; }

    /// <summary>Timestamp at which the entry became ready; for the queue duration.</summary>
    public long ReadySince { get; set; }

    /// <summary>Timestamp at which a worker took the key.</summary>
    public long StartedAt { get; set; }

    /// <summary>Place in the heap that holds the entry, -1 when in none.</summary>
    public int HeapIndex { get; set; } = -1;
}

/// <summary>Whether and how a key is still to be processed.</summary>
internal enum Pending
{
    /// <summary>Nothing to do.</summary>
    No,

    /// <summary>To do at a later time.</summary>
    Waiting,

    /// <summary>To do as soon as a worker is free and the key is not in process.</summary>
    Ready,
}
