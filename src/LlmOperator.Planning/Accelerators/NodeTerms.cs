using System.Globalization;

namespace LlmOperator.Planning.Accelerators;

/// <summary>
/// Turns an entry of the catalogue into the label comparisons by which its nodes are told. A class is of whole accelerators unless its entry says otherwise: of an accelerator that is
/// shared in time only a part of the memory is a pod's own, and of one that is partitioned a pod gets a slice, though pods ask for the same resource in all three cases.
/// </summary>
internal static class NodeTerms
{
    private const string Product = "nvidia.com/gpu.product";

    // Two per cent is what drivers and clouds differ by for the same accelerator (four for the A100 with 40 GB); a tenth is far from the next memory size under one name.
    private const double Tolerance = 0.1;

    public static IReadOnlyList<NodeTerm> Of(CatalogueEntry entry, IReadOnlyList<CatalogueEntry> all)
    {
        var terms = new List<NodeTerm>();
        if (entry.Products.Count > 0)
        {
            // Feature discovery adds -SHARED and -MIG-<profile> to the product of what is shared and of what is partitioned; an entry that means those writes them.
            terms.Add(new([In(Product, [.. entry.Products.SelectMany(product => new[] { $"NVIDIA-{product}", product }).Distinct()])]));
        }

        if (entry.Ec2 is { } name)
        {
            var ambiguous = all.Any(other => other != entry && other.Ec2 == name);
            foreach (var domain in (ReadOnlySpan<string>)["karpenter.k8s.aws", "eks.amazonaws.com"])
            {
                var match = In($"{domain}/instance-gpu-name", [name]);
                terms.Add(new(ambiguous ? [match, .. About($"{domain}/instance-gpu-memory", entry.MemoryMiB, Tolerance), .. Whole()] : [match, .. Whole()]));
            }
        }

        if (entry.Gke.Count > 0)
        {
            const string Partition = "cloud.google.com/gke-gpu-partition-size";
            terms.Add(new(
            [
                In("cloud.google.com/gke-accelerator", entry.Gke),
                entry.GkePartition is { } size ? In(Partition, [size]) : new(Partition, LabelOperator.DoesNotExist, []),
                new("cloud.google.com/gke-gpu-sharing-strategy", LabelOperator.DoesNotExist, []),
            ]));
        }

        if (entry.Mig is { } profile)
        {
            terms.Add(new([new($"nvidia.com/mig-{profile}.count", LabelOperator.Gt, ["0"])]));
        }

        if (entry.InstanceTypes.Count > 0)
        {
            terms.Add(new([In("node.kubernetes.io/instance-type", entry.InstanceTypes), .. Whole()]));
        }

        if (entry is { ComputeCapability: { } capability, Mig: null, GkePartition: null } && entry.Products.Count > 0 && !entry.Products.Any(IsPart))
        {
            // The name is not known, the make is: same generation, same memory.
            terms.Add(new(
            [
                new(Product, LabelOperator.DoesNotExist, []),
                In("nvidia.com/gpu.compute.major", [Number(capability.Major)]),
                In("nvidia.com/gpu.compute.minor", [Number(capability.Minor)]),
                .. About("nvidia.com/gpu.memory", entry.MemoryMiB, Tolerance / 2),
                .. Whole(),
            ]));
        }

        terms.AddRange(entry.Labels.Select(label => new NodeTerm([In(label.Key, label.Values)])));
        return terms;
    }

    /// <summary>Whether a product is one that is shared or partitioned.</summary>
    public static bool IsPart(string product) => product.EndsWith("-SHARED", StringComparison.Ordinal) || product.Contains("-MIG-", StringComparison.Ordinal);

    /// <summary>Where the cloud names the machine, feature discovery still tells whether its accelerators are shared or partitioned.</summary>
    private static LabelMatch[] Whole() =>
    [
        new("nvidia.com/gpu.slices.gi", LabelOperator.DoesNotExist, []),
        new("nvidia.com/gpu.sharing-strategy", LabelOperator.NotIn, ["mps", "time-slicing"]),
    ];

    private static LabelMatch In(string key, IReadOnlyList<string> values) => new(key, LabelOperator.In, values);

    private static LabelMatch[] About(string key, int memoryMiB, double tolerance) =>
    [
        new(key, LabelOperator.Gt, [Number((long)(memoryMiB * (1 - tolerance)))]),
        new(key, LabelOperator.Lt, [Number((long)(memoryMiB * (1 + tolerance)))]),
    ];

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
