using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Planning.Engines;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Engines;

public sealed class EngineTableTests
{
    [Fact]
    public void Every_engine_of_the_schema_has_a_definition()
    {
        foreach (var type in new[] { EngineType.VLlm, EngineType.Tgi, EngineType.SGLang, EngineType.LlamaCpp, EngineType.Tei, EngineType.Custom })
        {
            Assert.Equal(type, EngineTable.Of(new() { Type = type }).Type);
        }
    }

    [Fact]
    public void No_engine_listens_on_a_port_its_user_may_not_bind() => Assert.All(EngineTable.All, engine => Assert.InRange(engine.Port, 1024, 65535));

    [Theory]
    [InlineData("vllm", "vLLM")]
    [InlineData("tgi", "TGI")]
    [InlineData("sglang", "SGLang")]
    public void Metrics_have_the_names_the_engine_exposes(string server, string engine)
    {
        var contract = SharedData.Contract("inference-server-metrics.json");
        Assert.SkipWhen(contract is null, "the contract data (inference-server-metrics.json) is not beside this checkout");

        var known = JsonNode.Parse(File.ReadAllText(contract!))![server]!;
        var metrics = EngineTable.Of(new() { Type = engine }).Metrics!;
        Assert.Equal(known["path"]!.ToString(), metrics.Path);
        Assert.NotEmpty(metrics.Names);
        Assert.Subset(known["metrics"]!.AsArray().Select(metric => metric!["name"]!.ToString()).ToHashSet(), metrics.Names.ToHashSet());
    }

    [Theory]
    [InlineData("T4", "turing-1.9.4")]
    [InlineData("A10G", "86-1.9.4")]
    [InlineData("L4", "89-1.9.4")]
    [InlineData("A100", "1.9.4")]
    [InlineData("A100-80GB", "1.9.4")]
    [InlineData("H200", "hopper-1.9.4")]
    [InlineData("RTX-PRO-6000", "120-1.9.4")]
    public void The_accelerator_decides_the_image_of_TEI(string accelerator, string tag)
    {
        var plan = Planning.Endpoints.EndpointPlanner.Plan(Endpoints.Cluster.Observe(
            Endpoints.Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"{{accelerator}}"},"engine":{"type":"TEI"} }"""),
            Endpoints.Cluster.Model("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"500M","task":"Embed"}""")));

        Assert.Equal("ghcr.io/huggingface/text-embeddings-inference:" + tag, plan.Deployment!.Spec!.Template!.Spec!.Containers![0].Image);
    }
}
