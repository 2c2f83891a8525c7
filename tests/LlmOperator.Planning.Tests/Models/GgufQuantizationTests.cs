using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Planning.Tests.Models;

public sealed class GgufQuantizationTests
{
    [Theory]
    [InlineData("model-Q4_K_M.gguf", 4.85)]
    [InlineData("Meta-Llama-3.1-8B-Instruct.q8_0.gguf", 8.5)]
    [InlineData("folder/Model-IQ3_XXS-00001-of-00002.gguf", 3.25)]
    [InlineData("Model-Q6_K-imat.gguf", 6.57)]
    [InlineData("model-bf16.gguf", 16.0)]
    [InlineData("gpt-oss-mxfp4.gguf", 4.25)]
    [InlineData("model.gguf", null)]
    [InlineData("model-Q9_X.gguf", null)]
    [InlineData("Q4_K_M.txt", null)]
    public void The_name_of_a_file_tells_its_bits(string file, double? bits) => Assert.Equal(bits, GgufQuantization.BitsOf(file));

    [Fact]
    public void A_repository_of_one_quantisation_has_its_bits_and_size()
    {
        var facts = Facts(new("model-Q5_K_M-00001-of-00002.gguf", 3_000), new("model-Q5_K_M-00002-of-00002.gguf", 2_700));

        Assert.Equal((5.7, 5_700, 8_000L), (facts.BitsPerWeight, facts.WeightsBytes, facts.Parameters));
    }

    [Fact]
    public void Of_several_the_one_the_server_takes_by_itself_counts()
    {
        var facts = Facts(new("model-Q8_0.gguf", 8_500), new("model-Q4_K_M.gguf", 4_850), new("model-F16.gguf", 16_000));

        Assert.Equal((4.85, 4_850L), (facts.BitsPerWeight, facts.WeightsBytes));
        Assert.Null(Facts(new("model-Q8_0.gguf", 8_500), new("model-F16.gguf", 16_000)).BitsPerWeight);
    }

    [Fact]
    public void A_model_loaded_as_gguf_is_reckoned_with_the_bits_of_its_file()
    {
        var registry = Facts(new RegistryFile("model-Q4_K_M.gguf", null)) with { Parameters = 8_000_000_000 };

        Assert.Equal((4.85, 4_850_000_000), Loaded("""{"source":{"huggingFace":{"repo":"org/model-GGUF"}},"quantization":"gguf"}""", registry));
        Assert.Equal((4.85, 4_850_000_000), Loaded("""{"source":{"pvc":{"claimName":"c","path":"q4/model-Q4_K_M.gguf"}},"parameters":"8B","quantization":"gguf"}""", null));
        Assert.Equal((null, null), Loaded("""{"source":{"pvc":{"claimName":"c","path":"model.gguf"}},"parameters":"8B","quantization":"gguf"}""", null));
    }

    [Theory]
    [InlineData("load_in_4bit", 4.0)]
    [InlineData("load_in_8bit", 8.0)]
    public void A_repository_quantised_with_bitsandbytes_takes_the_bits_its_configuration_says(string load, double bits)
    {
        var config = ModelConfig.Parse(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["torch_dtype"] = "bfloat16", ["quantization_config"] = new Dictionary<string, object> { [load] = true, ["quant_method"] = "bitsandbytes" } }));
        var registry = new RepositoryContents { Source = "hf://org/model", Files = [new("model.safetensors", null)], Config = config }.Facts() with { Parameters = 8_000_000_000 };

        Assert.Equal(bits, Loaded("""{"source":{"huggingFace":{"repo":"org/model"}},"quantization":"bitsandbytes"}""", registry).Bits);
        Assert.Equal(bits, Loaded("""{"source":{"huggingFace":{"repo":"org/model"}}}""", registry).Bits);
    }

    private static (double? Bits, long? Bytes) Loaded(string spec, RegistryFacts? registry)
    {
        var facts = ModelFacts.Of(JsonSerializer.Deserialize(spec, ApiJsonContext.Default.LlmModelSpec)!, registry);
        return (facts.BitsPerWeight, facts.WeightsBytes);
    }

    private static RegistryFacts Facts(params RegistryFile[] files) => new RepositoryContents { Source = "hf://org/model-GGUF", Files = files }.Facts();
}
