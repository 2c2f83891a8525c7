using LlmOperator.Inference.Tracing;

namespace LlmOperator.Inference.Spooling;

/// <summary>Where a spool's records go: a receiver of OTLP over HTTP.</summary>
public sealed record Receiver
{
    /// <summary>Address the batches are posted to, with its path.</summary>
    public required Uri Address { get; init; }

    /// <summary>Headers of every request: keys, workspace, project.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Form of the batches.</summary>
    public ITraceEncoding Encoding { get; init; } = new OtlpProtobuf();

    /// <summary>Most records of a batch.</summary>
    public int MostRecords { get; init; } = 512;

    /// <summary>Most bytes of a batch.</summary>
    public int MostBytes { get; init; } = 1 << 20;

    /// <summary>How long a batch is collected.</summary>
    public TimeSpan BatchTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
