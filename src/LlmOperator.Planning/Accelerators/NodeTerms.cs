using System.Globalization;

namespace LlmOperator.Planning.Accelerators;

/// <summary>Turns an entry of the catalogue into the label comparisons by which its nodes are told.</summary>
internal static class NodeTerms
{
    // Two per cent is what drivers and clouds differ by for the same accelerator; a tenth is far from the next memory size of any.
    private const double Tolerance = 0.1;

    public static IReadOnlyList<NodeTerm> Of(CatalogueEntry entry, IReadOnlyList<CatalogueEntry> all)
    {
        var terms = new List<NodeTerm>();
        if (entry.Products.Count > 0)
        {
            terms.Add(new([In("nvidia.com/gpu.product", [.. entry.Products.SelectMany(ProductNames).Distinct()])]));
        }

        if (entry.Ec2 is { } name)
        {
            var ambiguous = all.Any(other => other != entry && other.Ec2 == name);
            foreach (var domain in (ReadOnlySpan<string>)["karpenter.k8s.aws", "eks.amazonaws.com"])
            {
                var match = In($"{domain}/instance-gpu-name", [name]);
                terms.Add(new(ambiguous ? [match, .. About($"{domain}/instance-gpu-memory", entry.MemoryMiB)] : [match]));
            }
        }

        if (entry.Gke.Count > 0)
        {
            // Pods ask for nvidia.com/gpu on a partitioned accelerator too, and would get a slice of it.
            terms.Add(new([In("cloud.google.com/gke-accelerator", entry.Gke), new("cloud.google.com/gke-gpu-partition-size", LabelOperator.DoesNotExist, [])]));
        }

        if (entry.InstanceTypes.Count > 0)
        {
            terms.Add(new([In("node.kubernetes.io/instance-type", entry.InstanceTypes)]));
        }

        terms.AddRange(entry.Labels.Select(label => new NodeTerm([In(label.Key, label.Values)])));
        return terms;
    }

    private static IEnumerable<string> ProductNames(string product) =>
        [$"NVIDIA-{product}", product, $"NVIDIA-{product}-SHARED", $"{product}-SHARED"];

    private static LabelMatch In(string key, IReadOnlyList<string> values) => new(key, LabelOperator.In, values);

    private static LabelMatch[] About(string key, int memoryMiB) =>
    [
        new(key, LabelOperator.Gt, [Whole(memoryMiB * (1 - Tolerance))]),
        new(key, LabelOperator.Lt, [Whole(memoryMiB * (1 + Tolerance))]),
    ];

    private static string Whole(double value) => ((long)value).ToString(CultureInfo.InvariantCulture);
}
