using System.Text;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Planning.Tests.Models;

public sealed class RepositoryContentsTests
{
    private static readonly ModelConfig Llama = Config("\"torch_dtype\":\"bfloat16\"");

    [Fact]
    public void The_index_tells_bytes_and_so_parameters()
    {
        var facts = Contents(Llama, [new("model-00001-of-00002.safetensors", 8_030_281_248), new("model-00002-of-00002.safetensors", 8_030_281_248)]) with { IndexBytes = 16_060_522_496 };

        Assert.Equal((8_030_261_248, 16_060_522_496), (facts.Facts().Parameters, facts.Facts().WeightsBytes));
        Assert.Equal(16_060_562_496, facts.Facts().TotalBytes);
    }

    [Fact]
    public void An_index_of_other_files_is_not_believed()
    {
        var facts = (Contents(Llama, [new("model.safetensors", 16_060_562_496)]) with { IndexBytes = 1_000 }).Facts();

        Assert.Equal((8_030_261_248, 16_060_562_496), (facts.Parameters, facts.WeightsBytes));
    }

    [Fact]
    public void Elements_are_counted_by_their_own_size()
    {
        var facts = (Contents(Llama, [new("model.safetensors")]) with { Elements = new Dictionary<string, long> { ["BF16"] = 1000, ["F32"] = 10 } }).Facts();

        Assert.Equal((1010, 2040), (facts.Parameters, facts.WeightsBytes));
    }

    [Fact]
    public void Packed_weights_are_counted_by_the_shape()
    {
        var awq = Config("\"torch_dtype\":\"float16\",\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4}");
        var facts = (Contents(awq, [new("model.safetensors", 5_700_000_000)]) with { Elements = new Dictionary<string, long> { ["I32"] = 900_000_000, ["F16"] = 1_050_000_000 } }).Facts();

        Assert.Equal((8_030_261_248, 4, "awq"), (facts.Parameters, facts.BitsPerWeight, facts.QuantizationMethod));
        Assert.Equal(5_700_000_000, facts.WeightsBytes);
    }

    [Fact]
    public void Files_without_sizes_leave_the_formula()
    {
        var facts = Contents(Llama, [new("model.safetensors")]).Facts();

        Assert.Equal((8_030_261_248, 16_060_522_496), (facts.Parameters, facts.WeightsBytes));
        Assert.Null(facts.TotalBytes);
    }

    [Fact]
    public void GGUF_files_tell_their_own_number()
    {
        var facts = (Contents(null, [new("m-Q4_K_M.gguf", 4_900_000_000)]) with { GgufParameters = 8_030_261_248, GgufContextLength = 131072 }).Facts();

        Assert.Equal((8_030_261_248, 4_900_000_000, "gguf"), (facts.Parameters, facts.WeightsBytes, facts.QuantizationMethod));
        Assert.Equal(131072, facts.Architecture!.ContextLength);
    }

    [Theory]
    [InlineData("model-00001-of-00002.safetensors:10 model-00002-of-00002.safetensors:5 consolidated.safetensors:15 original/consolidated.00.pth:15 pytorch_model.bin:15", "safetensors", 15)]
    [InlineData("model.safetensors:10 model.fp16.safetensors:5", "safetensors", 10)]
    [InlineData("model.safetensors:10 adapter_model.safetensors:1", "safetensors", 10)]
    [InlineData("weights-00001-of-00002.safetensors:3 weights-00002-of-00002.safetensors:4 weights.safetensors:7", "safetensors", 7)]
    [InlineData("pytorch_model-00001-of-00002.bin:3 pytorch_model-00002-of-00002.bin:4 training_args.bin:1 optimizer.pt:20", "pytorch", 7)]
    [InlineData("consolidated.00.pth:6 consolidated.01.pth:6 params.json:1", "consolidated", 12)]
    [InlineData("m-00001-of-00002.gguf:6 m-00002-of-00002.gguf:6 mmproj-m.gguf:1", "gguf", 12)]
    public void Each_weight_is_counted_once(string files, string format, long bytes)
    {
        var weights = WeightFiles.Of(Files(files))!;

        Assert.Equal((format, bytes), (weights.Format, weights.Bytes));
    }

    [Fact]
    public void Of_several_GGUF_quantisations_none_is_chosen() => Assert.Null(WeightFiles.Of(Files("m-Q4.gguf:4 m-Q8.gguf:8"))!.Bytes);

    [Theory]
    [InlineData("adapter_config.json:1 adapter_model.safetensors:1", true)]
    [InlineData("README.md:1", false)]
    public void Repositories_without_weights_are_told(string files, bool isAdapter)
    {
        Assert.Null(WeightFiles.Of(Files(files)));
        Assert.Equal(isAdapter, WeightFiles.IsAdapter(Files(files)));
    }

    [Theory]
    [InlineData("""{"metadata":{"total_size":16060522496},"weight_map":{"a":"b"}}""", 16060522496)]
    [InlineData("""{"weight_map":{"total_size":"b"},"metadata":{"format":"pt","total_size":5.0}}""", 5L)]
    [InlineData("""{"metadata":{},"weight_map":{}}""", null)]
    [InlineData("""{"metadata":{"total_size":"5"}}""", null)]
    [InlineData("""{"metadata":""", null)]
    public void The_size_in_an_index_is_found_wherever_it_is(string json, long? expected) => Assert.Equal(expected, SafetensorsIndex.TotalSize(Encoding.UTF8.GetBytes(json)));

    private static RepositoryContents Contents(ModelConfig? config, IReadOnlyList<RegistryFile> files) => new() { Source = "hf://a/b", Files = files, Config = config };

    private static ModelConfig Config(string more) => ModelConfig.Parse(Encoding.UTF8.GetBytes(
        $$"""{"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,{{more}}}"""));

    private static List<RegistryFile> Files(string text) => [.. text.Split(' ').Select(part => part.Split(':')).Select(part => new RegistryFile(part[0], long.Parse(part[1])))];
}
