using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace LlmOperator.Inference.Spooling;

/// <summary>
/// A queue of records on disk, bounded, for one receiver. A record is written by one system call and stays when the process is killed; it leaves once the receiver has it. What does not fit is dropped
/// and counted; nothing waits for the disk's own cache, as the disk goes with the pod.
/// </summary>
public sealed class Spool : IDisposable
{
    private const int HeaderBytes = 8;
    private const string Extension = ".spool";

    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly SpoolOptions _options;
    private readonly SpoolState _state;
    private readonly SortedDictionary<long, long> _segments = [];
    private readonly SemaphoreSlim _arrived = new(0, 1);

    // Where the records end that were looked at last: they are not read again to be taken.
    private readonly List<(long Segment, long End)> _peeked = [];

    private FileStream? _tail;
    private long _tailSegment;
    private long _waiting;
    private long _bytes;

    private Spool(string directory, SpoolOptions options)
    {
        _directory = directory;
        _options = options;
        Directory.CreateDirectory(directory);
        _state = new(Path.Combine(directory, "state"));
        Recover();
    }

    /// <summary>What became of every record.</summary>
    public SpoolCounts Counts
    {
        get
        {
            lock (_gate)
            {
                var figures = _state.Figures;
                return new(figures.Taken - figures.Refused, _waiting, figures.SampledOut, figures.Dropped + figures.Refused) { Open = Math.Max(0, _state.Announced - Came(figures)) };
            }
        }
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Opens the spool of a folder, with what an earlier process left in it.</summary>
    /// <param name="directory">The folder; made when it is not there.</param>
    /// <param name="options">Bounds.</param>
    public static Spool Open(string directory, SpoolOptions? options = null) => new(directory, options ?? new());

    /// <summary>
    /// Announces a record before what it tells of has happened. It is then counted even when the process is killed before the record comes: the next process counts it as dropped.
    /// Whoever announces announces every record.
    /// </summary>
    public void Announce() => _state.Announce();

    /// <summary>Adds a record.</summary>
    /// <returns>Whether it was kept; it is counted either way.</returns>
    public bool TryAdd(ReadOnlySpan<byte> record)
    {
        var whole = new byte[HeaderBytes + record.Length];
        Frame(record, whole);
        lock (_gate)
        {
            return TryAdd(whole, 1);
        }
    }

    /// <summary>Adds records by one system call, if there is room for all; else one by one, as many as there is room for. Each is counted either way.</summary>
    /// <param name="records">The records.</param>
    public void Add(IReadOnlyList<byte[]> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var whole = ArrayPool<byte>.Shared.Rent(records.Sum(static record => HeaderBytes + record.Length));
        var length = 0;
        foreach (var record in records)
        {
            Frame(record, whole.AsSpan(length));
            length += HeaderBytes + record.Length;
        }

        lock (_gate)
        {
            if (_bytes + length <= _options.MaxBytes)
            {
                TryAdd(whole.AsSpan(0, length), records.Count);
            }
            else
            {
                var start = 0;
                foreach (var record in records)
                {
                    TryAdd(whole.AsSpan(start, HeaderBytes + record.Length), 1);
                    start += HeaderBytes + record.Length;
                }
            }
        }

        ArrayPool<byte>.Shared.Return(whole);
    }

    /// <summary>Counts a record that sampling leaves out.</summary>
    public void CountSampledOut()
    {
        lock (_gate)
        {
            _state.Write(_state.Figures with { SampledOut = _state.Figures.SampledOut + 1 });
        }
    }

    /// <summary>Counts a record that cannot be kept at all.</summary>
    public void CountDropped()
    {
        lock (_gate)
        {
            _state.Write(_state.Figures with { Dropped = _state.Figures.Dropped + 1 });
        }
    }

    /// <summary>The records that leave next, in their order, without taking them.</summary>
    /// <param name="mostRecords">Most records.</param>
    /// <param name="mostBytes">Most bytes of them together; a single larger one is given all the same.</param>
    public IReadOnlyList<ReadOnlyMemory<byte>> Peek(int mostRecords, int mostBytes)
    {
        lock (_gate)
        {
            var records = new List<ReadOnlyMemory<byte>>();
            var bytes = 0;
            _peeked.Clear();
            foreach (var (record, segment, end) in Read(_state.Figures.HeadSegment, _state.Figures.HeadOffset))
            {
                if (records.Count == mostRecords || (records.Count > 0 && bytes + record.Length > mostBytes))
                {
                    break;
                }

                records.Add(record);
                _peeked.Add((segment, end));
                bytes += record.Length;
            }

            return records;
        }
    }

    /// <summary>Takes the first records away: the receiver has them, or has refused them for good.</summary>
    /// <param name="count">Number of records.</param>
    /// <param name="refused">How many of them were refused.</param>
    public void Take(int count, int refused = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(refused, count);
        lock (_gate)
        {
            if (_peeked.Count < count)
            {
                _peeked.Clear();
                _peeked.AddRange(Read(_state.Figures.HeadSegment, _state.Figures.HeadOffset).Take(count).Select(static next => (next.Segment, next.End)));
            }

            var taken = Math.Min(count, _peeked.Count);
            var (segment, offset) = taken > 0 ? _peeked[taken - 1] : (_state.Figures.HeadSegment, _state.Figures.HeadOffset);
            _peeked.Clear();
            _waiting -= taken;
            _state.Write(_state.Figures with { Taken = _state.Figures.Taken + taken, Refused = _state.Figures.Refused + Math.Min(refused, taken), HeadSegment = segment, HeadOffset = offset });
            GiveBack();
        }
    }

    /// <summary>Waits until there may be a record.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_waiting > 0)
            {
                return;
            }
        }

