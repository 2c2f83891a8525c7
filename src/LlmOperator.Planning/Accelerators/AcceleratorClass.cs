namespace LlmOperator.Planning.Accelerators;

/// <summary>A class of accelerators as users name it, and how nodes say that they have it.</summary>
/// <param name="Name">Name in <c>spec.accelerator.type</c>.</param>
/// <param name="MemoryMiB">Memory of one accelerator in MiB as its driver reports it; the least of the members of a group.</param>
/// <param name="Resource">Extended resource pods ask for.</param>
/// <param name="Terms">Ways in which nodes say that they have it; one that passes is enough.</param>
/// <param name="Members">Classes a group stands for; empty for a class of its own.</param>
public sealed record AcceleratorClass(string Name, int MemoryMiB, string Resource, IReadOnlyList<NodeTerm> Terms, IReadOnlyList<string> Members)
{
    // Marlin kernels, through which vLLM, TGI and SGLang run 8-bit floating point weights where the hardware has no such type, start with Ampere.
    private static readonly Version Ampere = new(8, 0);
    private static readonly Version Ada = new(8, 9);

    /// <summary>Price of one accelerator an hour, in the catalogue's currency; null where none is given.</summary>
    public decimal? PricePerHour { get; init; }

    /// <summary>Whether something adds nodes with it when pods ask for them.</summary>
    public bool Provisionable { get; init; }

    /// <summary>Accelerators of the largest node there can be.</summary>
    public int LargestCount { get; init; } = 8;

    /// <summary>CUDA compute capability; null for other makes, which are taken to have every type.</summary>
    public Version? ComputeCapability { get; init; }

    /// <summary>Whether it computes in bfloat16. Where it does not, engines must be told to use float16.</summary>
    public bool Bf16 => ComputeCapability is not { } capability || capability >= Ampere;

    /// <summary>Whether it has 8-bit floating point of its own, which a key-value cache of that type needs.</summary>
    public bool Fp8 => ComputeCapability is not { } capability || capability >= Ada;

    /// <summary>Whether weights in 8-bit floating point can be loaded.</summary>
    public bool Fp8Weights => Bf16;

    /// <summary>Whether a node with these labels has accelerators of the class.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) => Terms.Any(term => term.Accepts(labels));
}
