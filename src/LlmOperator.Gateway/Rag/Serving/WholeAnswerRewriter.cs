using System.Buffers;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.Gateway.Rag.Serving;

/// <summary>Adds a field at the end of an answer that is one JSON object. What follows the last brace so far is held back, which is that brace and no more.</summary>
/// <param name="member">Makes the field, with its name.</param>
internal sealed class WholeAnswerRewriter(Func<byte[]> member) : AnswerRewriter
{
    private static readonly SearchValues<byte> Space = SearchValues.Create(" \t\r\n"u8);

    private readonly ArrayBufferWriter<byte> _held = new();
    private byte _before;

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<byte> piece, IBufferWriter<byte> to)
    {
        var brace = piece.LastIndexOf((byte)'}');
        var passed = brace >= 0 ? piece[..brace] : piece.IndexOfAnyExcept(Space) >= 0 || _held.WrittenCount == 0 ? piece : default;
        if (brace >= 0 || passed.Length > 0)
        {
            Pass(_held.WrittenSpan, to);
            _held.ResetWrittenCount();
        }

        Pass(passed, to);
        _held.Write(piece[passed.Length..]);
    }

    /// <inheritdoc/>
    public override void End(IBufferWriter<byte> to)
    {
        if (_held.WrittenCount > 0)
        {
            to.Write(_before == (byte)'{' ? ""u8 : ","u8);
            to.Write(member());
        }

        to.Write(_held.WrittenSpan);
    }

    private void Pass(ReadOnlySpan<byte> bytes, IBufferWriter<byte> to)
    {
        to.Write(bytes);
        if (bytes.LastIndexOfAnyExcept(Space) is var last and >= 0)
        {
            _before = bytes[last];
        }
    }
}
