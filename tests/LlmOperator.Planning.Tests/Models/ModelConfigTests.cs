using System.Text;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Planning.Tests.Models;

public sealed class ModelConfigTests
{
    private const string Llama = """
        {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":131072,"tie_word_embeddings":false,"torch_dtype":"bfloat16"}
        """;

    private const string Llama70B = """
        {"architectures":["LlamaForCausalLM"],"hidden_size":8192,"intermediate_size":28672,"num_hidden_layers":80,"num_attention_heads":64,
         "num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":131072,"tie_word_embeddings":false,"torch_dtype":"bfloat16"}
        """;

    private const string DeepSeekV3 = """
        {"architectures":["DeepseekV3ForCausalLM"],"first_k_dense_replace":3,"hidden_size":7168,"intermediate_size":18432,"kv_lora_rank":512,"max_position_embeddings":163840,
         "model_type":"deepseek_v3","moe_intermediate_size":2048,"n_routed_experts":256,"n_shared_experts":1,"num_attention_heads":128,"num_experts_per_tok":8,"num_hidden_layers":61,
         "num_key_value_heads":128,"q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"vocab_size":129280,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
         "quantization_config":{"activation_scheme":"dynamic","fmt":"e4m3","quant_method":"fp8","weight_block_size":[128,128]}}
        """;

    [Fact]
    public void Llama_3_1_8B_is_read_whole()
    {
        var config = Read(Llama);

        Assert.Equal(("LlamaForCausalLM", "bfloat16", 32, 4096, 32, 8), (config.Architecture.Name, config.Architecture.DataType, config.Architecture.Layers, config.Architecture.HiddenSize, config.Architecture.AttentionHeads, config.Architecture.KeyValueHeads));
        Assert.Equal(128, config.Architecture.HeadDimension);
        Assert.Equal(131_072, config.Architecture.ContextLength);
        Assert.Equal(16, config.BitsPerWeight);
        Assert.Equal(8_030_261_248, config.EstimatedParameters);
        Assert.Equal(131_072, ModelArithmetic.KvBytesPerToken(config.Architecture));
    }

    [Fact]
    public void Llama_3_1_70B_takes_320_KiB_of_key_value_cache_a_token()
    {
        var config = Read(Llama70B);

        Assert.Equal(70_553_706_496, config.EstimatedParameters);
        Assert.Equal(320 * 1024, ModelArithmetic.KvBytesPerToken(config.Architecture));
    }

    [Fact]
    public void Latent_attention_shared_experts_and_dense_layers_are_reckoned_with()
    {
        var config = Read(DeepSeekV3);

        // 671B as published; what the formula leaves out are norms and the router's bias.
        Assert.InRange(config.EstimatedParameters!.Value, 670_900_000_000, 671_100_000_000);
        Assert.Equal(576, config.Architecture.LatentDimension);
        Assert.Equal(61 * 576 * 2, ModelArithmetic.KvBytesPerToken(config.Architecture));
        Assert.Equal((256, 8, 2048), (config.Architecture.Experts, config.Architecture.ExpertsPerToken, config.Architecture.IntermediateSize));
        Assert.Equal(("fp8", 8), (config.QuantizationMethod, config.BitsPerWeight));
    }

    [Fact]
    public void Of_a_multimodal_model_the_text_part_counts()
    {
        var config = Read("""
            {"architectures":["Gemma3ForConditionalGeneration"],"model_type":"gemma3","torch_dtype":"bfloat16","vision_config":{"hidden_size":1152,"num_hidden_layers":27},
             "text_config":{"model_type":"gemma3_text","hidden_size":5376,"intermediate_size":21504,"num_hidden_layers":62,"num_attention_heads":32,"num_key_value_heads":16,"head_dim":128,
                            "vocab_size":262208,"sliding_window":1024,"sliding_window_pattern":6,"max_position_embeddings":131072}}
            """);

        Assert.Equal(("Gemma3ForConditionalGeneration", 62, 5376, 128), (config.Architecture.Name, config.Architecture.Layers, config.Architecture.HiddenSize, config.Architecture.HeadDimension));
        Assert.Equal((1024, 52), (config.Architecture.SlidingWindow, config.Architecture.SlidingLayers));
        Assert.True(config.Architecture.TiedEmbeddings);
    }