        await _arrived.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _tail?.Dispose();
            _tail = null;
            _state.Dispose();
        }

        _arrived.Dispose();
    }

    private void Recover()
    {
        foreach (var path in Directory.GetFiles(_directory, "*" + Extension))
        {
            if (!long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }

            if (number < _state.Figures.HeadSegment)
            {
                File.Delete(path); // It was read to its end; the process was killed before it could remove it.
                continue;
            }

            _segments.Add(number, new FileInfo(path).Length);
        }

        _tailSegment = Math.Max(_state.Figures.HeadSegment, _segments.Count > 0 ? _segments.Keys.Max() : 0);
        if (!_segments.ContainsKey(_state.Figures.HeadSegment))
        {
            // The figures were lost, or the folder was emptied: whatever is there is taken as waiting.
            _state.Write(_state.Figures with { HeadSegment = _segments.Count > 0 ? _segments.Keys.Min() : _tailSegment, HeadOffset = 0 });
        }

        // The end of a segment may be half a record: the process was killed while it wrote. It was never counted.
        foreach (var (segment, length) in _segments.ToList())
        {
            var end = segment == _state.Figures.HeadSegment ? _state.Figures.HeadOffset : 0;
            foreach (var (_, _, after) in ReadSegment(segment, end))
            {
                end = after;
                _waiting++;
            }

            if (end < length)
            {
                using var file = new FileStream(PathOf(segment), FileMode.Open, FileAccess.Write, FileShare.Read);
                file.SetLength(end);
                _segments[segment] = end;
            }
        }

        _bytes = _segments.Values.Sum();
        if (_state.Announced > Came(_state.Figures))
        {
            _state.Write(_state.Figures with { Dropped = _state.Figures.Dropped + _state.Announced - Came(_state.Figures) });
        }
        else
        {
            // Records that were never announced, or the figures were lost: the account goes on from here.
            _state.Recount(Came(_state.Figures));
            _state.Write(_state.Figures);
        }
    }

    private long Came(SpoolFigures figures) => figures.Taken + _waiting + figures.SampledOut + figures.Dropped;

    private static void Frame(ReadOnlySpan<byte> record, Span<byte> whole)
    {
        BinaryPrimitives.WriteInt32LittleEndian(whole, record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(whole[4..], Checksum.Of(record));
        record.CopyTo(whole[HeaderBytes..]);
    }

    private bool TryAdd(ReadOnlySpan<byte> whole, int count)
    {
        if (_bytes + whole.Length > _options.MaxBytes || !Write(whole))
        {
            _state.Write(_state.Figures with { Dropped = _state.Figures.Dropped + count });
            return false;
        }

        _waiting += count;
        if (_arrived.CurrentCount == 0)
        {
            _arrived.Release();
        }

        return true;
    }

    /// <summary>Writes at the end; a disk that is full or broken loses the record, not the request.</summary>
    private bool Write(ReadOnlySpan<byte> whole)
    {
        try
        {
            if (_tail is null || (_segments.GetValueOrDefault(_tailSegment) > 0 && _segments[_tailSegment] + whole.Length > _options.SegmentBytes))
            {
                if (_tail is not null)
                {
                    _tail.Dispose();
                    _tail = null;
                    _tailSegment++;
                }

                _tail = new FileStream(PathOf(_tailSegment), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                _segments.TryAdd(_tailSegment, 0);
            }

            _tail.Position = _segments[_tailSegment];
            _tail.Write(whole);
            _segments[_tailSegment] += whole.Length;
            _bytes += whole.Length;
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What was half written lies beyond the counted length and is overwritten by the next record.
            return false;
        }
    }

    private IEnumerable<(ReadOnlyMemory<byte> Record, long Segment, long End)> Read(long segment, long offset) =>
        _segments.Keys.Where(number => number >= segment).ToList().SelectMany(number => ReadSegment(number, number == segment ? offset : 0));

    private IEnumerable<(ReadOnlyMemory<byte> Record, long Segment, long End)> ReadSegment(long segment, long offset)
    {
        var path = PathOf(segment);
        if (!File.Exists(path))
        {
            yield break;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        file.Position = offset;
        var header = new byte[HeaderBytes];
        while (offset < _segments[segment])
        {
            if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
            {
                yield break;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (length < 0 || offset + HeaderBytes + length > _segments[segment])
            {
                yield break;
            }

            var record = new byte[length];
            if (file.ReadAtLeast(record, length, throwOnEndOfStream: false) < length || Checksum.Of(record) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)))
            {
                yield break;
            }

            offset += HeaderBytes + length;
            yield return (record, segment, offset);
        }
    }

    /// <summary>Removes segments that were read to their end.</summary>
    private void GiveBack()
    {
        foreach (var segment in _segments.Keys.Where(number => number < _state.Figures.HeadSegment).ToList())
        {
            Remove(segment);
        }

        // An empty spool takes no room: the segment that is being written goes too once all of it has left.
        if (_waiting == 0 && _segments.TryGetValue(_tailSegment, out var length) && length > 0 && _state.Figures.HeadSegment == _tailSegment)
        {
            _tail?.Dispose();
            _tail = null;
            _state.Write(_state.Figures with { HeadSegment = _tailSegment + 1, HeadOffset = 0 });
            Remove(_tailSegment);
            _tailSegment++;
        }
    }

    private void Remove(long segment)
    {
        File.Delete(PathOf(segment));
        _bytes -= _segments[segment];
        _segments.Remove(segment);
    }

    private string PathOf(long segment) => Path.Combine(_directory, segment.ToString("D12", CultureInfo.InvariantCulture) + Extension);
}
