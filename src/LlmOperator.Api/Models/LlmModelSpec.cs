using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Models;

/// <summary>A model: where it lies and what is given about it. Given facts win over what the registry says.</summary>
[Rule(
    "!has(self.cache) || has(self.source.huggingFace) || has(self.source.s3)",
    "cache keeps what a registry hands out over the network: remove cache, or set source.huggingFace or source.s3 (an oci image is kept by the nodes, a pvc is a volume already)",
    FieldPath = ".cache")]
public sealed record LlmModelSpec
{
    /// <summary>Where the weights lie: exactly one of huggingFace, s3, oci and pvc.</summary>
    public required ModelSource Source { get; init; }

    /// <summary>What the model does: Generate text, Embed text as vectors, or Rerank documents for a query.</summary>
    [AllowedValues(ModelTask.Generate, ModelTask.Embed, ModelTask.Rerank)]
    [Default(ModelTask.Generate)]
    public string Task { get; set; } = ModelTask.Generate;

    /// <summary>How a prompt is laid out for the model: Raw text as the template gives it, the model's own Chat template, or Alpaca headings.</summary>
    [AllowedValues("Raw", "Chat", "Alpaca")]
    [Default("Raw")]
    public string PromptFormat { get; set; } = "Raw";

    /// <summary>Number of parameters: 8B, 70.6B, 350M or an exact count. Read from the registry when absent.</summary>
    public ParameterCount? Parameters { get; init; }

    /// <summary>Shape of the model, from which its memory use follows. Each value is read from the registry when absent.</summary>
    public ModelArchitecture? Architecture { get; init; }

    /// <summary>How weights are stored on the GPU. awq and gptq need a repository that was quantised so; the others convert while loading.</summary>
    [AllowedValues(
        Quantizations.None, Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.BitsAndBytesNf4, Quantizations.Eetq, Quantizations.Gguf)]
    [Default(Quantizations.None)]
    public string Quantization { get; set; } = Quantizations.None;

    /// <summary>LoRA adapters served beside the model, each under a name of its own.</summary>
    [ListMap("name")]
    [Count(64)]
    public IReadOnlyList<ModelAdapter>? Adapters { get; init; }

    /// <summary>Token limits of requests and of batches.</summary>
    public ModelLimits? Limits { get; init; }

    /// <summary>The model's card: licence and what it may be used for.</summary>
    public ModelCard? Card { get; init; }

    /// <summary>Keep a copy of the weights in the cluster, so that endpoints start without the registry.</summary>
    public ModelCache? Cache { get; init; }
}

/// <summary>Values of <see cref="LlmModelSpec.Task"/>.</summary>
public static class ModelTask
{
    /// <summary>Text generation.</summary>
    public const string Generate = "Generate";

    /// <summary>Embeddings.</summary>
    public const string Embed = "Embed";

    /// <summary>Reranking.</summary>
    public const string Rerank = "Rerank";
}

/// <summary>Values of <see cref="LlmModelSpec.Quantization"/>.</summary>
public static class Quantizations
{
    /// <summary>Weights as the repository holds them.</summary>
    public const string None = "none";

    /// <summary>8-bit floating point.</summary>
    public const string Fp8 = "fp8";

    /// <summary>8-bit integers.</summary>
    public const string Int8 = "int8";

    /// <summary>4-bit, activation-aware; quantised beforehand.</summary>
    public const string Awq = "awq";

    /// <summary>4-bit; quantised beforehand.</summary>
    public const string Gptq = "gptq";

    /// <summary>bitsandbytes in 8 bits.</summary>
    public const string BitsAndBytes = "bitsandbytes";

    /// <summary>bitsandbytes in 4 bits.</summary>
    public const string BitsAndBytesNf4 = "bitsandbytes-nf4";

    /// <summary>8-bit integers by EETQ.</summary>
    public const string Eetq = "eetq";

    /// <summary>A GGUF file, of whatever bits its name says.</summary>
    public const string Gguf = "gguf";
}

/// <summary>The shape of a model, as its config.json gives it.</summary>
public sealed record ModelArchitecture
{
    /// <summary>Class name, for example LlamaForCausalLM.</summary>
    [Length(128, 1)]
    public string? Name { get; init; }

    /// <summary>Type of the weights in the repository.</summary>
    [AllowedValues("bfloat16", "float16", "float32", "float8")]
    public string? DataType { get; init; }

    /// <summary>Transformer layers.</summary>
    [Bounds(1, 1000)]
    public int? Layers { get; init; }

    /// <summary>Width of the residual stream.</summary>
    [Bounds(1, 1_000_000)]
    public int? HiddenSize { get; init; }

    /// <summary>Attention heads; tensor parallelism must divide it.</summary>
    [Bounds(1, 10_000)]
    public int? AttentionHeads { get; init; }

    /// <summary>Key-value heads (grouped-query attention).</summary>
    [Bounds(1, 10_000)]
    public int? KeyValueHeads { get; init; }

    /// <summary>Width of a head. hiddenSize / attentionHeads when absent.</summary>
    [Bounds(1, 10_000)]
    public int? HeadDimension { get; init; }

    /// <summary>Width of the feed-forward layer; of one expert in a mixture of experts.</summary>
    [Bounds(1, 10_000_000)]
    public int? IntermediateSize { get; init; }

    /// <summary>Tokens in the vocabulary.</summary>
    [Bounds(1, 100_000_000)]
    public int? VocabularySize { get; init; }

