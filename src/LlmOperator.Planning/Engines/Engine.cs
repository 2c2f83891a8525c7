using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Engines;

/// <summary>An inference server: what it is run as, what it can do, and how a spec is said to it. One definition a file, listed in <see cref="EngineTable"/>.</summary>
internal sealed record Engine
{
    /// <summary>Value of <c>spec.engine.type</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Image with a pinned tag, for accelerators of NVIDIA; null where there is none for the class.</summary>
    public required Func<EndpointSettings, string?> Image { get; init; }

    /// <summary>Port it listens on unless the spec says another. Above 1024, as its user may bind no other.</summary>
    public required int Port { get; init; }

    /// <summary>Path that answers 200 once it can serve.</summary>
    public required string HealthPath { get; init; }

    /// <summary>Its metrics; null where nothing is known of them.</summary>
    public EngineMetrics? Metrics { get; init; }

    /// <summary>Whether the image lets running answers end after SIGTERM. Where not, the pod sleeps before it gets the signal.</summary>
    public required Func<EndpointSettings, bool> Drains { get; init; }

    /// <summary>Whether it writes to its volumes alone, so that the image's own files can be mounted for reading only.</summary>
    public bool ReadOnlyRoot { get; init; } = true;

    /// <summary>What it can do.</summary>
    public required EngineAbilities Can { get; init; }

    /// <summary>How it is started.</summary>
    public required Func<EndpointSettings, PodRole, EngineLaunch> Launch { get; init; }

    /// <summary>Options and environment variables a user may not give, as probes, the Service or the accelerators would not follow, each with what to set instead.</summary>
    public IReadOnlyDictionary<string, string> Reserved { get; init; } = new Dictionary<string, string>();

    /// <summary>The long form of an option; options with two spellings have one form.</summary>
    public Func<string, string> LongForm { get; init; } = option => option;
}

/// <summary>What an engine can do.</summary>
internal sealed record EngineAbilities
{
    /// <summary>Tasks of models it serves.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [ModelTask.Generate];

    /// <summary>Quantisations it loads, and its own word for each; an empty word where the repository's configuration says it.</summary>
    public required IReadOnlyDictionary<string, string> Quantizations { get; init; }

    /// <summary>Accelerators of a node that share every layer.</summary>
    public bool Tensor { get; init; }

    /// <summary>Accelerators that hold consecutive layers.</summary>
    public bool Pipeline { get; init; }

    /// <summary>One copy of a model over several nodes.</summary>
    public bool SeveralNodes { get; init; }

    /// <summary>Several copies of a model in one pod.</summary>
    public bool DataInPod { get; init; }

    /// <summary>LoRA adapters beside the model.</summary>
    public bool Adapters { get; init; }

    /// <summary>Values of the key-value cache in 8 bits.</summary>
    public bool Fp8Cache { get; init; }

    /// <summary>Fetching from the Hugging Face hub.</summary>
    public bool Hub { get; init; } = true;

    /// <summary>Fetching from S3.</summary>
    public bool S3 { get; init; }
}

/// <summary>Names of an engine's metrics; null where it has none of the kind.</summary>
internal sealed record EngineMetrics
{
    public string Path { get; init; } = "/metrics";

    /// <summary>Requests being answered.</summary>
    public string? Running { get; init; }

    /// <summary>Requests in the queue.</summary>
    public string? Waiting { get; init; }

    /// <summary>Share of the key-value cache in use.</summary>
    public string? CacheUse { get; init; }

    /// <summary>Time to first token.</summary>
    public string? FirstToken { get; init; }

    /// <summary>Time between tokens.</summary>
    public string? BetweenTokens { get; init; }

    public IEnumerable<string> Names => new[] { Running, Waiting, CacheUse, FirstToken, BetweenTokens }.OfType<string>();
}

/// <summary>The part of a pod among those that share a copy of the model.</summary>
internal enum PodRole
{
    /// <summary>Answers requests. A pod that has the copy to itself is its own leader.</summary>
    Leader,

    /// <summary>Works for a leader.</summary>
    Worker,
}

/// <summary>An option of an engine's command line.</summary>
/// <param name="Name">Name with its hyphens.</param>
/// <param name="Values">Values; none for a switch.</param>
internal sealed record EngineOption(string Name, params IReadOnlyList<string> Values);

/// <summary>How an engine is started.</summary>
internal sealed record EngineLaunch
{
    /// <summary>Command; null for the image's own.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Options in a stable order.</summary>
    public IReadOnlyList<EngineOption> Options { get; init; } = [];

    /// <summary>Environment variables; where an engine takes its options from them, named after the options.</summary>
    public IReadOnlyList<EnvVar> Environment { get; init; } = [];
}
