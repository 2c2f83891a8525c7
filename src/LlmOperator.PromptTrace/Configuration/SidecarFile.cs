using System.Text.Json.Serialization;

namespace LlmOperator.PromptTrace.Configuration;

/// <summary>The configuration file as it is written. Everything may be left out but the address of the engine; what is left out has the default of <see cref="SidecarOptions"/>.</summary>
internal sealed record SidecarFile
{
    /// <summary>Address the sidecar answers clients at.</summary>
    public string? Listen { get; init; }

    /// <summary>Address of metrics and health.</summary>
    public string? Admin { get; init; }

    public EngineSection? Engine { get; init; }

    public EndpointSection? Endpoint { get; init; }

    public TraceSection? Trace { get; init; }

    public SpoolSection? Spool { get; init; }

    public IReadOnlyList<ExporterSection?>? Exporters { get; init; }

    public ShutdownSection? Shutdown { get; init; }

    internal sealed record EngineSection
    {
        public string? Url { get; init; }

        public string? Type { get; init; }

        public string? HealthPath { get; init; }

        public double? ConnectTimeoutSeconds { get; init; }

        public double? AnswerTimeoutSeconds { get; init; }
    }

    internal sealed record EndpointSection
    {
        public string? Name { get; init; }

        public string? Namespace { get; init; }

        public string? Revision { get; init; }

        public string? Model { get; init; }

        public string? ModelRevision { get; init; }
    }

    internal sealed record TraceSection
    {
        public double? SampleRate { get; init; }

        public bool? CaptureContent { get; init; }

        public IReadOnlyList<string?>? Redact { get; init; }

        public IReadOnlyList<string?>? RedactPatterns { get; init; }

        public int? RequestBytes { get; init; }

        public int? ContentCharacters { get; init; }
    }

    internal sealed record SpoolSection
    {
        public string? Directory { get; init; }

        public long? MaxBytes { get; init; }
    }

    internal sealed record ExporterSection
    {
        public string? Name { get; init; }

        public string? Type { get; init; }

        public string? Url { get; init; }

        public string? Encoding { get; init; }

        public string? Project { get; init; }

        public string? Workspace { get; init; }

        public string? ApiKeyEnv { get; init; }

        public string? HeadersEnv { get; init; }

        public IReadOnlyDictionary<string, string?>? Headers { get; init; }

        public double? TimeoutSeconds { get; init; }
    }

    internal sealed record ShutdownSection
    {
        public double? DelaySeconds { get; init; }

        public double? GraceSeconds { get; init; }

        public double? FlushSeconds { get; init; }
    }
}

/// <summary>How the file is read. A name that is not known is an error: a misspelt option that is passed over is worse than one that is refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(SidecarFile))]
internal sealed partial class SidecarFileJson : JsonSerializerContext;
