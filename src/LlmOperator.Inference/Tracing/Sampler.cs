using System.Buffers.Binary;
using System.Diagnostics;

namespace LlmOperator.Inference.Tracing;

/// <summary>Decides by the trace's id, so that all who see a trace decide alike: its last 56 bits are random (W3C), and a trace is kept when they are at or above a threshold.</summary>
/// <param name="rate">Share that is kept.</param>
public sealed class Sampler(double rate)
{
    private const ulong Range = 1UL << 56;

    private readonly ulong _threshold = (ulong)((1 - rate) * Range);

    /// <summary>Whether a trace is kept.</summary>
    public bool Keeps(ActivityTraceId trace)
    {
        Span<byte> id = stackalloc byte[16];
        trace.CopyTo(id);
        return (BinaryPrimitives.ReadUInt64BigEndian(id[8..]) & (Range - 1)) >= _threshold;
    }
}
