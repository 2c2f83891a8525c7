using System.Text.Json;
using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>A config.json that says nothing that can be used.</summary>
/// <param name="message">Which field, and what is wrong with it.</param>
/// <param name="inner">Cause.</param>
public sealed class ModelConfigException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a model's config.json says of its shape and of how its weights are stored.</summary>
public sealed record ModelConfig
{
    /// <summary>Shape of the language model; of the text part where there are others.</summary>
    public required ModelArchitecture Architecture { get; init; }

    /// <summary>How the weights are quantised, in lower case; null when they are not.</summary>
    public string? QuantizationMethod { get; init; }

    /// <summary>Bits a weight takes in the repository; null when neither the type nor the quantisation says it.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>Parameters reckoned from the shape; null when the shape is not whole.</summary>
    public long? EstimatedParameters { get; init; }

    /// <summary>Reads a config.json.</summary>
    /// <param name="utf8">The file.</param>
    /// <exception cref="ModelConfigException">It is not JSON, not an object, or a field is no number where a number belongs.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> utf8)
    {
        using var json = PythonJson.Parse(utf8);
        if (json.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new ModelConfigException($"it is not an object but {ConfigFields.Name(json.RootElement.ValueKind)}");
        }

        return Read(ConfigFields.Of(json.RootElement));
    }

    private static ModelConfig Read(ConfigFields fields)
    {
        var experts = fields.Count("num_local_experts", 10_000) ?? fields.Count("num_experts", 10_000) ?? fields.Count("n_routed_experts", 10_000) ?? fields.Count("moe_num_experts", 10_000);
        var dense = fields.Count("intermediate_size", 10_000_000) ?? fields.Count("n_inner", 10_000_000) ?? fields.Count("ffn_dim", 10_000_000) ?? fields.Count("d_ff", 10_000_000);
        var layers = fields.Count("num_hidden_layers", 1000) ?? fields.Count("n_layer", 1000) ?? fields.Count("n_layers", 1000) ?? fields.Count("num_layers", 1000);
        var hidden = fields.Count("hidden_size", 1_000_000) ?? fields.Count("n_embd", 1_000_000) ?? fields.Count("d_model", 1_000_000);
        var heads = fields.Count("num_attention_heads", 10_000) ?? fields.Count("n_head", 10_000) ?? fields.Count("n_heads", 10_000);
        var latent = fields.Count("kv_lora_rank", 900_000) is { } rank ? rank + (fields.Count("qk_rope_head_dim", 100_000) ?? 0) : (int?)null;
        var (method, bits) = QuantizationConfig.Read(fields);
        var (keeping, window, sliding) = AttentionLayers.Read(fields, layers);
        var shape = new ModelArchitecture
        {
            Name = fields.FirstText("architectures", 128),
            DataType = DataType(fields.Text("torch_dtype") ?? fields.Text("dtype")),
            Layers = layers,
            HiddenSize = hidden,
            AttentionHeads = heads,
            KeyValueHeads = fields.Count("num_key_value_heads", 10_000) ?? fields.Count("num_kv_heads", 10_000) ?? (fields.Flag("multi_query") == true && fields.Flag("new_decoder_architecture") != true ? 1 : heads),
            HeadDimension = fields.Count("head_dim", 10_000) ?? (latent is null && hidden is { } width && heads is { } number && width % number == 0 && width / number <= 10_000 ? width / number : null),
            IntermediateSize = (experts is null ? null : fields.Count("moe_intermediate_size", 10_000_000)) ?? dense,
            VocabularySize = fields.Count("vocab_size", 100_000_000),
            ContextLength = fields.Count("max_position_embeddings", 100_000_000) ?? fields.Count("n_positions", 100_000_000) ?? fields.Count("max_seq_len", 100_000_000) ?? fields.Count("seq_length", 100_000_000),
            TiedEmbeddings = fields.Flag("tie_word_embeddings") ?? (fields.Text("model_type")?.StartsWith("gemma", StringComparison.Ordinal) == true ? true : null),
            Experts = experts,
            ExpertsPerToken = fields.Count("num_experts_per_tok", 10_000) ?? fields.Count("num_experts_per_token", 10_000),
            KeyValueLayers = keeping,
            LatentDimension = latent,
            SlidingWindow = window,
            SlidingLayers = sliding,
        };
        return new()
        {
            Architecture = shape,
            QuantizationMethod = method,
            BitsPerWeight = method is null ? (shape.DataType is null ? null : ModelArithmetic.BitsPerWeight(Quantizations.None, shape.DataType)) : bits,
            EstimatedParameters = ParameterEstimate.Of(shape, fields, dense),
        };
    }

    private static string? DataType(string? text) => text?.Replace("torch.", "", StringComparison.Ordinal) switch
    {
        "bfloat16" => "bfloat16",
        "float16" or "half" => "float16",
        "float32" or "float" => "float32",
        { } name when name.StartsWith("float8", StringComparison.Ordinal) => "float8",
        _ => null,
    };
}
