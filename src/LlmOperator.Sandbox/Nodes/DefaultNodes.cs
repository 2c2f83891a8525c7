using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>
/// The nodes of a sandbox when none are given: an EKS cluster with node groups of CPU, A10G and A100 machines, labelled as EKS,
/// Karpenter and NVIDIA's GPU feature discovery do. Nodes with GPUs carry the taint under which the GPU operator's guides run them.
/// </summary>
internal static class DefaultNodes
{
    /// <summary>Taint of nodes with GPUs: only pods that say so may run there.</summary>
    public const string GpuTaint = "nvidia.com/gpu";

    private const string Region = "eu-west-1";

    // g5: 22,888 MiB is what EC2 reports for an A10G, 23,028 MiB what its driver does.
    private static readonly Gpu A10G = new("NVIDIA-A10G", "a10g", "ampere", 8, 6, 23028, 22888);
    private static readonly Gpu A100 = new("NVIDIA-A100-SXM4-80GB", "a100", "ampere", 8, 0, 81920, 81920);

    private static readonly Machine[] Machines =
    [
        new("cpu-0", "m7i.2xlarge", 8, 32, 58, "a", null, 0),
        new("cpu-1", "m7i.2xlarge", 8, 32, 58, "b", null, 0),
        new("gpu-a10g-0", "g5.2xlarge", 8, 32, 58, "a", A10G, 1),
        new("gpu-a10g-1", "g5.2xlarge", 8, 32, 58, "b", A10G, 1),
        new("gpu-a10g-x4", "g5.12xlarge", 48, 192, 737, "a", A10G, 4),
        new("gpu-a100-x8", "p4de.24xlarge", 96, 1152, 737, "b", A100, 8),
    ];

    /// <summary>New Node objects.</summary>
    public static IReadOnlyList<JsonObject> All => [.. Machines.Select((machine, number) => Node(machine, number))];

    private static JsonObject Node(Machine machine, int number)
    {
        var labels = new JsonObject
        {
            ["beta.kubernetes.io/arch"] = "amd64",
            ["beta.kubernetes.io/os"] = "linux",
            ["eks.amazonaws.com/capacityType"] = "ON_DEMAND",
            ["eks.amazonaws.com/nodegroup"] = machine.Gpu is { } gpu ? $"gpu-{gpu.KarpenterName}" : "cpu",
            ["karpenter.sh/capacity-type"] = "on-demand",
            ["kubernetes.io/arch"] = "amd64",
            ["kubernetes.io/hostname"] = machine.Name,
            ["kubernetes.io/os"] = "linux",
            ["node.kubernetes.io/instance-type"] = machine.InstanceType,
            ["topology.kubernetes.io/region"] = Region,
            ["topology.kubernetes.io/zone"] = Region + machine.Zone,
        };
        var resources = new JsonObject
        {
            ["cpu"] = Text(machine.Processors),
            ["ephemeral-storage"] = "209702892Ki",
            ["hugepages-1Gi"] = "0",
            ["hugepages-2Mi"] = "0",
            ["memory"] = $"{machine.MemoryGiB}Gi",
            ["pods"] = Text(machine.Pods),
        };
        var spec = new JsonObject { ["providerID"] = $"aws:///{Region}{machine.Zone}/i-{number + 1:x17}" };
        if (machine.Gpu is { } device)
        {
            Describe(labels, device, machine);
            resources["nvidia.com/gpu"] = Text(machine.GpuCount);
            spec["taints"] = new JsonArray(new JsonObject { ["key"] = GpuTaint, ["value"] = "present", ["effect"] = "NoSchedule" });
        }

        // What the system and the kubelet keep for themselves on machines of this size.
        var allocatable = (JsonObject)resources.DeepClone();
        allocatable["cpu"] = $"{(machine.Processors * 1000) - 90}m";
        allocatable["memory"] = $"{(machine.MemoryGiB * 1024) - 1024}Mi";
        allocatable["ephemeral-storage"] = "188000Mi";
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = machine.Name, ["labels"] = labels },
            ["spec"] = spec,
            ["status"] = new JsonObject { ["capacity"] = resources, ["allocatable"] = allocatable },
        };
    }

    private static void Describe(JsonObject labels, Gpu gpu, Machine machine)
    {
        labels["nvidia.com/gpu.present"] = "true";
        labels["nvidia.com/gpu.product"] = gpu.Product;
        labels["nvidia.com/gpu.family"] = gpu.Family;
        labels["nvidia.com/gpu.count"] = Text(machine.GpuCount);
        labels["nvidia.com/gpu.memory"] = Text(gpu.DriverMiB);
        labels["nvidia.com/gpu.machine"] = machine.InstanceType;
        labels["nvidia.com/gpu.replicas"] = "1";
        labels["nvidia.com/gpu.sharing-strategy"] = "none";
        labels["nvidia.com/gpu.compute.major"] = Text(gpu.ComputeMajor);
        labels["nvidia.com/gpu.compute.minor"] = Text(gpu.ComputeMinor);
        labels["nvidia.com/mig.capable"] = gpu == A100 ? "true" : "false";
        labels["nvidia.com/mig.strategy"] = "single";
        labels["nvidia.com/cuda.driver-version.full"] = "570.172.08";
        labels["nvidia.com/cuda.driver-version.major"] = "570";
        labels["nvidia.com/cuda.runtime-version.full"] = "12.8";
        labels["karpenter.k8s.aws/instance-gpu-name"] = gpu.KarpenterName;
        labels["karpenter.k8s.aws/instance-gpu-manufacturer"] = "nvidia";
        labels["karpenter.k8s.aws/instance-gpu-count"] = Text(machine.GpuCount);
        labels["karpenter.k8s.aws/instance-gpu-memory"] = Text(gpu.Ec2MiB);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Gpu(string Product, string KarpenterName, string Family, int ComputeMajor, int ComputeMinor, int DriverMiB, int Ec2MiB);

    private sealed record Machine(string Name, string InstanceType, int Processors, int MemoryGiB, int Pods, string Zone, Gpu? Gpu, int GpuCount);
}
