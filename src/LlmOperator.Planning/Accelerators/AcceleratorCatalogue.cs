namespace LlmOperator.Planning.Accelerators;

/// <summary>The accelerator classes the operator knows.</summary>
public sealed class AcceleratorCatalogue
{
    private const string ResourceName = "accelerators.yaml";

    private static readonly Lazy<AcceleratorCatalogue> BuiltIn = new(() =>
    {
        using var reader = new StreamReader(typeof(AcceleratorCatalogue).Assembly.GetManifestResourceStream(ResourceName)!);
        return Parse(reader.ReadToEnd(), "config/" + ResourceName);
    });

    private readonly Dictionary<string, AcceleratorClass> _byName;

    internal AcceleratorCatalogue(IReadOnlyList<AcceleratorClass> classes, string currency)
    {
        Classes = classes;
        Currency = currency;
        _byName = classes.ToDictionary(known => known.Name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The catalogue the operator is built with.</summary>
    public static AcceleratorCatalogue Default => BuiltIn.Value;

    /// <summary>Classes in the order of the file.</summary>
    public IReadOnlyList<AcceleratorClass> Classes { get; }

    /// <summary>Currency of all prices.</summary>
    public string Currency { get; }

    /// <summary>Reads a catalogue.</summary>
    /// <param name="yaml">Its text.</param>
    /// <param name="source">Its name in error messages.</param>
    /// <exception cref="CatalogueException">Something in it is wrong; all that is, is listed.</exception>
    public static AcceleratorCatalogue Parse(string yaml, string source) => new CatalogueReader(source).Read(yaml);

    /// <summary>The class of a name, whatever the case of its letters; null when there is none.</summary>
    public AcceleratorClass? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The classes a name stands for: the members of a group, or the class itself.</summary>
    public IReadOnlyList<AcceleratorClass> MembersOf(AcceleratorClass known) =>
        known.Members.Count == 0 ? [known] : [.. known.Members.Select(Find).OfType<AcceleratorClass>()];

    /// <summary>A group narrowed to some of its members; the member itself when it is one.</summary>
    public static AcceleratorClass Narrow(AcceleratorClass group, IReadOnlyList<AcceleratorClass> members) =>
        members.Count == 1
            ? members[0]
            : group with { MemoryMiB = members.Min(member => member.MemoryMiB), Terms = [.. members.SelectMany(member => member.Terms)], Members = [.. members.Select(member => member.Name)] };

    /// <summary>The class a node with these labels has; null when none matches. A group is never the answer: its members are.</summary>
    public AcceleratorClass? Identify(IReadOnlyDictionary<string, string>? labels) =>
        Classes.FirstOrDefault(known => known.Members.Count == 0 && known.Matches(labels));
}

/// <summary>A catalogue that cannot be used.</summary>
/// <param name="problems">What is wrong, each with its place in the file.</param>
public sealed class CatalogueException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    /// <summary>What is wrong, each with its place in the file.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
