using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Planning.Fit;

/// <summary>
/// What an endpoint asks of the memory of accelerators, before it is spread over them. Asked is room for the weights and for one request of the whole context: engines page their cache and
/// queue what finds no room in it, so a number of requests at a time is a bound and no demand, and one whole request is what vLLM and TGI refuse to start without. llama.cpp alone sets aside
/// the whole context of every slot.
/// </summary>
public sealed record MemoryDemand
{
    /// <summary>Engine that will serve, one of <see cref="EngineType"/>.</summary>
    public required string Engine { get; init; }

    /// <summary>Bytes of all weights as they are loaded; null when not known.</summary>
    public long? WeightsBytes { get; init; }

    /// <summary>Bytes of key-value cache a token takes, at 16 bits a value; null when not known.</summary>
    public long? KvBytesPerToken { get; init; }

    /// <summary>Bits of a value in the cache: 16, or 8.</summary>
    public int KvValueBits { get; init; } = 16;

    /// <summary>Longest request, input and output; null when not known.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>Whole contexts there must be room for.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>Tokens worked on in one step; null for the engine's default.</summary>
    public int? BatchedTokens { get; init; }

    /// <summary>Requests worked on in one step; null for the engine's default.</summary>
    public int? BatchedSequences { get; init; }

    /// <summary>Bytes set aside for LoRA adapters.</summary>
    public long AdapterBytes { get; init; }

    /// <summary>Share of an accelerator's memory the engine may take.</summary>
    public decimal Utilization { get; init; } = 0.9m;

    /// <summary>Shape of the model, as far as it is known.</summary>
    public ModelArchitecture Shape { get; init; } = new();

    /// <summary>How the weights are quantised, one of <see cref="Quantizations"/>.</summary>
    public string Quantization { get; init; } = Quantizations.None;

    /// <summary>Number of parameters; null when not known.</summary>
    public long? Parameters { get; init; }

    /// <summary>Why memory cannot be reckoned at all, with what decides it instead; null when it can.</summary>
    public string? NotReckoned { get; init; }

    /// <summary>Whether the engine keeps keys and values between steps. An embedding server does not.</summary>
    public bool KeepsCache => Engine != EngineType.Tei;

    /// <summary>Tokens of cache there must be room for; null when not known. Caches are paged in blocks of 16.</summary>
    public long? CacheTokens => ContextTokens is { } context ? MemoryFit.CeilingDivide(context, MemoryFit.BlockTokens) * MemoryFit.BlockTokens * Sequences : null;

    /// <summary>The demand of an endpoint. Facts of the model that are not known stay null.</summary>
    public static MemoryDemand Of(EngineSpec engine, LlmModel model)
    {
        var spec = model.Spec!;
        var facts = ModelFacts.Of(spec, ModelPin.Facts(model));

        // What the status says is about the model as it was when it was last looked at.
        var status = model.Status is { } known && !(known.ObservedGeneration < model.Metadata.Generation) ? known : null;
        var given = new MemoryArguments(engine);
        var shape = facts.Shape ?? new();
        return new()
        {
            Engine = engine.Type,
            WeightsBytes = status?.WeightsBytes ?? facts.WeightsBytes,
            Parameters = status?.ParameterCount ?? facts.Parameters?.Value,
            KvBytesPerToken = status?.KvBytesPerToken ?? facts.KvBytesPerToken,
            KvValueBits = given.CacheBits ?? (engine.KvCacheDataType == "fp8" ? 8 : 16),
            ContextTokens = given.Context ?? engine.ContextLength ?? spec.Limits?.MaxTotalTokens ?? status?.ContextLength ?? facts.ContextLength,
            Sequences = engine.Type == EngineType.LlamaCpp && given.Context is null ? engine.MaxConcurrentRequests ?? 1 : 1,
            BatchedTokens = given.BatchedTokens ?? spec.Limits?.MaxBatchPrefillTokens,
            BatchedSequences = given.Sequences ?? engine.MaxConcurrentRequests,
            AdapterBytes = AdaptersBytes(spec.Adapters, shape),
            Utilization = given.Utilization ?? (decimal)engine.GpuMemoryUtilization,
            Shape = shape,
            Quantization = spec.Quantization,
            NotReckoned = engine.Type == EngineType.Custom ? "what an image of one's own takes is not known to the operator" : given.NotReckoned,
        };
    }

