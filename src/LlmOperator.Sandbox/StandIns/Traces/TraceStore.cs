namespace LlmOperator.Sandbox.StandIns.Traces;

/// <summary>The last traces, within a bound of memory: the oldest go first.</summary>
internal sealed class TraceStore(long mostBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Trace>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<Trace> _traces = new();
    private long _bytes;

    /// <summary>Number of spans received so far.</summary>
    public long Received { get; private set; }

    /// <summary>Takes spans in. One that came before replaces itself: a sender may send twice.</summary>
    public void Add(IEnumerable<ReceivedSpan> spans)
    {
        lock (_gate)
        {
            foreach (var span in spans)
            {
                Received++;
                if (!_byId.TryGetValue(span.TraceId, out var node))
                {
                    _byId[span.TraceId] = node = _traces.AddFirst(new Trace(span.TraceId));
                }

                _bytes += span.Size - (node.Value.Spans.TryGetValue(span.SpanId, out var before) ? before.Size : 0);
                node.Value.Spans[span.SpanId] = span;
            }

            while (_bytes > mostBytes && _traces.Last is { } oldest)
            {
                _bytes -= oldest.Value.Spans.Values.Sum(span => span.Size);
                _byId.Remove(oldest.Value.Id);
                _traces.RemoveLast();
            }
        }
    }

    /// <summary>The spans of a trace in order of their start; empty when it is not known.</summary>
    public IReadOnlyList<ReceivedSpan> Get(string id)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out var node) ? Ordered(node.Value) : [];
        }
    }

    /// <summary>The last traces, newest first.</summary>
    public IReadOnlyList<IReadOnlyList<ReceivedSpan>> Recent(int most)
    {
        lock (_gate)
        {
            return [.. _traces.Take(most).Select(Ordered)];
        }
    }

    private static List<ReceivedSpan> Ordered(Trace trace) => [.. trace.Spans.Values.OrderBy(span => span.Start).ThenByDescending(span => span.End)];

    private sealed record Trace(string Id)
    {
        public Dictionary<string, ReceivedSpan> Spans { get; } = new(StringComparer.Ordinal);
    }
}
