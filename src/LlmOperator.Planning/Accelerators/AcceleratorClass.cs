namespace LlmOperator.Planning.Accelerators;

/// <summary>A class of accelerators as users name it, and how nodes say that they have it.</summary>
/// <param name="Name">Name in <c>spec.accelerator.type</c>.</param>
/// <param name="MemoryMiB">Memory of one accelerator in MiB as its driver reports it; the least of the members of a group.</param>
/// <param name="Resource">Extended resource pods ask for.</param>
/// <param name="Terms">Ways in which nodes say that they have it; one that passes is enough.</param>
/// <param name="Members">Classes a group stands for; empty for a class of its own.</param>
public sealed record AcceleratorClass(string Name, int MemoryMiB, string Resource, IReadOnlyList<NodeTerm> Terms, IReadOnlyList<string> Members)
{
    /// <summary>Whether a node with these labels has accelerators of the class.</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) => Terms.Any(term => term.Accepts(labels));
}
