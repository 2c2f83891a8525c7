using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>A trace of every prompt and answer, made by a sidecar.</summary>
public sealed record PromptTraceSpec
{
    /// <summary>Whether requests are traced.</summary>
    [Default(true)]
    public bool Enabled { get; set; } = true;

    /// <summary>Share of requests that are traced.</summary>
    [Bounds(0, 1)]
    [Default(1.0)]
    public double SampleRate { get; set; } = 1;

    /// <summary>Whether prompts and answers themselves are in the trace, or only their sizes and times.</summary>
    [Default(true)]
    public bool CaptureContent { get; set; } = true;

    /// <summary>Kinds of personal data that are blotted out before a trace leaves the pod.</summary>
    [ListSet]
    [Count(16)]
    [AllowedValues("Email", "Phone", "CreditCard", "Iban", "IpAddress", "ApiKey")]
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>Where traces go.</summary>
    [ListMap("name")]
    [Count(8)]
    public IReadOnlyList<TraceExporter>? Exporters { get; init; }
}

/// <summary>Where traces go.</summary>
public sealed record TraceExporter
{
    /// <summary>Name of the exporter.</summary>
    [Length(63, 1)]
    public required string Name { get; init; }

    /// <summary>Protocol: OTLP over HTTP, or Opik's or Langfuse's own.</summary>
    [AllowedValues("OTLP", "Opik", "Langfuse")]
    [Default("OTLP")]
    public string Type { get; set; } = "OTLP";

    /// <summary>Address of the collector or service.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public required string Url { get; init; }

    /// <summary>Project traces are filed under.</summary>
    [Length(253, 1)]
    public string? Project { get; init; }

    /// <summary>Workspace of the service.</summary>
    [Length(253, 1)]
    public string? Workspace { get; init; }

    /// <summary>Secret key with the API key.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }
}
