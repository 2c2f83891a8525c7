using LlmOperator.Planning.Tests.Endpoints;
using LlmOperator.Planning.Tests.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Engines;

public sealed class EngineGoldenTests
{
    public static TheoryData<string> Names => [.. EngineCases.All.Select(known => known.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_combination_gives_the_objects_of_its_golden_file(string name) =>
        Assert.Null(GoldenFile.Difference(PlannedObjects.GoldenPath(name), PlannedObjects.Text(PlannedObjects.Of(name))));

    [Theory]
    [InlineData("llmmodel-twin-8b.yaml", "llmendpoint-twin-8b.yaml", "sample-twin-8b")]
    [InlineData("llmmodel-qwen3-30b.yaml", "llmendpoint-qwen3-30b.yaml", "sample-qwen3-30b")]
    public void The_samples_give_the_objects_of_the_golden_files(string model, string endpoint, string name)
    {
        var sample = Cluster.Sample(model, endpoint);
        var plan = Planning.Endpoints.EndpointPlanner.Plan(Cluster.Observe(sample.Endpoint, sample.Model));

        Assert.Null(GoldenFile.Difference(PlannedObjects.GoldenPath(name), PlannedObjects.Text(plan)));
    }
}
