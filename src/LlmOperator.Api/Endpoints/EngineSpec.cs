using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Endpoints;

/// <summary>The inference server and how it is run.</summary>
[Rule("self.type != 'Custom' || has(self.image)", "engine.image is required when engine.type is Custom: set it to the image of your server", FieldPath = ".image")]
public sealed record EngineSpec
{
    /// <summary>Inference server. TEI serves embedding and reranking models; Custom is an image of your own that speaks the OpenAI API.</summary>
    [AllowedValues(EngineType.VLlm, EngineType.Tgi, EngineType.SGLang, EngineType.LlamaCpp, EngineType.Tei, EngineType.Custom)]
    [Default(EngineType.VLlm)]
    public string Type { get; set; } = EngineType.VLlm;

    /// <summary>Container image. The operator's tested image of the engine when absent.</summary>
    [Length(512, 1)]
    public string? Image { get; init; }

    /// <summary>When the node pulls the image. Kubernetes decides by the tag when absent.</summary>
    [AllowedValues("Always", "IfNotPresent", "Never")]
    public string? ImagePullPolicy { get; init; }

    /// <summary>Command that replaces the one of the engine.</summary>
    [Atomic]
    [Count(64)]
    [Length(4096)]
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Arguments added to those the operator makes. One that names the same option wins over the operator's.</summary>
    [Atomic]
    [Count(256)]
    [Length(4096)]
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Environment variables added to those the operator makes. One of the same name wins.</summary>
    [ListMap("name")]
    [Count(256)]
    public IReadOnlyList<EnvironmentVariable>? Env { get; init; }

    /// <summary>CPU and memory of the engine's container. Accelerators are set by the accelerator block.</summary>
    public EngineResources? Resources { get; init; }

    /// <summary>Longest context served, in tokens (input and output together). The model's limits.maxTotalTokens, or what the model allows, when absent.</summary>
    [Bounds(2, 100_000_000)]
    public int? ContextLength { get; init; }

    /// <summary>Requests answered at the same time by one replica. The engine's default when absent.</summary>
    [Bounds(1, 100_000)]
    public int? MaxConcurrentRequests { get; init; }

    /// <summary>Type of the values in the key-value cache: the model's own (auto), or fp8, which takes half the memory of 16 bits at a small loss of accuracy.</summary>
    [AllowedValues("auto", "fp8")]
    [Default("auto")]
    public string KvCacheDataType { get; set; } = "auto";

    /// <summary>Share of accelerator memory the engine may take for weights, activations and key-value cache.</summary>
    [Bounds(0.05, 1)]
    [Default(0.9)]
    public double GpuMemoryUtilization { get; set; } = 0.9;

    /// <summary>Memory-backed /dev/shm, through which the accelerators of a pod talk. It counts against the container's memory.</summary>
    public Quantity? SharedMemory { get; init; }

    /// <summary>Port the engine listens on. The engine's own default when absent.</summary>
    [Bounds(1, 65535)]
    public int? Port { get; init; }

    /// <summary>Path that answers 200 once the engine can serve. The engine's own when absent.</summary>
    [Length(1024, 1)]
    [Pattern("^/.*$")]
    public string? HealthPath { get; init; }

    /// <summary>Time a start may take, download and loading included, before the container is restarted.</summary>
    [Bounds(10, 86_400)]
    [Default(900)]
    public int StartupTimeoutSeconds { get; set; } = 900;

    /// <summary>Time running answers get to end when a pod is stopped.</summary>
    [Bounds(0, 3600)]
    [Default(60)]
    public int TerminationGracePeriodSeconds { get; set; } = 60;
}

/// <summary>Values of <see cref="EngineSpec.Type"/>.</summary>
public static class EngineType
{
    /// <summary>vLLM.</summary>
    public const string VLlm = "vLLM";

    /// <summary>Hugging Face Text Generation Inference.</summary>
    public const string Tgi = "TGI";

    /// <summary>SGLang.</summary>
    public const string SGLang = "SGLang";

    /// <summary>The llama.cpp server.</summary>
    public const string LlamaCpp = "LlamaCpp";

    /// <summary>Hugging Face Text Embeddings Inference.</summary>
    public const string Tei = "TEI";

    /// <summary>An image of the user's own.</summary>
    public const string Custom = "Custom";
}

/// <summary>CPU and memory of a container.</summary>
public sealed record EngineResources
{
    /// <summary>What the scheduler reserves. cpu 2 and memory 5Gi when absent.</summary>
    [Count(16)]
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }

    /// <summary>What the container may not exceed. Nothing when absent: a limit on memory that a model's loading crosses kills the start.</summary>
    [Count(16)]
    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }
}

/// <summary>An environment variable.</summary>
[Rule("!(has(self.value) && has(self.valueFrom))", "env takes value or valueFrom, not both: remove one of them")]
public sealed record EnvironmentVariable
{
    /// <summary>Name of the variable.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.EnvironmentName)]
    public required string Name { get; init; }

    /// <summary>Plain value. A secret belongs in valueFrom.secretKeyRef.</summary>
    [Length(32_768)]
    public string? Value { get; init; }

    /// <summary>Where the value comes from.</summary>
    public EnvironmentVariableSource? ValueFrom { get; init; }
}

/// <summary>Where the value of a variable comes from.</summary>
[Rule("has(self.secretKeyRef) != has(self.configMapKeyRef)", "valueFrom must name exactly one of secretKeyRef and configMapKeyRef")]
public sealed record EnvironmentVariableSource
{
    /// <summary>A key of a Secret.</summary>
    public DataKeyReference? SecretKeyRef { get; init; }

    /// <summary>A key of a ConfigMap.</summary>
    public DataKeyReference? ConfigMapKeyRef { get; init; }
}
