using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LlmOperator.Inference.Spooling;

/// <summary>
/// The figures of a spool on disk, in memory shared with the kernel: a write is kept when the process is killed, without a system call. Two slots are written in turn, each with a checksum,
/// so that a kill in the middle of a write leaves the figures before it.
/// </summary>
internal sealed class SpoolState : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private long _version;

    public SpoolState(string path)
    {
        using (var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            stream.SetLength(2 * Slot.Size);
        }

        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 2 * Slot.Size, MemoryMappedFileAccess.ReadWrite);
        _view = _file.CreateViewAccessor(0, 2 * Slot.Size, MemoryMappedFileAccess.ReadWrite);
        var newest = new[] { Read(0), Read(1) }.OfType<Slot>().OrderByDescending(slot => slot.Version).FirstOrDefault();
        (_version, Figures) = (newest.Version, newest.Figures);
    }

    /// <summary>The figures as last written.</summary>
    public SpoolFigures Figures { get; private set; }

    public void Write(SpoolFigures figures)
    {
        var slot = new Slot { Version = ++_version, Figures = figures };
        slot.Checksum = slot.ComputeChecksum();
        _view.Write(_version % 2 * Slot.Size, ref slot);
        Figures = figures;
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private Slot? Read(int number)
    {
        _view.Read(number * Slot.Size, out Slot slot);
        return slot.Version > 0 && slot.Checksum == slot.ComputeChecksum() ? slot : null;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 8)]
    private struct Slot
    {
        public const int Size = 128;

        public long Version;
        public SpoolFigures Figures;
        public ulong Checksum;

        public readonly ulong ComputeChecksum()
        {
            var copy = this;
            return Spooling.Checksum.Of(MemoryMarshal.AsBytes(new ReadOnlySpan<Slot>(in copy))[..(Unsafe.SizeOf<Slot>() - sizeof(ulong))]);
        }
    }
}

/// <summary>What of a spool is not in its segments.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal record struct SpoolFigures
{
    /// <summary>Records that left the spool: exported, or refused for good.</summary>
    public long Taken;

    /// <summary>Records refused for good among them.</summary>
    public long Refused;

    /// <summary>Records that never came in.</summary>
    public long Dropped;

    /// <summary>Records left out by sampling.</summary>
    public long SampledOut;

    /// <summary>Records announced before they came.</summary>
    public long Announced;

    /// <summary>Segment of the next record to leave.</summary>
    public long HeadSegment;

    /// <summary>Its place in the segment.</summary>
    public long HeadOffset;
}
