using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>Sizes that follow from a model's shape.</summary>
public static class ModelArithmetic
{
    /// <summary>Bytes of a key or value in the cache: bfloat16 or float16.</summary>
    private const int KvValueBytes = 2;

    private const long MostParameters = 10_000_000_000_000_000;

    /// <summary>
    /// Bits a weight takes on the accelerator; null when the name of the quantisation does not say it.
    /// 8 bits are reckoned with for bitsandbytes, as TGI loads it; vLLM takes less.
    /// </summary>
    public static double? BitsPerWeight(string quantization, string? dataType) => quantization switch
    {
        Quantizations.None => dataType switch
        {
            "float32" => 32,
            "float8" => 8,
            _ => 16,
        },
        Quantizations.Fp8 or Quantizations.Int8 or Quantizations.Eetq or Quantizations.BitsAndBytes => 8,
        Quantizations.Awq or Quantizations.Gptq or Quantizations.BitsAndBytesNf4 => 4,
        _ => null,
    };

    /// <summary>
    /// Bytes of key-value cache a token takes: keys and values of every layer that keeps them, or what latent attention keeps in their place. Layers with a sliding window are
    /// counted whole, which is right up to the window. Null when the shape is not whole.
    /// </summary>
    public static long? KvBytesPerToken(ModelArchitecture? shape)
    {
        if ((shape?.KeyValueLayers ?? shape?.Layers) is not { } layers)
        {
            return null;
        }

        if (shape!.LatentDimension is { } latent)
        {
            return (long)layers * latent * KvValueBytes;
        }

        return (shape.KeyValueHeads ?? shape.AttentionHeads) is { } heads && HeadDimension(shape) is { } width ? 2L * layers * heads * width * KvValueBytes : null;
    }

    /// <summary>
    /// Parameters of a decoder of the Llama family: embeddings, then per layer the four attention projections, the three of the feed-forward part (of every expert,
    /// with a router) and two norms, and a last norm. Null when the shape is not whole.
    /// </summary>
    public static long? Parameters(ModelArchitecture? shape)
    {
        if (shape is not { Layers: { } layers, HiddenSize: { } hidden, AttentionHeads: { } heads, IntermediateSize: { } inner, VocabularySize: { } vocabulary }
            || HeadDimension(shape) is not { } width)
        {
            return null;
        }

        long attention = (2L * hidden * heads * width) + (2L * hidden * (shape.KeyValueHeads ?? heads) * width);
        Int128 feedForward = 3L * hidden * inner;
        if (shape.Experts is { } experts)
        {
            feedForward = (experts * feedForward) + ((long)hidden * experts);
        }

        long embeddings = (long)vocabulary * hidden * (shape.TiedEmbeddings == true ? 1 : 2);
        return Plausible(embeddings + (layers * (attention + feedForward + (2L * hidden))) + hidden);
    }

    /// <summary>A number of parameters; null when it is beyond any model there is, as the product of bounds may be.</summary>
    internal static long? Plausible(Int128 parameters) => parameters <= MostParameters ? (long)parameters : null;

    private static int? HeadDimension(ModelArchitecture shape) =>
        shape.HeadDimension ?? (shape is { HiddenSize: { } hidden, AttentionHeads: { } heads } && hidden % heads == 0 ? hidden / heads : null);
}