    /// <summary>Whether a copy of the model can be spread over a number of accelerators that share every layer: attention heads are dealt out whole, and key-value heads dealt out or copied evenly.</summary>
    public bool AllowsTensor(int tensor) =>
        Engine is EngineType.LlamaCpp or EngineType.Custom // llama.cpp deals out layers.
        || ((Shape.AttentionHeads is not { } heads || heads % tensor == 0)
            && (Shape.LatentDimension is not null || Shape.KeyValueHeads is not { } kv || kv % tensor == 0 || tensor % kv == 0));

    /// <summary>Whether to propose such a spread: of a model whose heads are not known, powers of two deal out the heads of nearly all there are.</summary>
    public bool DealsOut(int tensor) => AllowsTensor(tensor) && (Shape.AttentionHeads is not null || int.IsPow2(tensor));

    /// <summary>What is not known, each with what to set; empty when everything is.</summary>
    public IReadOnlyList<string> Missing()
    {
        var missing = new List<string>();
        if (WeightsBytes is null)
        {
            missing.Add(Parameters is not null && Quantization == Quantizations.Gguf
                ? "the size of the weights, which a GGUF file's name does not say and its registry has not told: make the model's registry reachable, or set spec.quantization of the LlmModel to the bits it has (int8, or awq for 4 bits)"
                : "the size of the weights: set spec.parameters of the LlmModel");
        }

        if (KeepsCache && KvBytesPerToken is null)
        {
            missing.Add("the key-value cache a token takes: set layers, attentionHeads, keyValueHeads and headDimension in spec.architecture of the LlmModel");
        }

        if (KeepsCache && ContextTokens is null)
        {
            missing.Add("the context length: set spec.engine.contextLength, or spec.limits.maxTotalTokens of the LlmModel");
        }

        return missing;
    }

    /// <summary>A word that changes whenever the demand does, and with nothing else.</summary>
    /// <param name="more">What else the choice of accelerators depends on.</param>
    public string Digest(string more)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Engine}|{WeightsBytes}|{KvBytesPerToken}|{KvValueBits}|{CacheTokens}|{BatchedTokens}|{BatchedSequences}|{AdapterBytes}|{Utilization}|{Quantization}|{NotReckoned is null}|{Shape.Layers}|{Shape.HiddenSize}|{Shape.VocabularySize}|{Shape.AttentionHeads}|{Shape.KeyValueHeads}|{Shape.LatentDimension}|{Shape.SlidingWindow}|{Shape.SlidingLayers}|{more}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
    }

    /// <summary>
    /// Every adapter has a place of its own for each projection of each layer: rank x (inputs + outputs) values of 16 bits. A rank that is not given is taken as 16, vLLM's default.
    /// </summary>
    private static long AdaptersBytes(IReadOnlyList<ModelAdapter>? adapters, ModelArchitecture shape)
    {
        if (adapters is not { Count: > 0 } || shape is not { Layers: { } layers, HiddenSize: { } hidden, AttentionHeads: { } heads })
        {
            return 0;
        }

        long width = shape.HeadDimension ?? Math.Max(hidden / heads, 1);
        long queries = heads * width;
        long keys = (shape.KeyValueHeads ?? heads) * width;
        long inner = shape.IntermediateSize ?? 0;
        var values = (2 * (hidden + queries)) + (2 * (hidden + keys)) + (3 * (hidden + inner));
        return adapters.Sum(adapter => (adapter.Rank ?? 16) * values * layers * 2);
    }
}
