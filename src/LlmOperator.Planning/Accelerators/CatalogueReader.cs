using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LlmOperator.Planning.Accelerators;

/// <summary>Reads <c>accelerators.yaml</c>, noting everything that is wrong with it rather than the first thing.</summary>
internal sealed class CatalogueReader(string source)
{
    private static readonly string[] Fields = ["class", "memoryMiB", "resource", "products", "ec2", "gke", "instanceTypes", "labels", "anyOf"];

    private readonly List<string> _problems = [];

    public AcceleratorCatalogue Read(string yaml)
    {
        var entries = Entries(yaml).Select(Entry).OfType<CatalogueEntry>().ToList();
        foreach (var twice in entries.GroupBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            Problem(twice.Last().Place, $"class \"{twice.Key}\" is there twice; remove one");
        }

        var classes = new List<AcceleratorClass>();
        if (_problems.Count == 0)
        {
            foreach (var entry in entries)
            {
                if (entry.AnyOf.Count == 0)
                {
                    classes.Add(new(entry.Name, entry.MemoryMiB, entry.Resource, NodeTerms.Of(entry, entries), []));
                }
                else if (Group(entry, entries) is { } group)
                {
                    classes.Add(group);
                }
            }
        }

        return _problems.Count == 0 ? new(classes) : throw new CatalogueException(_problems);
    }

    private AcceleratorClass? Group(CatalogueEntry group, List<CatalogueEntry> entries)
    {
        var members = new List<CatalogueEntry>();
        foreach (var name in group.AnyOf)
        {
            if (entries.Find(entry => entry.AnyOf.Count == 0 && entry.Name == name) is { } member)
            {
                members.Add(member);
            }
            else
            {
                Problem(group.Place, $"anyOf names \"{name}\", which is not a class of this file with a memoryMiB of its own");
            }
        }

        if (members.Select(member => member.Resource).Distinct().Count() > 1)
        {
            Problem(group.Place, "the classes of anyOf have different resources; a pod can ask for one only");
        }

        return _problems.Count > 0
            ? null
            : new(group.Name, members.Min(member => member.MemoryMiB), members[0].Resource, [.. members.SelectMany(member => NodeTerms.Of(member, entries))], [.. group.AnyOf]);
    }

    private IEnumerable<YamlNode> Entries(string yaml)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException error)
        {
            Problem(error.Start, error.Message);
            return [];
        }

        if (stream.Documents is [{ RootNode: YamlMappingNode root }] && root.Children.TryGetValue("accelerators", out var list) && list is YamlSequenceNode { Children.Count: > 0 } sequence)
        {
            return sequence.Children;
        }

        _problems.Add($"{source}: expected one document with a non-empty list \"accelerators\"");
        return [];
    }

    private CatalogueEntry? Entry(YamlNode node)
    {
        if (node is not YamlMappingNode map)
        {
            Problem(node.Start, "expected an accelerator: fields such as class and memoryMiB");
            return null;
        }

        foreach (var key in map.Children.Keys.Select(key => key.ToString()).Where(key => !Fields.Contains(key)))
        {
            Problem(map.Start, $"unknown field \"{key}\"; the fields are {string.Join(", ", Fields)}");
        }

        var before = _problems.Count;
        var anyOf = Texts(map, "anyOf");
        var entry = new CatalogueEntry
        {
            Place = map.Start,
            Name = Text(map, "class") ?? "",
            MemoryMiB = anyOf.Count > 0 ? 0 : Number(map, "memoryMiB"),
            Resource = Text(map, "resource") ?? "nvidia.com/gpu",
            Products = Texts(map, "products"),
            Ec2 = Text(map, "ec2"),
            Gke = Texts(map, "gke"),
            InstanceTypes = Texts(map, "instanceTypes"),
            Labels = Labels(map),
            AnyOf = anyOf,
        };
        if (entry.Name.Length == 0)
        {
            Problem(map.Start, "field \"class\" is missing: the name users write in spec.accelerator.type");
        }
        else if (entry.Name.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            Problem(map.Start, "class \"auto\" is taken: it asks the operator to choose");
        }

        if (anyOf.Count > 0 && map.Children.Count > 2)
        {
            Problem(map.Start, $"class \"{entry.Name}\" has anyOf, so it takes no other field");
        }
        else if (anyOf.Count == 0 && entry.Products.Count == 0 && entry.Ec2 is null && entry.Gke.Count == 0 && entry.InstanceTypes.Count == 0 && entry.Labels.Count == 0)
        {
            Problem(map.Start, $"class \"{entry.Name}\" says no way to tell its nodes; set products, ec2, gke, instanceTypes or labels");
        }

        return _problems.Count == before ? entry : null;
    }

    private int Number(YamlMappingNode map, string field)
    {
        if (int.TryParse(Text(map, field), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return number;
        }

        Problem(map.Start, $"field \"{field}\" must be a whole number above 0");
        return 0;
    }

    private string? Text(YamlMappingNode map, string field)
    {
        if (!map.Children.TryGetValue(field, out var node))
        {
            return null;
        }

        if (node is YamlScalarNode { Value.Length: > 0 } scalar)
        {
            return scalar.Value;
        }

        Problem(node.Start, $"field \"{field}\" must be a text that is not empty");
        return null;
    }

    private IReadOnlyList<string> Texts(YamlMappingNode map, string field) =>
        map.Children.TryGetValue(field, out var node) ? Texts(node, field) : [];

    private IReadOnlyList<string> Texts(YamlNode node, string field)
    {
        if (node is YamlSequenceNode { Children.Count: > 0 } list && list.Children.All(element => element is YamlScalarNode { Value.Length: > 0 }))
        {
            return [.. list.Children.Select(element => ((YamlScalarNode)element).Value!)];
        }

        Problem(node.Start, $"field \"{field}\" must be a list of texts that is not empty");
        return [];
    }

    private IReadOnlyList<(string Key, IReadOnlyList<string> Values)> Labels(YamlMappingNode map)
    {
        if (!map.Children.TryGetValue("labels", out var node))
        {
            return [];
        }

        if (node is YamlMappingNode { Children.Count: > 0 } labels)
        {
            return [.. labels.Children.Select(label => (label.Key.ToString(), Texts(label.Value, $"labels.{label.Key}")))];
        }

        Problem(node.Start, "field \"labels\" must map labels to lists of values");
        return [];
    }

    private void Problem(Mark place, string problem) => _problems.Add($"{source}:{place.Line}: {problem}");
}

/// <summary>An entry of the file, as written.</summary>
internal sealed record CatalogueEntry
{
    public required Mark Place { get; init; }

    public required string Name { get; init; }

    public required int MemoryMiB { get; init; }

    public required string Resource { get; init; }

    public required IReadOnlyList<string> Products { get; init; }

    public required string? Ec2 { get; init; }

    public required IReadOnlyList<string> Gke { get; init; }

    public required IReadOnlyList<string> InstanceTypes { get; init; }

    public required IReadOnlyList<(string Key, IReadOnlyList<string> Values)> Labels { get; init; }

    public required IReadOnlyList<string> AnyOf { get; init; }
}
