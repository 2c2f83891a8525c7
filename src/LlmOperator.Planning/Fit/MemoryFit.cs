using LlmOperator.Api.Endpoints;

namespace LlmOperator.Planning.Fit;

/// <summary>
/// Memory of one accelerator: what a demand takes of it when spread over several, and what there is. Needs are rounded up to whole MiB, what there is down. Per accelerator, with the
/// layers dealt over P groups and every layer over T accelerators of a group:
/// <code>weights / (T·P) · 1.02  +  cache  +  runtime + activations + logits + adapters</code>
/// </summary>
public static class MemoryFit
{
    /// <summary>Tokens of a block of paged cache in vLLM and of a page's rounding elsewhere.</summary>
    public const int BlockTokens = 16;

    private const long MiB = 1024 * 1024;

    /// <summary>Buffers beside the weights and padding of tensors: two per cent of the weights.</summary>
    private const int WeightsPercent = 102;

    /// <summary>
    /// CUDA context (300 to 500 MiB), captured graphs (300 to 800 MiB) and the buffers of NCCL (200 to 500 MiB with several accelerators): 1 to 2 GiB in what engines log. One figure
    /// for one accelerator and for several, so that one more never fits less.
    /// </summary>
    private const long RuntimeMiB = 1536;

    /// <summary>Bytes a token worked on takes per unit of width: 20 to 40 by engine and model.</summary>
    private const int ActivationBytes = 30;

    /// <summary>What is reckoned for activations and logits of a model whose width is not known: about what one of 8B takes.</summary>
    private const long UnknownActivationsMiB = 512;

    /// <summary>From this memory on vLLM and SGLang work on 8192 tokens and up to 1024 requests in one step where nothing else is set, below on 2048 and 256.</summary>
    private const int LargeMiB = 70 * 1024;

    /// <summary>TGI leaves a tenth of its share free (its TGI_WIGGLE_ROOM).</summary>
    private const decimal TgiShare = 0.9m;

    /// <summary>Reckons one accelerator.</summary>
    /// <param name="demand">What is asked.</param>
    /// <param name="memoryMiB">Memory of the accelerator.</param>
    /// <param name="tensor">Accelerators that share every layer.</param>
    /// <param name="pipeline">Groups of accelerators that hold consecutive layers.</param>
    public static MemoryNeed Reckon(MemoryDemand demand, int memoryMiB, int tensor, int pipeline)
    {
        var (layers, of) = demand.Shape.Layers is { } all ? (Int128.Min(CeilingDivide(all, pipeline), all), (Int128)all) : (1, pipeline);
        var available = (long)decimal.Floor(memoryMiB * demand.Utilization * (demand.Engine == EngineType.Tgi ? TgiShare : 1m));
        long? weights = demand.WeightsBytes is { } bytes ? InMiB((Int128)bytes * WeightsPercent * layers, 100 * tensor * of) : null;
        var overhead = OverheadMiB(demand, memoryMiB, tensor, layers, of);
        var cache = Cache.For(demand, tensor, layers, of);
        var asked = cache is null ? null : demand.KeepsCache ? demand.CacheTokens is { } tokens ? cache.MiB(tokens) : null : (long?)0;
        return new()
        {
            AvailableMiB = available,
            WeightsMiB = weights,
            KvCacheMiB = asked,
            OverheadMiB = overhead,
            KvCacheTokens = demand.KeepsCache && cache is not null && weights is { } taken ? cache.Tokens(Math.Max(available - taken - overhead, 0)) : null,
        };
    }

    internal static Int128 CeilingDivide(Int128 value, Int128 by) => (value + by - 1) / by;

    internal static long CeilingDivide(long value, long by) => (value + by - 1) / by;

    private static long OverheadMiB(MemoryDemand demand, int memoryMiB, int tensor, Int128 layers, Int128 of)
    {
        var large = memoryMiB >= LargeMiB;
        var (tokens, requests) = demand.Engine switch
        {
            EngineType.Tgi => (4096, 128),
            EngineType.LlamaCpp => (512, demand.Sequences),
            EngineType.Tei => (16384, 0),
            _ => large ? (8192, 1024) : (2048, 256),
        };
        tokens = demand.BatchedTokens ?? tokens;
        requests = demand.Engine == EngineType.Tei ? 0 : demand.BatchedSequences ?? requests;
        if (demand.Engine == EngineType.LlamaCpp)
        {
            // The logical batch is a bound on what is taken in; 512 tokens are worked on in one step.
            tokens = Math.Min(tokens, 512);
        }

        var adapters = InMiB(demand.AdapterBytes * layers, of);
        if (demand.Shape.HiddenSize is not { } hidden)
        {
            return RuntimeMiB + UnknownActivationsMiB + adapters;
        }

        var activations = InMiB((Int128)tokens * hidden * ActivationBytes, tensor);
        var logits = InMiB((Int128)requests * (demand.Shape.VocabularySize ?? 0) * sizeof(float), 1);
        return RuntimeMiB + activations + logits + adapters;
    }

