using System.Buffers;
using System.Diagnostics;

namespace LlmOperator.Inference.Tracing;

/// <summary>Where a span stands: the W3C trace context of a request.</summary>
/// <param name="TraceId">Trace.</param>
/// <param name="SpanId">This span.</param>
/// <param name="ParentSpanId">The span it was made by; default when it is the first.</param>
/// <param name="IsSampled">Whether the caller asks for the trace to be kept.</param>
public readonly record struct TraceContext(ActivityTraceId TraceId, ActivitySpanId SpanId, ActivitySpanId ParentSpanId, bool IsSampled)
{
    /// <summary>A span within the trace a request's <c>traceparent</c> names, or within a new one where it names none that is valid.</summary>
    /// <param name="traceparent">The header.</param>
    public static TraceContext Continue(string? traceparent) => TryParse(traceparent, out var trace, out var parent, out var sampled)
        ? new(trace, ActivitySpanId.CreateRandom(), parent, sampled)
        : new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), default, true);

    /// <summary>The header for what this span calls.</summary>
    public override string ToString() => $"00-{TraceId.ToHexString()}-{SpanId.ToHexString()}-0{(IsSampled ? 1 : 0)}";

    private static bool TryParse(string? text, out ActivityTraceId trace, out ActivitySpanId span, out bool sampled)
    {
        (trace, span, sampled) = (default, default, false);

        // Later versions may add fields after the flags; version ff is reserved, and all-zero ids mean none.
        if (text is not { Length: >= 55 } || text[2] != '-' || text[35] != '-' || text[52] != '-' || (text.Length > 55 && (text[55] != '-' || text.StartsWith("00", StringComparison.Ordinal)))
            || !IsHex(text.AsSpan(0, 2)) || text.StartsWith("ff", StringComparison.Ordinal) || !IsHex(text.AsSpan(3, 32)) || !IsHex(text.AsSpan(36, 16)) || !IsHex(text.AsSpan(53, 2))
            || text.AsSpan(3, 32).IndexOfAnyExcept('0') < 0 || text.AsSpan(36, 16).IndexOfAnyExcept('0') < 0)
        {
            return false;
        }

        trace = ActivityTraceId.CreateFromString(text.AsSpan(3, 32));
        span = ActivitySpanId.CreateFromString(text.AsSpan(36, 16));
        sampled = (Convert.FromHexString(text.AsSpan(53, 2))[0] & 1) != 0;
        return true;
    }

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    // Upper case is not allowed on the wire.
    private static bool IsHex(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(LowerHex) < 0;
}
