using System.Diagnostics;

namespace LlmOperator.Gateway.Tracing;

/// <summary>A request that was answered: what feedback about it must be checked with and attached to.</summary>
/// <param name="Span">The gateway's span of it.</param>
/// <param name="Endpoint">Endpoint.</param>
/// <param name="Caller">Who asked.</param>
internal readonly record struct AnsweredRequest(ActivitySpanId Span, string Endpoint, string Caller);

/// <summary>The requests answered last, by trace. Feedback about a trace nobody remembers is refused.</summary>
/// <param name="most">Traces that are remembered.</param>
internal sealed class TraceMemory(int most = 100_000)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ActivityTraceId, AnsweredRequest> _requests = [];
    private readonly Queue<ActivityTraceId> _order = new();

    /// <summary>Remembers a request; of several in one trace, the last.</summary>
    public void Add(ActivityTraceId trace, AnsweredRequest request)
    {
        lock (_gate)
        {
            if (_requests.TryAdd(trace, request))
            {
                _order.Enqueue(trace);
            }
            else
            {
                _requests[trace] = request;
            }

            while (_order.Count > most)
            {
                _requests.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>The request of a trace; null when nobody remembers.</summary>
    public AnsweredRequest? Find(ActivityTraceId trace)
    {
        lock (_gate)
        {
            return _requests.TryGetValue(trace, out var request) ? request : null;
        }
    }
}