    [Theory]
    [InlineData("""{"sliding_window":4096}""", 4096, 32)]
    [InlineData("""{"sliding_window":4096,"use_sliding_window":false}""", null, null)]
    [InlineData("""{"sliding_window":4096,"use_sliding_window":true,"max_window_layers":24}""", 4096, 8)]
    [InlineData("""{"sliding_window":128,"layer_types":["sliding_attention","full_attention","sliding_attention"]}""", 128, 2)]
    [InlineData("""{"sliding_window":128,"layer_types":["full_attention","full_attention"]}""", null, null)]
    [InlineData("""{"sliding_window":4096,"model_type":"gemma2"}""", 4096, 16)]
    [InlineData("""{"sliding_window":null}""", null, null)]
    public void Layers_with_a_window_are_told_apart(string json, int? window, int? layers)
    {
        var config = Read(json.Replace("{", """{"num_hidden_layers":32,""", StringComparison.Ordinal));

        Assert.Equal((window, layers), (config.Architecture.SlidingWindow, config.Architecture.SlidingLayers));
    }

    [Fact]
    public void Layers_without_attention_keep_no_keys_and_values()
    {
        var config = Read("""{"num_hidden_layers":4,"hidden_size":2048,"num_attention_heads":16,"num_key_value_heads":2,"head_dim":256,"layer_types":["linear_attention","linear_attention","linear_attention","full_attention"]}""");

        Assert.Equal(1, config.Architecture.KeyValueLayers);
        Assert.Equal(2 * 1 * 2 * 256 * 2, ModelArithmetic.KvBytesPerToken(config.Architecture));
    }

    [Theory]
    [InlineData("""{"quant_method":"awq","bits":4}""", "awq", 4.0)]
    [InlineData("""{"quant_method":"gptq","bits":8,"group_size":128}""", "gptq", 8.0)]
    [InlineData("""{"load_in_4bit":true,"bnb_4bit_quant_type":"nf4"}""", "bitsandbytes", 4.0)]
    [InlineData("""{"quant_method":"bitsandbytes","load_in_8bit":true}""", "bitsandbytes", 8.0)]
    [InlineData("""{"quant_method":"mxfp4"}""", "mxfp4", 4.0)]
    [InlineData("""{"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":8}},"group_1":{"weights":{"num_bits":4}}}}""", "compressed-tensors", 8.0)]
    [InlineData("""{"quant_method":"modelopt","quant_algo":"NVFP4"}""", "modelopt", 4.0)]
    [InlineData("""{"quant_method":"novel"}""", "novel", null)]
    public void The_bits_of_a_quantised_repository_are_read_in_each_method_s_words(string quantization, string method, double? bits)
    {
        var config = Read($$"""{"torch_dtype":"float16","quantization_config":{{quantization}}}""");

        Assert.Equal((method, bits), (config.QuantizationMethod, config.BitsPerWeight));
    }

    [Theory]
    [InlineData("torch_dtype", "torch.bfloat16", "bfloat16")]
    [InlineData("dtype", "float8_e4m3fn", "float8")]
    [InlineData("dtype", "auto", null)]
    public void The_type_of_weights_has_two_names_and_many_values(string field, string value, string? expected) =>
        Assert.Equal(expected, Read($$"""{"{{field}}":"{{value}}"}""").Architecture.DataType);

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"num_hidden_layers":"32"}""")]
    [InlineData("""{"num_hidden_layers":-1}""")]
    [InlineData("""{"num_hidden_layers":2.5}""")]
    [InlineData("""{"num_hidden_layers":100000}""")]
    [InlineData("""{"hidden_size":true}""")]
    public void What_cannot_be_used_is_refused(string json) => Assert.Throws<ModelConfigException>(() => Read(json));

    [Fact]
    public void A_field_that_cannot_be_used_is_named()
    {
        var fault = Assert.Throws<ModelConfigException>(() => Read("""{"num_key_value_heads":"eight"}"""));

        Assert.Contains("num_key_value_heads must be a whole number from 1 to 10000, and is \"eight\"", fault.Message);
    }

    [Fact]
    public void Numbers_only_Python_knows_are_no_obstacle()
    {
        var config = Read("""{"time_step_limit":[0.0,Infinity],"low":-Infinity,"x":NaN,"note":"NaN \" Infinity","num_hidden_layers":4.0}""");

        Assert.Equal(4, config.Architecture.Layers);
    }

    [Fact]
    public void Absurd_products_give_no_number_rather_than_a_wrong_one() =>
        Assert.Null(Read("""{"num_hidden_layers":1000,"hidden_size":1000000,"intermediate_size":10000000,"num_attention_heads":10000,"vocab_size":100000000,"num_experts":10000}""").EstimatedParameters);

    private static ModelConfig Read(string json) => ModelConfig.Parse(Encoding.UTF8.GetBytes(json));
}
