using System.Diagnostics;

namespace LlmOperator.Gateway.Tracing;

/// <summary>A request that was answered: what feedback about it is attached to.</summary>
/// <param name="Span">The gateway's span of it.</param>
/// <param name="Endpoint">Endpoint.</param>
/// <param name="Revision">Revision of it that answered, as far as it is known.</param>
internal readonly record struct AnsweredRequest(ActivitySpanId Span, string Endpoint, string? Revision = null);

/// <summary>The requests answered last, by trace and by who asked: a trace is the caller's to choose, and nobody takes another's by choosing the same. Feedback about what is not remembered is refused.</summary>
/// <param name="most">Traces that are remembered.</param>
internal sealed class TraceMemory(int most = 100_000)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ActivityTraceId, string), AnsweredRequest> _requests = [];
    private readonly Queue<(ActivityTraceId, string)> _order = new();

    /// <summary>Remembers a request; of several in one trace, the last.</summary>
    public void Add(ActivityTraceId trace, string caller, AnsweredRequest request)
    {
        var key = (trace, caller);
        lock (_gate)
        {
            if (_requests.TryAdd(key, request))
            {
                _order.Enqueue(key);
            }
            else
            {
                _requests[key] = request;
            }

            while (_order.Count > most)
            {
                _requests.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>The request of a caller in a trace; null when none is remembered.</summary>
    public AnsweredRequest? Find(ActivityTraceId trace, string caller)
    {
        lock (_gate)
        {
            return _requests.TryGetValue((trace, caller), out var request) ? request : null;
        }
    }
}
