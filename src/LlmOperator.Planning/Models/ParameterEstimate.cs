using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>The number of parameters reckoned from a whole config.json, which says more than <see cref="ModelArchitecture"/>: latent attention, shared experts, layers without experts.</summary>
internal static class ParameterEstimate
{
    /// <summary>The estimate; null when the shape is not whole.</summary>
    /// <param name="shape">The shape as read.</param>
    /// <param name="fields">The config.</param>
    /// <param name="dense">Width of the feed-forward part of layers without experts.</param>
    public static long? Of(ModelArchitecture shape, ConfigFields fields, int? dense)
    {
        if (shape is not { Layers: { } layers, HiddenSize: { } hidden, AttentionHeads: { } heads, VocabularySize: { } vocabulary, IntermediateSize: { } inner })
        {
            return null;
        }

        if ((shape.LatentDimension is null ? HeadAttention(shape, hidden, heads) : LatentAttention(fields, hidden, heads)) is not { } attention)
        {
            return null;
        }

        Int128 withExperts = 0;
        var expertLayers = 0;
        if (shape.Experts is { } experts)
        {
            var shared = fields.Count("shared_expert_intermediate_size", 10_000_000) ?? (long)(fields.Count("n_shared_experts", 1000) ?? 0) * inner;
            withExperts = (3 * (Int128)hidden * ((experts * (long)inner) + shared)) + ((long)hidden * experts);
            expertLayers = ExpertLayers(fields, layers);
        }

        var plain = 3L * hidden * (dense ?? inner);
        var embeddings = (long)vocabulary * hidden * (shape.TiedEmbeddings == true ? 1 : 2);
        return ModelArithmetic.Plausible(embeddings + (layers * (Int128)(attention + (2L * hidden))) + (expertLayers * withExperts) + ((layers - expertLayers) * (Int128)plain) + hidden);
    }

    private static int ExpertLayers(ConfigFields fields, int layers)
    {
        var step = fields.Count("decoder_sparse_step", 1000) ?? 1;
        var dense = Math.Max(fields.Count("first_k_dense_replace", 1000) ?? 0, fields.Length("mlp_only_layers") ?? 0);
        return Math.Max(0, (layers - dense) / step);
    }

    private static long? HeadAttention(ModelArchitecture shape, int hidden, int heads) =>
        shape.HeadDimension is { } width ? (2L * hidden * heads * width) + (2L * hidden * (shape.KeyValueHeads ?? heads) * width) : null;

    private static long? LatentAttention(ConfigFields fields, int hidden, int heads)
    {
        if (fields.Count("kv_lora_rank", 900_000) is not { } latent || fields.Count("qk_nope_head_dim", 100_000) is not { } plain || fields.Count("v_head_dim", 100_000) is not { } value)
        {
            return null;
        }

        var rotated = fields.Count("qk_rope_head_dim", 100_000) ?? 0;
        long queries = heads * (long)(plain + rotated);
        var query = fields.Count("q_lora_rank", 1_000_000) is { } rank ? ((long)hidden * rank) + (rank * queries) : hidden * queries;
        return query + ((long)hidden * (latent + rotated)) + ((long)latent * heads * (plain + value)) + ((long)heads * value * hidden);
    }
}
