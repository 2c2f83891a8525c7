using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Configuration;

/// <summary>The configurations the operator renders, as its golden files have them.</summary>
public sealed class RenderedConfigurationTests
{
    [Fact]
    public void The_sidecar_takes_every_configuration_the_operator_renders()
    {
        var rendered = Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot, "tests/LlmOperator.Planning.Tests/Golden"), "*.json")
            .SelectMany(file => JsonNode.Parse(File.ReadAllText(file)) is JsonArray objects ? objects : [])
            .Select(obj => obj!["data"]?["config.json"]?.ToString()).OfType<string>().ToList();

        Assert.True(rendered.Count > 10);
        var options = rendered.Select(text => SidecarConfiguration.Parse(Encoding.UTF8.GetBytes(text), variable => variable.EndsWith("_HEADERS", StringComparison.Ordinal) ? "a=b" : variable == "ENDPOINT_REVISION" ? "r1" : "PUBLIC:SECRET")).ToList();
        Assert.All(options, each => Assert.Equal("r1", each.Served.Revision));
        var full = options.Single(each => each.Exporters.Count == 3);
        Assert.Equal(["tempo", "opik", "langfuse-eu"], full.Exporters.Select(exporter => exporter.Name));
        Assert.Equal(2, full.RedactPatterns.Count);
        Assert.True(full.CaptureContent);
    }
}