    /// <summary>Longest context the model was trained for, in tokens.</summary>
    [Bounds(1, 100_000_000)]
    public int? ContextLength { get; init; }

    /// <summary>Whether input and output embeddings share their weights.</summary>
    public bool? TiedEmbeddings { get; init; }

    /// <summary>Experts a layer (mixture of experts).</summary>
    [Bounds(1, 10_000)]
    public int? Experts { get; init; }

    /// <summary>Experts that work on a token.</summary>
    [Bounds(1, 10_000)]
    public int? ExpertsPerToken { get; init; }

    /// <summary>Layers that keep keys and values, where some work without (linear attention, state space). All layers when absent.</summary>
    [Bounds(1, 1000)]
    public int? KeyValueLayers { get; init; }

    /// <summary>Width of what a layer keeps of a token in place of keys and values (multi-head latent attention).</summary>
    [Bounds(1, 1_000_000)]
    public int? LatentDimension { get; init; }

    /// <summary>Tokens a layer with sliding-window attention looks back; its keys and values grow no further.</summary>
    [Bounds(1, 100_000_000)]
    public int? SlidingWindow { get; init; }

    /// <summary>Layers with sliding-window attention. All layers when absent and slidingWindow is set.</summary>
    [Bounds(1, 1000)]
    public int? SlidingLayers { get; init; }
}

/// <summary>A LoRA adapter of a model.</summary>
public sealed record ModelAdapter
{
    /// <summary>Name clients ask for.</summary>
    [Length(63, 1)]
    [Pattern("^[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?$")]
    public required string Name { get; init; }

    /// <summary>Where the adapter lies: exactly one of huggingFace, s3, oci and pvc.</summary>
    public required ModelSource Source { get; init; }

    /// <summary>Rank of the adapter. Read from its adapter_config.json when absent.</summary>
    [Bounds(1, 512)]
    public int? Rank { get; init; }
}

/// <summary>Token limits. They become the engine's own, so that a request that breaks one is refused before it costs anything.</summary>
[Rule(
    "!has(self.maxInputTokens) || !has(self.maxTotalTokens) || self.maxInputTokens < self.maxTotalTokens",
    "limits.maxInputTokens must be less than limits.maxTotalTokens, which counts input and output: lower maxInputTokens or raise maxTotalTokens",
    FieldPath = ".maxInputTokens")]
[Rule(
    "!has(self.maxTotalTokens) || !has(self.maxBatchTotalTokens) || self.maxTotalTokens <= self.maxBatchTotalTokens",
    "limits.maxTotalTokens must not exceed limits.maxBatchTotalTokens, or the longest request never fits in a batch: lower maxTotalTokens or raise maxBatchTotalTokens",
    FieldPath = ".maxTotalTokens")]
[Rule(
    "!has(self.maxInputTokens) || !has(self.maxBatchPrefillTokens) || self.maxInputTokens <= self.maxBatchPrefillTokens",
    "limits.maxBatchPrefillTokens must be at least limits.maxInputTokens, or the longest input never fits in a prefill: raise maxBatchPrefillTokens or lower maxInputTokens",
    FieldPath = ".maxBatchPrefillTokens")]
[Rule(
    "!has(self.maxBatchPrefillTokens) || !has(self.maxBatchTotalTokens) || self.maxBatchPrefillTokens <= self.maxBatchTotalTokens",
    "limits.maxBatchPrefillTokens must not exceed limits.maxBatchTotalTokens: lower maxBatchPrefillTokens or raise maxBatchTotalTokens",
    FieldPath = ".maxBatchPrefillTokens")]
public sealed record ModelLimits
{
    /// <summary>Most tokens of a request's input.</summary>
    [Bounds(1, 100_000_000)]
    public int? MaxInputTokens { get; init; }

    /// <summary>Most tokens of a request's input and output together: the context length served.</summary>
    [Bounds(2, 100_000_000)]
    public int? MaxTotalTokens { get; init; }

    /// <summary>Most tokens of all requests in a batch.</summary>
    [Bounds(1, 1_000_000_000)]
    public int? MaxBatchTotalTokens { get; init; }

    /// <summary>Most input tokens processed in one step.</summary>
    [Bounds(1, 1_000_000_000)]
    public int? MaxBatchPrefillTokens { get; init; }
}

/// <summary>What people must know of a model before they use it.</summary>
public sealed record ModelCard
{
    /// <summary>Licence, as an SPDX identifier or the hub's word. Read from the registry when absent.</summary>
    [Length(128, 1)]
    public string? License { get; init; }

    /// <summary>Address of the licence text.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public string? LicenseUrl { get; init; }

    /// <summary>Whether the licence allows commercial use.</summary>
    public bool? CommercialUse { get; init; }

    /// <summary>Whether the licence allows adapters and other derived models.</summary>
    public bool? Adaptable { get; init; }

    /// <summary>Model this one was trained from.</summary>
    [Length(253, 1)]
    public string? BaseModel { get; init; }

    /// <summary>Data sets it was trained on.</summary>
    [ListSet]
    [Count(64)]
    [Length(253, 1)]
    public IReadOnlyList<string>? TrainingData { get; init; }

    /// <summary>Languages it knows, as IETF tags.</summary>
    [ListSet]
    [Count(200)]
    [Length(35, 1)]
    public IReadOnlyList<string>? Languages { get; init; }

    /// <summary>What it is meant for.</summary>
    [Length(4096)]
    public string? IntendedUse { get; init; }

    /// <summary>What it must not be used for, and where it fails.</summary>
    [Length(4096)]
    public string? Limitations { get; init; }
}
