using LlmOperator.Inference.OpenAi;

namespace LlmOperator.Inference.Proxying;

/// <summary>Reads an answer that passes.</summary>
internal abstract class AnswerBody
{
    /// <summary>A piece of it.</summary>
    public abstract void Add(ReadOnlySpan<byte> bytes);

    /// <summary>All of it has passed, and nobody waits.</summary>
    public virtual void End()
    {
    }
}

/// <summary>
/// Reads an answer that is one JSON document. Of a long one, such as a batch of embeddings, beginning and end are kept: the usage stands at the end.
/// </summary>
/// <param name="meter">Takes what it says.</param>
internal sealed class WholeBody(AnswerMeter meter) : AnswerBody, IDisposable
{
    private const int HeadBytes = 256 << 10;
    private const int TailBytes = 2 << 10;

    private readonly BodyHead _head = new(HeadBytes);
    private byte[]? _tail;
    private int _tailLength;

    public override void Add(ReadOnlySpan<byte> bytes)
    {
        _head.Add(bytes);
        if (!_head.IsCut)
        {
            return;
        }

        // The tail begins with the first bytes the head left out, or any later: what matters is that it holds the last ones.
        _tail ??= new byte[TailBytes];
        if (bytes.Length >= TailBytes)
        {
            bytes[^TailBytes..].CopyTo(_tail);
            _tailLength = TailBytes;
            return;
        }

        var kept = Math.Min(_tailLength, TailBytes - bytes.Length);
        _tail.AsSpan(_tailLength - kept, kept).CopyTo(_tail);
        bytes.CopyTo(_tail.AsSpan(kept));
        _tailLength = kept + bytes.Length;
    }

    public override void End()
    {
        meter.AddAnswer(_head.Bytes);
        if (_tail is not null && _tail.AsSpan(0, _tailLength).LastIndexOf("\"usage\""u8) is var usage and >= 0)
        {
            meter.AddAnswer([(byte)'{', .. _tail.AsSpan(usage, _tailLength - usage)]);
        }
    }

    public void Dispose() => _head.Dispose();
}
