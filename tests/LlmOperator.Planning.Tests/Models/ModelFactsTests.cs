using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Api.Common;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Planning.Tests.Models;

public sealed class ModelFactsTests
{
    private static readonly ModelArchitecture Llama8B = new()
    {
        Layers = 32,
        HiddenSize = 4096,
        AttentionHeads = 32,
        KeyValueHeads = 8,
        HeadDimension = 128,
        IntermediateSize = 14336,
        VocabularySize = 128256,
    };

    [Fact]
    public void The_parameters_of_Llama_3_1_8B_follow_from_its_shape() => Assert.Equal(8_030_261_248, ModelArithmetic.Parameters(Llama8B));

    [Fact]
    public void The_parameters_of_a_mixture_of_experts_follow_from_its_shape()
    {
        var shape = new ModelArchitecture
        {
            Layers = 48,
            HiddenSize = 2048,
            AttentionHeads = 32,
            KeyValueHeads = 4,
            HeadDimension = 128,
            IntermediateSize = 768,
            VocabularySize = 151936,
            Experts = 128,
        };

        // Its two norms a layer over query and key heads (12,288 weights) are beyond the formula.
        Assert.Equal(30_532_122_624 - 12_288, ModelArithmetic.Parameters(shape));
    }

    [Fact]
    public void A_token_of_Llama_3_1_8B_takes_128_KiB_of_key_value_cache() => Assert.Equal(131_072, ModelArithmetic.KvBytesPerToken(Llama8B));

    [Theory]
    [InlineData(Quantizations.None, 15_316)]
    [InlineData(Quantizations.BitsAndBytes, 7_658)]
    [InlineData(Quantizations.Fp8, 7_658)]
    [InlineData(Quantizations.Awq, 3_829)]
    public void Quantising_shrinks_the_weights(string quantization, long expectedMiB)
    {
        var facts = ModelFacts.Of(Spec(quantization) with { Architecture = Llama8B });

        Assert.Equal(expectedMiB, facts.WeightsBytes!.Value / 1_048_576);
    }

    [Fact]
    public void A_given_number_of_parameters_wins_over_the_shape()
    {
        var facts = ModelFacts.Of(Spec(Quantizations.None) with { Parameters = ParameterCount.TryParse("8B"), Architecture = Llama8B });

        Assert.Equal(8_000_000_000, facts.Parameters!.Value.Value);
        Assert.Contains("parameters", facts.Given);
    }

    [Fact]
    public void Nothing_is_made_up_where_facts_are_missing()
    {
        var facts = ModelFacts.Of(Spec(Quantizations.Gguf));

        Assert.Null(facts.Parameters);
        Assert.Null(facts.WeightsBytes);
        Assert.Null(facts.KvBytesPerToken);
        Assert.Empty(facts.Given);
    }

    [Fact]
    public void More_layers_never_take_less() => Prop.ForAll(
        Gen.Choose(1, 200).Two().ToArbitrary(),
        layers =>
        {
            var (few, many) = (Math.Min(layers.Item1, layers.Item2), Math.Max(layers.Item1, layers.Item2));
            return ModelArithmetic.Parameters(Llama8B with { Layers = few }) <= ModelArithmetic.Parameters(Llama8B with { Layers = many })
                && ModelArithmetic.KvBytesPerToken(Llama8B with { Layers = few }) <= ModelArithmetic.KvBytesPerToken(Llama8B with { Layers = many });
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("8B", 8_000_000_000)]
    [InlineData("70.6B", 70_600_000_000)]
    [InlineData("350M", 350_000_000)]
    [InlineData("8030261248", 8_030_261_248)]
    [InlineData("1.5T", 1_500_000_000_000)]
    public void Parameters_are_read_as_people_write_them(string text, long expected) => Assert.Equal(expected, ParameterCount.TryParse(text)!.Value.Value);

    [Theory]
    [InlineData("")]
    [InlineData("B")]
    [InlineData("-8B")]
    [InlineData("8 B")]
    [InlineData("many")]
    [InlineData("99999999999T")]
    public void What_is_no_number_of_parameters_is_refused(string text) => Assert.Null(ParameterCount.TryParse(text));

    [Theory]
    [InlineData(8_030_261_248, "8.03B")]
    [InlineData(350_000_000, "350M")]
    [InlineData(12, "12")]
    public void Parameters_are_shown_in_short_form(long count, string expected) => Assert.Equal(expected, new ParameterCount(count).ToString());

    private static LlmModelSpec Spec(string quantization) => new() { Source = new() { HuggingFace = new() { Repo = "a/b" } }, Quantization = quantization };
}
