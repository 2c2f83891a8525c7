using System.Buffers;

namespace LlmOperator.Inference.Proxying;

/// <summary>Changes an answer on its way to the client. What it need not hold back it passes on at once.</summary>
public abstract class AnswerRewriter
{
    /// <summary>Takes the next piece of the answer.</summary>
    /// <param name="piece">The piece; valid during the call only.</param>
    /// <param name="to">Where the answer goes.</param>
    public abstract void Add(ReadOnlySpan<byte> piece, IBufferWriter<byte> to);

    /// <summary>The answer has come to its end.</summary>
    /// <param name="to">Where the answer goes.</param>
    public abstract void End(IBufferWriter<byte> to);
}
