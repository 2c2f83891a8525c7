using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LlmOperator.Inference.Spooling;

/// <summary>
/// The figures of a spool on disk, in memory shared with the kernel: a write is kept when the process is killed, without a system call. Two slots are written in turn, each with a checksum,
/// so that a kill in the middle of a write leaves the figures before it. What is announced is counted in a place of its own, so that a request need not wait for whoever works on the spool.
/// </summary>
internal sealed class SpoolState : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Lock _announcing = new();
    private long _version;
    private long _announced;

    public SpoolState(string path)
    {
        using (var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            stream.SetLength(Slot.FileSize);
        }

        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, Slot.FileSize, MemoryMappedFileAccess.ReadWrite);
        _view = _file.CreateViewAccessor(0, Slot.FileSize, MemoryMappedFileAccess.ReadWrite);
        var newest = new[] { Read(0), Read(1) }.OfType<Slot>().OrderByDescending(slot => slot.Version).FirstOrDefault();
        (_version, Figures) = (newest.Version, newest.Figures);

        // Without figures to go by, the count says nothing either.
        _announced = newest.Version > 0 ? Math.Max(newest.Figures.Announced, _view.ReadInt64(Slot.AnnouncedOffset)) : 0;
    }

    /// <summary>Records announced before they came.</summary>
    public long Announced => Volatile.Read(ref _announced);

    /// <summary>The figures as last written.</summary>
    public SpoolFigures Figures { get; private set; }

    /// <summary>Announces a record.</summary>
    public void Announce()
    {
        lock (_announcing)
        {
            Volatile.Write(ref _announced, _announced + 1);
            _view.Write(Slot.AnnouncedOffset, _announced);
        }
    }

    /// <summary>The account goes on from another count of what was announced. Before anybody announces.</summary>
    public void Recount(long announced)
    {
        lock (_announcing)
        {
            _announced = announced;
            _view.Write(Slot.AnnouncedOffset, _announced);
        }
    }

    public void Write(SpoolFigures figures)
    {
        figures.Announced = Announced;
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
        public const int AnnouncedOffset = 2 * Size;
        public const int FileSize = 3 * Size;

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

    /// <summary>Records announced before they came, as far as they were known when this was written.</summary>
    public long Announced;

    /// <summary>Segment of the next record to leave.</summary>
    public long HeadSegment;

    /// <summary>Its place in the segment.</summary>
    public long HeadOffset;
}