    private static long InMiB(Int128 bytes, Int128 dividedBy) => (long)Int128.Min(CeilingDivide(bytes, dividedBy * MiB), long.MaxValue / 8);

    /// <summary>
    /// The cache of one accelerator. Key-value heads are dealt out whole: beyond their number they are copied, and what latent attention keeps is copied always. Layers with a sliding
    /// window keep the window and what is being worked on.
    /// </summary>
    /// <param name="Growing">Bytes of a token in layers that keep every token, times <paramref name="Of"/>.</param>
    /// <param name="Sliding">Bytes of a token in layers that keep a window, times <paramref name="Of"/>.</param>
    /// <param name="Of">What both are to be divided by.</param>
    /// <param name="Window">Tokens the latter keep.</param>
    private sealed record Cache(Int128 Growing, Int128 Sliding, Int128 Of, long Window)
    {
        public static Cache? For(MemoryDemand demand, int tensor, Int128 layers, Int128 of)
        {
            if (!demand.KeepsCache)
            {
                return new(0, 0, 1, 0);
            }

            if (demand.KvBytesPerToken is not { } bytes)
            {
                return null;
            }

            var shape = demand.Shape;
            var (heads, ofHeads) = shape.LatentDimension is null && (shape.KeyValueHeads ?? shape.AttentionHeads) is { } all ? (CeilingDivide(all, tensor), (long)all) : (1, 1);
            var each = (Int128)bytes * demand.KvValueBits * layers * heads;
            var divisor = 16 * of * ofHeads;
            var keeping = shape.KeyValueLayers ?? shape.Layers ?? 1;
            var sliding = shape.SlidingWindow is null ? 0 : Math.Min(shape.SlidingLayers ?? keeping, keeping);
            return new(each * (keeping - sliding), each * sliding, divisor * keeping, (shape.SlidingWindow ?? 0L) + (demand.BatchedTokens ?? 8192));
        }

        public long MiB(long tokens) => InMiB((Growing * tokens) + (Sliding * Math.Min(tokens, Window)), Of);

        /// <summary>Tokens that a number of MiB holds, in whole blocks.</summary>
        public long? Tokens(long mib)
        {
            var room = (Int128)mib * MemoryFit.MiB * Of;
            var all = Growing + Sliding;
            if (all == 0)
            {
                return null;
            }

            var tokens = room / all;
            if (tokens > Window && Growing > 0)
            {
                tokens = (room - (Sliding * Window)) / Growing;
            }

            return (long)(Int128.Min(tokens, long.MaxValue) / BlockTokens * BlockTokens);
        }
    }
}

/// <summary>What a demand takes of one accelerator, and what there is, in MiB.</summary>
public sealed record MemoryNeed
{
    /// <summary>What the engine may take.</summary>
    public required long AvailableMiB { get; init; }

    /// <summary>Weights; null when not known.</summary>
    public long? WeightsMiB { get; init; }

    /// <summary>Key-value cache for what is asked; null when not known.</summary>
    public long? KvCacheMiB { get; init; }

    /// <summary>Activations, the runtime and captured graphs.</summary>
    public required long OverheadMiB { get; init; }

    /// <summary>Tokens of cache that what is left beside weights and overhead holds; null when not known, or when no cache is kept.</summary>
    public long? KvCacheTokens { get; init; }

    /// <summary>All of it, as far as it is known.</summary>
    public long NeededMiB => (WeightsMiB ?? 0) + (KvCacheMiB ?? 0) + OverheadMiB;

    /// <summary>Whether it fits; null when what is not known decides.</summary>
    public bool? Fits => NeededMiB > AvailableMiB ? false : WeightsMiB is not null && KvCacheMiB is not null ? true : null;
}
