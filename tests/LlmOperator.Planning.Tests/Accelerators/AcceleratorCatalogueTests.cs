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
    [InlineData("node.kubernetes.io/instance-type", "g5.12xlarge", "A10G")]
    [InlineData("node.kubernetes.io/instance-type", "p4d.24xlarge", "A100-40GB")]
    [InlineData("node.kubernetes.io/instance-type", "p4de.24xlarge", "A100-80GB")]
    [InlineData("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB-MIG-3g.40gb", "MIG-3g.40gb-single")]
    [InlineData("nvidia.com/mig-3g.40gb.count", "2", "MIG-3g.40gb")]
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

    [Fact]
    public void Slices_are_asked_for_by_their_own_resource_under_the_mixed_strategy_alone()
    {
        Assert.Equal("nvidia.com/mig-3g.40gb", Catalogue.Find("MIG-3g.40gb")!.Resource);
        Assert.Equal("nvidia.com/gpu", Catalogue.Find("MIG-3g.40gb-single")!.Resource);
    }

    [Fact]
    public void A_partition_of_GKE_is_told_by_its_size_and_is_not_the_whole()
    {
        var labels = new Dictionary<string, string> { ["cloud.google.com/gke-accelerator"] = "nvidia-a100-80gb", ["cloud.google.com/gke-gpu-partition-size"] = "2g.20gb" };

        Assert.Equal("MIG-2g.20gb-single", Catalogue.Identify(labels)?.Name);
        Assert.False(Catalogue.Find("A100-80GB")!.Matches(labels));
    }

    [Theory]
    [InlineData("nvidia.com/gpu.sharing-strategy", "time-slicing")]
    [InlineData("nvidia.com/gpu.sharing-strategy", "mps")]
    [InlineData("nvidia.com/gpu.slices.gi", "1")]
    public void A_machine_whose_accelerators_are_shared_or_partitioned_is_not_of_their_class(string label, string value)
    {
        foreach (var (cloud, name) in new[] { ("karpenter.k8s.aws/instance-gpu-name", "h100"), ("node.kubernetes.io/instance-type", "p5.48xlarge") })
        {
            Assert.Equal("H100-80GB", Catalogue.Identify(new Dictionary<string, string> { [cloud] = name, ["nvidia.com/gpu.sharing-strategy"] = "none" })?.Name);
            Assert.Null(Catalogue.Identify(new Dictionary<string, string> { [cloud] = name, [label] = value }));
        }
    }

    [Theory]
    [InlineData("8", "6", "22731", "A10G")]
    [InlineData("8", "9", "22888", "L4")]
    [InlineData("8", "0", "39538", "A100-40GB")]
    [InlineData("7", "5", "15109", "T4")]
    [InlineData("8", "6", "49140", null)]
    public void An_accelerator_nobody_names_is_told_by_generation_and_memory(string major, string minor, string memory, string? expected) => Assert.Equal(
        expected,
        Catalogue.Identify(new Dictionary<string, string> { ["nvidia.com/gpu.compute.major"] = major, ["nvidia.com/gpu.compute.minor"] = minor, ["nvidia.com/gpu.memory"] = memory })?.Name);

    [Fact]
    public void What_a_generation_computes_in_is_told()
    {
        Assert.Equal((false, false), (Catalogue.Find("T4")!.Bf16, Catalogue.Find("T4")!.Fp8));
        Assert.Equal((true, false), (Catalogue.Find("A10G")!.Bf16, Catalogue.Find("A10G")!.Fp8));
        Assert.Equal((true, true), (Catalogue.Find("L4")!.Bf16, Catalogue.Find("L4")!.Fp8));
        Assert.True(Catalogue.Find("MI300X")!.Bf16);
    }

    [Theory]
    [InlineData("pricePerHour: -1", "\"pricePerHour\" must be a decimal number")]
    [InlineData("pricePerHour: \"1,5\"", "\"pricePerHour\" must be a decimal number")]
    [InlineData("provisionable: maybe", "\"provisionable\" must be true or false")]
    [InlineData("computeCapability: 8", "\"computeCapability\" must be major and minor")]
    [InlineData("largestCount: 0", "\"largestCount\" must be a whole number above 0")]
    [InlineData("largestCount: 65", "\"largestCount\" must be at most 64")]
    [InlineData("gkePartition: 1g.5gb", "needs \"gke\"")]
    public void A_field_that_cannot_be_read_is_named(string field, string problem) => Assert.Contains(
        problem,
        Assert.Single(Assert.Throws<CatalogueException>(() => AcceleratorCatalogue.Parse($"accelerators: [{{class: X, memoryMiB: 1, products: [X], {field}}}]", "f")).Problems));

    [Fact]
    public void A_currency_is_three_letters() => Assert.Contains(
        "must be three capital letters",
        Assert.Throws<CatalogueException>(() => AcceleratorCatalogue.Parse("{currency: dollars, accelerators: [{class: X, memoryMiB: 1, products: [X]}]}", "f")).Message);

    [Theory]
    [InlineData("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb")]
    [InlineData("NVIDIA-A10G-SHARED")]
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
        var memory = new Dictionary<string, int>();
        foreach (var gpu in contract.RootElement.GetProperty("gpus").EnumerateArray())
        {
            var name = gpu.GetProperty("name").GetString()!;
            memory[name] = gpu.GetProperty("visibleMiB").GetInt32();
            List<Dictionary<string, string>> nodes = [];
            foreach (var label in gpu.GetProperty("gfdProductLabels").EnumerateArray())
            {
                nodes.Add(new() { ["nvidia.com/gpu.product"] = label.GetString()! });
            }

            if (gpu.GetProperty("gke").GetString() is { } gke)
            {
                nodes.Add(new() { ["cloud.google.com/gke-accelerator"] = gke });
            }

            if (gpu.GetProperty("karpenterGpuName").GetString() is { } karpenter)
            {
                nodes.Add(new() { ["karpenter.k8s.aws/instance-gpu-name"] = karpenter, ["karpenter.k8s.aws/instance-gpu-memory"] = $"{memory[name]}" });
            }

            foreach (var labels in nodes)
            {
                var known = Catalogue.Identify(labels);
                Assert.True(known is not null, $"{name} is not told by {string.Join(", ", labels)}");
                Assert.InRange(known.MemoryMiB, memory[name] * 0.98, memory[name] * 1.02);
                Assert.Equal(gpu.GetProperty("computeCapability").GetString(), known.ComputeCapability?.ToString(2) ?? "gfx942");
            }
        }

        foreach (var instance in contract.RootElement.GetProperty("awsInstances").EnumerateArray())
        {
            var type = instance.GetProperty("ec2").GetString()!;
            var known = Catalogue.Identify(new Dictionary<string, string> { ["node.kubernetes.io/instance-type"] = type });
            Assert.True(known is not null, $"instance type {type} is in no class");
            Assert.InRange(known.MemoryMiB, memory[instance.GetProperty("gpu").GetString()!] * 0.98, memory[instance.GetProperty("gpu").GetString()!] * 1.02);
            Assert.InRange(instance.GetProperty("gpuCount").GetInt32(), 1, known.LargestCount);
        }
    }
}
