using System.Buffers;

namespace LlmOperator.Inference.Tracing;

/// <summary>A form of OTLP on the wire. Spans are encoded once, when they end; a batch is put together of what was encoded.</summary>
public interface ITraceEncoding
{
    /// <summary>Content type of a batch.</summary>
    string ContentType { get; }

    /// <summary>Encodes a span.</summary>
    byte[] Encode(Span span);

    /// <summary>Puts encoded spans together to the body of a request.</summary>
    void WriteBatch(IBufferWriter<byte> output, Resource resource, IReadOnlyList<ReadOnlyMemory<byte>> spans);
}
