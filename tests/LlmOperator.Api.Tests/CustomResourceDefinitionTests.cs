using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Api.Tests;

public sealed class CustomResourceDefinitionTests
{
    public static TheoryData<string> Files => ["llmops.dev_llmendpoints.yaml", "llmops.dev_llmmodels.yaml", "llmops.dev_ragindexes.yaml"];

    [Theory]
    [MemberData(nameof(Files))]
    public void The_definitions_in_the_repository_are_those_the_types_give(string file) =>
        Assert.Null(GoldenFile.Difference(Path.Combine("crds", file), Generated(file)));

    [Fact]
    public void Every_file_in_the_crds_folder_is_generated() =>
        Assert.Equal(
            CustomResourceDefinitions.Generate().Select(file => file.FileName),
            Directory.GetFiles(Path.Combine(SharedData.RepositoryRoot, "crds"), "*.yaml").Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void The_embedded_definitions_are_the_generated_ones() =>
        Assert.Equal(CustomResourceDefinitions.Generate(), CustomResourceDefinitions.Embedded());

    [Fact]
    public void Generating_twice_gives_the_same_bytes() =>
        Assert.Equal(CustomResourceDefinitions.Generate(), CustomResourceDefinitions.Generate());

    private static string Generated(string file) => CustomResourceDefinitions.Generate().Single(generated => generated.FileName == file).Yaml;
}
