using System.Net;
using LlmOperator.Inference.Redaction;
using LlmOperator.Inference.Spooling;

namespace LlmOperator.PromptTrace.Configuration;

/// <summary>What the sidecar is told, checked.</summary>
internal sealed record SidecarOptions
{
    /// <summary>Variable that names the configuration file.</summary>
    public const string FileVariable = "PROMPT_TRACE_CONFIG";

    /// <summary>Address the sidecar answers clients at.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Any, 8080);

    /// <summary>Address of metrics and health.</summary>
    public IPEndPoint Admin { get; init; } = new(IPAddress.Any, 9464);

    /// <summary>The inference server, on loopback.</summary>
    public required Uri Engine { get; init; }

    /// <summary>Kind of the inference server: the provider in the words of the conventions.</summary>
    public string Provider { get; init; } = "vllm";

    /// <summary>Path the inference server answers 200 at when it can serve.</summary>
    public string HealthPath { get; init; } = "/health";

    /// <summary>How long a connection to the inference server may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the inference server may take until its answer begins. Long, as an answer that is not streamed begins when it is whole.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>What is served, for the traces.</summary>
    public ServedModel Served { get; init; } = new();

    /// <summary>Share of traces that are kept; those with errors are kept always.</summary>
    public double SampleRate { get; init; } = 1;

    /// <summary>Whether prompts and answers are in the traces.</summary>
    public bool CaptureContent { get; init; }

    /// <summary>Kinds of data that are blotted out.</summary>
    public IReadOnlyList<RedactionKind> Redact { get; init; } = Redactor.AllKinds;

    /// <summary>Patterns of the user's that are blotted out.</summary>
    public IReadOnlyList<string> RedactPatterns { get; init; } = [];

    /// <summary>Most bytes of a request that are read for its trace.</summary>
    public int RequestBytes { get; init; } = 256 << 10;

    /// <summary>Most characters of the prompt, and of the answer, in a trace.</summary>
    public int ContentCharacters { get; init; } = 64 << 10;

    /// <summary>Folder of the spools.</summary>
    public string SpoolDirectory { get; init; } = "/var/spool/prompt-trace";

    /// <summary>Most bytes of each spool.</summary>
    public long SpoolBytes { get; init; } = new SpoolOptions().MaxBytes;

    /// <summary>Where traces go.</summary>
    public IReadOnlyList<Exporter> Exporters { get; init; } = [];

    /// <summary>How long requests are still taken after the signal to stop, until everybody has seen that this pod is not ready.</summary>
    public TimeSpan ShutdownDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long running answers may take after that.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the spools may take to empty in the end.</summary>
    public TimeSpan FlushTime { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>What is served, in the operator's words.</summary>
internal sealed record ServedModel
{
    /// <summary>Endpoint.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Its namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Revision of the endpoint.</summary>
    public string? Revision { get; init; }

    /// <summary>Model.</summary>
    public string? Model { get; init; }

    /// <summary>Commit of the model.</summary>
    public string? ModelRevision { get; init; }

    /// <summary>The pod.</summary>
    public string? Pod { get; init; }
}

/// <summary>A receiver of traces and its name, which is also the folder of its spool.</summary>
/// <param name="Name">Name.</param>
/// <param name="Receiver">Where and how.</param>
internal sealed record Exporter(string Name, Receiver Receiver);

/// <summary>What is wrong with the configuration; all of it.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
