using System.Text.Json;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Accelerators;

public sealed class AcceleratorCatalogueTests
{
    private static readonly AcceleratorCatalogue Catalogue = AcceleratorCatalogue.Default;

    [Theory]
    [InlineData("nvidia.com/gpu.product", "NVIDIA-A10G", "A10G")]
    [InlineData("nvidia.com/gpu.product", "A10G", "A10G")]
    [InlineData("nvidia.com/gpu.product", "Tesla-T4", "T4")]
    [InlineData("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB", "A100-80GB")]
    [InlineData("nvidia.com/gpu.product", "A100-SXM4-40GB", "A100-40GB")]
    [InlineData("karpenter.k8s.aws/instance-gpu-name", "l40s", "L40S")]
    [InlineData("eks.amazonaws.com/instance-gpu-name", "h200", "H200")]
    [InlineData("cloud.google.com/gke-accelerator", "nvidia-h100-mega-80gb", "H100-80GB")]
    [InlineData("node.kubernetes.io/instance-type", "Standard_NC24ads_A100_v4", "A100-80GB")]
    [InlineData("amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM", "MI300X")]
    public void A_node_is_told_by_the_label_its_cloud_sets(string label, string value, string expected) =>
        Assert.Equal(expected, Catalogue.Identify(new Dictionary<string, string> { [label] = value })?.Name);

    [Theory]
    [InlineData("40960", "A100-40GB")]
    [InlineData("39538", "A100-40GB")]
    [InlineData("81920", "A100-80GB")]
    [InlineData("81251", "A100-80GB")]
    public void The_two_sizes_of_A100_are_told_apart_by_memory_where_they_share_a_name(string memory, string expected)
    {
        var labels = new Dictionary<string, string> { ["karpenter.k8s.aws/instance-gpu-name"] = "a100", ["karpenter.k8s.aws/instance-gpu-memory"] = memory };

        Assert.Equal(expected, Catalogue.Identify(labels)?.Name);
        Assert.True(Catalogue.Find("A100")!.Matches(labels));
        Assert.False(Catalogue.Find(expected == "A100-40GB" ? "A100-80GB" : "A100-40GB")!.Matches(labels));
    }

    [Theory]
    [InlineData("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb")]
    [InlineData("NVIDIA-A10")]
    public void A_slice_or_a_near_namesake_is_not_the_class(string product)
    {
        var labels = new Dictionary<string, string> { ["nvidia.com/gpu.product"] = product };

        Assert.False(Catalogue.Find("A100-80GB")!.Matches(labels));
        Assert.False(Catalogue.Find("A10G")!.Matches(labels));
    }

    [Fact]
    public void A_group_has_the_memory_of_its_smallest_member() => Assert.Equal(40960, Catalogue.Find("a100")!.MemoryMiB);

    [Fact]
    public void Every_problem_of_a_catalogue_is_listed_with_its_line()
    {
        var error = Assert.Throws<CatalogueException>(() => AcceleratorCatalogue.Parse(
            """
            accelerators:
            - class: X
              memoryMiB: much
              products: [X]
            - memoryMiB: 10
              colour: red
            - class: auto
              anyOf: [X]
            """,
            "file.yaml"));

        Assert.Contains(error.Problems, problem => problem.StartsWith("file.yaml:2:", StringComparison.Ordinal) && problem.Contains("memoryMiB"));
        Assert.Contains(error.Problems, problem => problem.StartsWith("file.yaml:5:", StringComparison.Ordinal) && problem.Contains("unknown field \"colour\""));
        Assert.Contains(error.Problems, problem => problem.StartsWith("file.yaml:5:", StringComparison.Ordinal) && problem.Contains("\"class\" is missing"));
        Assert.Contains(error.Problems, problem => problem.StartsWith("file.yaml:7:", StringComparison.Ordinal) && problem.Contains("\"auto\" is taken"));
    }

    [Fact]
    public void A_group_of_a_class_that_is_not_there_is_refused()
    {
        var error = Assert.Throws<CatalogueException>(() => AcceleratorCatalogue.Parse("accelerators: [{class: G, anyOf: [Nothing]}]", "f"));

        Assert.Contains("anyOf names \"Nothing\"", Assert.Single(error.Problems));
    }

    [Fact]
    public void The_built_in_catalogue_agrees_with_the_contract_data()
    {
        Assert.SkipWhen(SharedData.Contract("gpu-catalog.json") is null, "the contract data is not beside this checkout");
        using var contract = JsonDocument.Parse(File.ReadAllText(SharedData.Contract("gpu-catalog.json")!));
        foreach (var gpu in contract.RootElement.GetProperty("gpus").EnumerateArray())
        {
            foreach (var label in gpu.GetProperty("gfdProductLabels").EnumerateArray())
            {
                if (Catalogue.Identify(new Dictionary<string, string> { ["nvidia.com/gpu.product"] = label.GetString()! }) is { } known)
                {
                    Assert.InRange(known.MemoryMiB, gpu.GetProperty("visibleMiB").GetInt32() * 0.98, gpu.GetProperty("visibleMiB").GetInt32() * 1.02);
                }
            }
        }
    }
}
