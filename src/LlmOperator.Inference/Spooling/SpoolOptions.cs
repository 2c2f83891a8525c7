namespace LlmOperator.Inference.Spooling;

/// <summary>Bounds of a spool.</summary>
public sealed record SpoolOptions
{
    /// <summary>Most bytes on disk. What would go beyond is dropped and counted.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>Bytes of a segment, the unit in which room is given back.</summary>
    public long SegmentBytes { get; init; } = 4L << 20;
}

/// <summary>What became of the records of a spool. <see cref="Total"/> is what was ever counted: each record is in exactly one of the others.</summary>
/// <param name="Exported">Accepted by the receiver.</param>
/// <param name="Waiting">On disk.</param>
/// <param name="SampledOut">Left out because sampling said so.</param>
/// <param name="Dropped">Lost: no room, no disk, or refused by the receiver for good.</param>
public readonly record struct SpoolCounts(long Exported, long Waiting, long SampledOut, long Dropped)
{
    /// <summary>Announced and not here yet: requests that are still being answered, or whose span is being made.</summary>
    public long Open { get; init; }

    /// <summary>All records, without those that are open.</summary>
    public long Total => Exported + Waiting + SampledOut + Dropped;
}
