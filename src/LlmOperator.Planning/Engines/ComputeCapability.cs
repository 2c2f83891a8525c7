using LlmOperator.Planning.Accelerators;

namespace LlmOperator.Planning.Engines;

/// <summary>
/// What a class of NVIDIA accelerators can compute, as NVIDIA numbers it (developer.nvidia.com/cuda-gpus). Classes outside this list are taken to do everything.
/// </summary>
internal static class ComputeCapability
{
    public static readonly Version FirstWithBfloat16 = new(8, 0);

    private static readonly (string Class, Version Capability)[] Known =
    [
        ("V100", new(7, 0)), ("T4", new(7, 5)),
        ("A100", new(8, 0)), ("A30", new(8, 0)),
        ("A10", new(8, 6)), ("A10G", new(8, 6)), ("A40", new(8, 6)),
        ("L4", new(8, 9)), ("L40", new(8, 9)), ("L40S", new(8, 9)),
        ("H100", new(9, 0)), ("H200", new(9, 0)), ("GH200", new(9, 0)),
        ("B200", new(10, 0)), ("GB200", new(10, 0)),
        ("RTX-PRO-6000", new(12, 0)),
    ];

    /// <summary>The capability of a class; null when it is not known. Classes of one accelerator with several sizes of memory are named CLASS-SIZE.</summary>
    public static Version? Of(AcceleratorClass accelerator) => Array.Find(Known, known => Is(accelerator.Name, known.Class)).Capability;

    private static bool Is(string name, string known) =>
        name.StartsWith(known, StringComparison.OrdinalIgnoreCase) && (name.Length == known.Length || name[known.Length] == '-');
}
