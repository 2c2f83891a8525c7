using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using Version = System.Version;

namespace LlmOperator.Planning.Accelerators;

/// <summary>Reads <c>accelerators.yaml</c>, noting everything that is wrong with it rather than the first thing.</summary>
internal sealed class CatalogueReader(string source)
{
    private static readonly string[] Fields = ["class", "memoryMiB", "resource", "products", "ec2", "gke", "gkePartition", "mig", "instanceTypes", "labels", "pricePerHour", "provisionable", "largestCount", "computeCapability", "anyOf"];

    // The schema's bound on accelerator.count.
    private const int MostAccelerators = 64;

    private readonly List<string> _problems = [];
    private string _currency = "USD";

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
                    classes.Add(new(entry.Name, entry.MemoryMiB, entry.Resource, NodeTerms.Of(entry, entries), [])
                    {
                        PricePerHour = entry.PricePerHour,
                        Provisionable = entry.Provisionable,
                        LargestCount = entry.LargestCount,
                        ComputeCapability = entry.ComputeCapability,
                    });
                }
                else if (Group(entry, entries) is { } group)
                {
                    classes.Add(group);
                }
            }
        }

        return _problems.Count == 0 ? new(classes, _currency) : throw new CatalogueException(_problems);
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
            : new(group.Name, members.Min(member => member.MemoryMiB), members[0].Resource, [.. members.SelectMany(member => NodeTerms.Of(member, entries))], [.. group.AnyOf])
            {
                Provisionable = members.Exists(member => member.Provisionable),
                LargestCount = members.Max(member => member.LargestCount),
                ComputeCapability = members.Min(member => member.ComputeCapability),
            };
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
            foreach (var key in root.Children.Keys.Select(key => key.ToString()).Where(key => key is not ("accelerators" or "currency")))
            {
                Problem(root.Start, $"unknown field \"{key}\"; the fields of the file are accelerators and currency");
            }

            _currency = Text(root, "currency") ?? _currency;
            if (_currency.Length != 3 || !_currency.All(char.IsAsciiLetterUpper))
            {
                Problem(root.Start, $"currency \"{_currency}\" must be three capital letters, such as USD");
            }

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
            Resource = Text(map, "resource") ?? (Text(map, "mig") is { } profile ? $"nvidia.com/mig-{profile}" : "nvidia.com/gpu"),
            Products = Texts(map, "products"),
            Ec2 = Text(map, "ec2"),
            Gke = Texts(map, "gke"),
            GkePartition = Text(map, "gkePartition"),
            Mig = Text(map, "mig"),
            InstanceTypes = Texts(map, "instanceTypes"),
            PricePerHour = Price(map, "pricePerHour"),
            Provisionable = Flag(map, "provisionable"),
            LargestCount = map.Children.ContainsKey("largestCount") ? Number(map, "largestCount") : 8,
            ComputeCapability = Capability(map, "computeCapability"),
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
        else if (anyOf.Count == 0 && entry.Products.Count == 0 && entry.Ec2 is null && entry.Gke.Count == 0 && entry.Mig is null && entry.InstanceTypes.Count == 0 && entry.Labels.Count == 0)
        {
            Problem(map.Start, $"class \"{entry.Name}\" says no way to tell its nodes; set products, ec2, gke, mig, instanceTypes or labels");
        }

        if (entry.LargestCount > MostAccelerators)
        {
            Problem(map.Start, $"field \"largestCount\" must be at most {MostAccelerators}");
        }

        if (entry.GkePartition is not null && entry.Gke.Count == 0)
        {
            Problem(map.Start, "field \"gkePartition\" needs \"gke\", the accelerators that are partitioned");
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

    private decimal? Price(YamlMappingNode map, string field)
    {
        if (Text(map, field) is not { } text)
        {
            return null;
        }

        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price) && price <= 1_000_000m)
        {
            return price;
        }

        Problem(map.Start, $"field \"{field}\" must be a decimal number of at least 0 and at most a million, such as 1.006");
        return null;
    }

    private bool Flag(YamlMappingNode map, string field)
    {
        var text = Text(map, field);
        if (text is not (null or "true" or "false"))
        {
            Problem(map.Start, $"field \"{field}\" must be true or false");
        }

        return text == "true";
    }

    private Version? Capability(YamlMappingNode map, string field)
    {
        if (Text(map, field) is not { } text)
        {
            return null;
        }

        if (text.Count(letter => letter == '.') == 1 && Version.TryParse(text, out var capability))
        {
            return capability;
        }

        Problem(map.Start, $"field \"{field}\" must be major and minor version, such as 8.6");
        return null;
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

    /// <summary>Partition size of GKE's partitioned accelerators; null for whole ones.</summary>
    public required string? GkePartition { get; init; }

    /// <summary>Profile of a slice under the mixed MIG strategy.</summary>
    public required string? Mig { get; init; }

    public required IReadOnlyList<string> InstanceTypes { get; init; }

    public required decimal? PricePerHour { get; init; }

    public required bool Provisionable { get; init; }

    public required int LargestCount { get; init; }

    public required Version? ComputeCapability { get; init; }

    public required IReadOnlyList<(string Key, IReadOnlyList<string> Values)> Labels { get; init; }

    public required IReadOnlyList<string> AnyOf { get; init; }
}
