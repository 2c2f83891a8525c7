using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Api.Tests;

public sealed class KindJsonTests
{
    [Fact]
    public void A_field_that_is_absent_has_the_default_of_the_schema()
    {
        var engine = JsonSerializer.Deserialize("{}", ApiJsonContext.Default.EngineSpec)!;
        var source = JsonSerializer.Deserialize("""{"repo":"a/b"}""", ApiJsonContext.Default.HuggingFaceSource)!;

        Assert.Equal(("vLLM", 0.9, 900), (engine.Type, engine.GpuMemoryUtilization, engine.StartupTimeoutSeconds));
        Assert.Equal("main", source.Revision);
    }

    [Fact]
    public void Defaults_in_code_are_those_of_the_schema()
    {
        AssertDefaults("llmops.dev_llmendpoints.yaml", "engine", JsonSerializer.SerializeToNode(new EngineSpec(), ApiJsonContext.Default.EngineSpec)!.AsObject());
        AssertDefaults("llmops.dev_llmendpoints.yaml", "generation", JsonSerializer.SerializeToNode(new GenerationSpec(), ApiJsonContext.Default.GenerationSpec)!.AsObject());
        AssertDefaults("llmops.dev_llmendpoints.yaml", "rollout", JsonSerializer.SerializeToNode(new RolloutSpec(), ApiJsonContext.Default.RolloutSpec)!.AsObject());
        AssertDefaults("llmops.dev_llmendpoints.yaml", "promptTrace", JsonSerializer.SerializeToNode(new PromptTraceSpec(), ApiJsonContext.Default.PromptTraceSpec)!.AsObject());
        AssertDefaults("llmops.dev_llmmodels.yaml", "cache", JsonSerializer.SerializeToNode(new ModelCache(), ApiJsonContext.Default.ModelCache)!.AsObject());
        AssertDefaults("llmops.dev_ragindexes.yaml", "embedding", JsonSerializer.SerializeToNode(new EmbeddingSpec(), ApiJsonContext.Default.EmbeddingSpec)!.AsObject());
    }

    [Theory]
    [InlineData("8030261248")]
    [InlineData("\"8030261248\"")]
    public void Parameters_may_be_a_number_or_a_text(string json)
    {
        var spec = JsonSerializer.Deserialize("{\"source\":{\"pvc\":{\"claimName\":\"c\"}},\"parameters\":" + json + "}", ApiJsonContext.Default.LlmModelSpec)!;

        Assert.Equal(8_030_261_248, spec.Parameters!.Value.Value);
    }

    [Fact]
    public void What_is_absent_is_not_written()
    {
        var model = new LlmModel { Metadata = new() { Name = "m" }, Status = new() { Source = "hf://a/b" } };

        Assert.Equal(
            """{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"name":"m"},"status":{"source":"hf://a/b"}}""",
            JsonSerializer.Serialize(model, ApiJsonContext.Default.LlmModel).Replace("\\u002B", "+", StringComparison.Ordinal));
    }

    private static void AssertDefaults(string file, string block, System.Text.Json.Nodes.JsonObject made)
    {
        var schema = YamlJson.Documents($"crds/{file}").Single()["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]![block]!["properties"]!.AsObject();
        foreach (var (field, declared) in schema)
        {
            var expected = declared!["default"];
            Assert.True(
                expected is null ? made[field] is null : made[field] is { } value && value.ToJsonString().TrimEnd('0').TrimEnd('.') == expected.ToJsonString().TrimEnd('0').TrimEnd('.'),
                $"{block}.{field}: the schema has {expected?.ToJsonString() ?? "no default"}, the code {made[field]?.ToJsonString() ?? "none"}");
        }
    }
}
