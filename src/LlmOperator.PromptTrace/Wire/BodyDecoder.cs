using System.Buffers;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>Takes the framing off a body that arrives in pieces of any size.</summary>
internal sealed class BodyDecoder
{
    private const int LongestSizeLine = 4096;
    private const int LongestTrailers = 32 << 10;

    private readonly List<(string Name, string Value)> _trailers = [];
    private Framing _framing;
    private long _left;
    private Part _part;
    private int _digits;
    private int _line;
    private ArrayBufferWriter<byte>? _trailerLine;
    private int _trailerBytes;

    private enum Part
    {
        Size,
        Blank,
        Extension,
        SizeEnd,
        Data,
        DataReturn,
        DataEnd,
        Trailers,
    }

    /// <summary>Whether the body has come to its end.</summary>
    public bool IsDone { get; private set; } = true;

    /// <summary>Trailers, after the end.</summary>
    public IReadOnlyList<(string Name, string Value)> Trailers => _trailers;

    /// <summary>Begins with another body.</summary>
    public void Begin(Framing framing, long length)
    {
        (_framing, _left, IsDone, _part, _digits, _line, _trailerBytes) = (framing, length, framing == Framing.None, Part.Size, 0, 0, 0);
        _trailers.Clear();
        _trailerLine?.ResetWrittenCount();
        if (framing == Framing.Chunked)
        {
            _left = 0;
        }
    }

    /// <summary>The connection has ended.</summary>
    /// <returns>Whether the body may end so.</returns>
    public bool TryEnd() => IsDone |= _framing == Framing.UntilClose;

    /// <summary>Takes what has arrived.</summary>
    /// <param name="arrived">The bytes. Pieces of the body among them are moved together.</param>
    /// <param name="taken">How many were taken: all, but for those after the end.</param>
    /// <returns>Where in <paramref name="arrived"/> the next piece of the body is.</returns>
    /// <exception cref="MalformedAnswerException">It is no body.</exception>
    public (int Start, int Length) Take(Span<byte> arrived, out int taken)
    {
        if (_framing == Framing.Chunked)
        {
            return TakeChunks(arrived, out taken);
        }

        taken = IsDone ? 0 : _framing == Framing.Length ? (int)Math.Min(arrived.Length, _left) : arrived.Length;
        _left -= taken;
        IsDone |= _framing == Framing.Length && _left == 0;
        return (0, taken);
    }

    private (int Start, int Length) TakeChunks(Span<byte> arrived, out int taken)
    {
        var (at, start, length) = (0, 0, 0);
        while (at < arrived.Length && !IsDone)
        {
            if (_part == Part.Data)
            {
                var count = (int)Math.Min(_left, arrived.Length - at);
                if (length == 0)
                {
                    start = at;
                }
                else
                {
                    arrived.Slice(at, count).CopyTo(arrived[(start + length)..]);
                }

                (at, length, _left) = (at + count, length + count, _left - count);
                _part = _left == 0 ? Part.DataReturn : Part.Data;
            }
            else
            {
                Frame(arrived[at++]);
            }
        }

        taken = at;
        return (start, length);
    }

    private void Frame(byte next)
    {
        switch (_part)
        {
            case Part.Size when HexValue(next) is >= 0 and var digit:
                // Fifteen digits are more bytes than there are.
                _left = ++_digits <= 15 ? (_left << 4) | (long)digit : throw new MalformedAnswerException("a chunk is too long");
                return;
            case Part.Size or Part.Blank when _digits > 0 && next == (byte)';':
                _part = Part.Extension;
                return;
            case Part.Size or Part.Blank when _digits > 0 && next is (byte)' ' or (byte)'\t' && ++_line < LongestSizeLine:
                _part = Part.Blank;
                return;
            case Part.Size or Part.Blank or Part.Extension when _digits > 0 && next == (byte)'\r':
                _part = Part.SizeEnd;
                return;
            case Part.Extension when (next >= 32 || next == '\t') && next != 127 && ++_line < LongestSizeLine:
                return;
            case Part.SizeEnd when next == (byte)'\n':
                (_part, _digits, _line) = (_left > 0 ? Part.Data : Part.Trailers, 0, 0);
                return;
            case Part.DataReturn when next == (byte)'\r':
                _part = Part.DataEnd;
                return;
            case Part.DataEnd when next == (byte)'\n':
                (_part, _left) = (Part.Size, 0);
                return;
            case Part.Trailers:
                TakeTrailer(next);
                return;
            default:
                throw new MalformedAnswerException("a chunk is not framed as one");
        }
    }

    private void TakeTrailer(byte next)
    {
        _trailerLine ??= new(2);
        if (++_trailerBytes > LongestTrailers)
        {
            throw new MalformedAnswerException("its trailers are too long");
        }

        if (next != (byte)'\n')
        {
            _trailerLine.Write([next]);
            return;
        }

        var line = _trailerLine.WrittenSpan;
        line = line is [.., (byte)'\r'] ? line[..^1] : throw new MalformedAnswerException("a line of its trailers does not end with CR LF");
        IsDone = line.IsEmpty;
        if (!IsDone)
        {
            _trailers.Add(AnswerHead.Split(line));
        }

        _trailerLine.ResetWrittenCount();
    }

    private static int HexValue(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
