using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Events;

/// <summary>One report, as handed to the recorder.</summary>
internal sealed record EventReport(string Type, ObjectReference Regarding, ObjectReference? Related, string Reason, string Action, string Note);

/// <summary>What has been written of one row of identical reports.</summary>
internal sealed class EventRow
{
    /// <summary>The event object; null until it was written.</summary>
    public ObjectKey? Written { get; set; }

    /// <summary>How often the report came, whether written or not.</summary>
    public int Count { get; set; }
}

/// <summary>
/// Keeps events from flooding, as client-go does: identical reports are one row, more than ten different notes in ten minutes are taken together,
/// and an object that reports too much is cut down to one event in five minutes. Used by one writer.
/// </summary>
internal sealed class EventCorrelator(TimeProvider time)
{
    private const int Capacity = 4096;
    private const int MaxNotes = 10;
    private const int Burst = 25;
    private const string CombinedPrefix = "(combined from similar events): ";
    private static readonly TimeSpan NotesWindow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private readonly LruCache<(EventReport Report, bool Combined), EventRow> _rows = new(Capacity);
    private readonly LruCache<EventReport, Notes> _notes = new(Capacity);
    private readonly LruCache<ObjectReference, Bucket> _buckets = new(Capacity);

    /// <summary>Counts a report; says what to write of it, and whether it may be written now.</summary>
    public (EventRow Row, EventReport Report, bool Allowed) Correlate(EventReport report)
    {
        // Related objects tell no two reports apart; a flood names a new one each time.
        var kind = report with { Note = "", Related = null };
        var notes = _notes.GetOrAdd(kind, () => new Notes());
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(notes.LastSeen, now) > NotesWindow)
        {
            notes.Seen.Clear();
        }

        notes.LastSeen = now;
        if (notes.Seen.Count < MaxNotes)
        {
            notes.Seen.Add(report.Note);
        }

        var combined = !notes.Seen.Contains(report.Note);
        var row = _rows.GetOrAdd((combined ? kind : report with { Related = null }, combined), () => new EventRow());
        row.Count++;
        return (row, combined ? report with { Note = CombinedPrefix + report.Note } : report, Allow(report.Regarding, now));
    }

    private bool Allow(ObjectReference regarding, long now)
    {
        var bucket = _buckets.GetOrAdd(regarding, () => new Bucket { Tokens = Burst, Filled = now });
        bucket.Tokens = Math.Min(Burst, bucket.Tokens + (time.GetElapsedTime(bucket.Filled, now) / Refill));
        bucket.Filled = now;
        if (bucket.Tokens < 1)
        {
            return false;
        }

        bucket.Tokens--;
        return true;
    }

    private sealed class Notes
    {
        public HashSet<string> Seen { get; } = [];

        public long LastSeen { get; set; }
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public long Filled { get; set; }
    }
}
