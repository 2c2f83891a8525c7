using System.Buffers;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.Gateway.Rag.Serving;

/// <summary>Puts an event before the end mark of a stream, or at its end where it has no mark. Only the beginning of a line that may still be the mark is held back.</summary>
/// <param name="last">Makes the event.</param>
internal sealed class StreamRewriter(Func<byte[]> last) : AnswerRewriter
{
    private static readonly byte[][] Marks = ["data: [DONE]"u8.ToArray(), "data:[DONE]"u8.ToArray()];

    private readonly List<byte> _held = new(16);
    private bool _isWithinLine;
    private bool _isInserted;

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<byte> piece, IBufferWriter<byte> to)
    {
        while (!piece.IsEmpty)
        {
            if (_isWithinLine || _isInserted)
            {
                var end = piece.IndexOfAny((byte)'\n', (byte)'\r');
                var length = end < 0 ? piece.Length : end + 1;
                to.Write(piece[..length]);
                _isWithinLine = end < 0;
                piece = piece[length..];
                continue;
            }

            _held.Add(piece[0]);
            piece = piece[1..];
            if (Array.Exists(Marks, IsWhole))
            {
                Insert(to);
                Release(to);
            }
            else if (!Array.Exists(Marks, IsBeginning))
            {
                _isWithinLine = _held[^1] is not ((byte)'\n' or (byte)'\r');
                Release(to);
            }
        }
    }

    /// <inheritdoc/>
    public override void End(IBufferWriter<byte> to)
    {
        var isWithinLine = _isWithinLine || _held.Count > 0;
        Release(to);
        if (!_isInserted)
        {
            to.Write(isWithinLine ? "\n\n"u8 : ""u8);
            Insert(to);
        }
    }

    private bool IsBeginning(byte[] mark) => _held.Count <= mark.Length && mark.AsSpan().StartsWith(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_held));

    private bool IsWhole(byte[] mark) => _held.Count == mark.Length && IsBeginning(mark);

    private void Insert(IBufferWriter<byte> to)
    {
        _isInserted = true;
        to.Write(last());
    }

    private void Release(IBufferWriter<byte> to)
    {
        to.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_held));
        _held.Clear();
    }
}
