using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>A trace of every prompt and answer, made by a sidecar in front of the engine.</summary>
public sealed record PromptTraceSpec
{
    /// <summary>Whether the sidecar stands in front of the engine. It also makes the figures of requests in flight and waiting that hold for any engine.</summary>
    [Default(true)]
    public bool Enabled { get; set; } = true;

    /// <summary>Share of requests that are traced. Those that fail are traced always.</summary>
    [Bounds(0, 1)]
    [Default(1.0)]
    public double SampleRate { get; set; } = 1;

    /// <summary>Whether prompts and answers themselves are in the trace, or only their sizes and times.</summary>
    [Default(false)]
    public bool CaptureContent { get; set; }

    /// <summary>Kinds of personal data and secrets that are blotted out before a trace leaves the pod: all of them when absent, none when empty.</summary>
    [ListSet]
    [Count(16)]
    [AllowedValues("Email", "Phone", "CreditCard", "Iban", "IpAddress", "ApiKey", "TurkishNationalId")]
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>Regular expressions of what else is blotted out. They are matched in time linear to the text, so without back references and look-around.</summary>
    [Atomic]
    [Count(32)]
    [Length(1000, 1)]
    [Rule(@"!self.exists(pattern, pattern.matches(r'(^|[^\\])(\\\\)*(\\([1-9]|k)|\(\?(=|!|>|\(|<=|<!))'))", "promptTrace.redactPatterns are matched in linear time: write them without back references, look-around, atomic groups and conditions")]
    public IReadOnlyList<string>? RedactPatterns { get; init; }

    /// <summary>Where traces go; the operator's own receiver, when it is told of one, when absent.</summary>
    [ListMap("name")]
    [Count(8)]
    public IReadOnlyList<TraceExporter>? Exporters { get; init; }
}

/// <summary>Where traces go.</summary>
public sealed record TraceExporter
{
    /// <summary>Name of the exporter, by which its figures are told.</summary>
    [Length(63, 1)]
    [Pattern(Patterns.Label)]
    public required string Name { get; init; }

    /// <summary>Protocol: OTLP over HTTP, to any collector, or the OTLP doors of Opik or Langfuse.</summary>
    [AllowedValues("OTLP", "Opik", "Langfuse")]
    [Default("OTLP")]
    public string Type { get; set; } = "OTLP";

    /// <summary>Address of the collector or service; the path of traces is added unless it is there.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public required string Url { get; init; }

    /// <summary>Form of the messages.</summary>
    [AllowedValues("protobuf", "json")]
    public string? Encoding { get; init; }

    /// <summary>Project traces are filed under, by Opik.</summary>
    [Length(253, 1)]
    public string? Project { get; init; }

    /// <summary>Workspace of Opik.</summary>
    [Length(253, 1)]
    public string? Workspace { get; init; }

    /// <summary>Secret key with the API key: a bearer token for OTLP, the key itself for Opik, PUBLIC-KEY:SECRET-KEY for Langfuse.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>Secret key with further headers: name=value,name=value, values percent-encoded.</summary>
    public SecretKeyReference? HeadersSecretRef { get; init; }
}
