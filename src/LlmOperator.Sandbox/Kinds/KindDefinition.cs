using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Cel;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Kinds;

/// <summary>Group and plural: what names a collection, whatever the version.</summary>
internal readonly record struct ResourceName(string Group, string Plural)
{
    /// <summary><c>plural.group</c>, as the API server writes it; the plural alone for the core group.</summary>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

/// <summary>JSON paths of the scale subresource, without JSONPath syntax: <c>["spec", "replicas"]</c>.</summary>
internal sealed record ScalePaths(string[] SpecReplicas, string[] StatusReplicas, string[]? Selector);

/// <summary>A column of <c>kubectl get</c>.</summary>
/// <param name="Name">Heading.</param>
/// <param name="Type">string, integer, date …</param>
/// <param name="Format">"name" for the name column, else empty.</param>
/// <param name="Description">Text kubectl never shows but clients may.</param>
/// <param name="Priority">0 is shown always, others with <c>-o wide</c>.</param>
/// <param name="Value">Cell of an object at a point in time; null prints <c>&lt;none&gt;</c> or nothing.</param>
internal sealed record Column(string Name, string Type, string Format, string Description, int Priority, Func<JsonObject, DateTimeOffset, JsonNode?> Value);

/// <summary>
/// Everything the API server knows of one version of one kind. Built-in kinds are read from the <c>.kinds</c> files,
/// custom ones from a CustomResourceDefinition; from here on both are served by the same code.
/// </summary>
internal sealed class KindDefinition
{
    /// <summary>API group, empty for core.</summary>
    public required string Group { get; init; }

    /// <summary>Version.</summary>
    public required string Version { get; init; }

    /// <summary>Kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Kind of the list.</summary>
    public string ListKind { get => field ?? Kind + "List"; init; }

    /// <summary>Plural in paths.</summary>
    public required string Plural { get; init; }

    /// <summary>Singular for kubectl.</summary>
    public string Singular { get => field ?? Kind.ToLowerInvariant(); init; }

    /// <summary>Whether objects live in namespaces.</summary>
    public required bool Namespaced { get; init; }

    /// <summary>Short names for kubectl.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Categories for kubectl (<c>all</c>).</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Shape of the whole object, apiVersion, kind and metadata included.</summary>
    public required Schema Schema { get; init; }

    /// <summary>Whether <c>/status</c> is a subresource, and status is therefore ignored on the main path.</summary>
    public bool StatusSubresource { get; init; }

    /// <summary>Scale subresource, if any.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>Whether <c>metadata.generation</c> is kept for this kind.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Other subresources by name (<c>log</c>, <c>eviction</c>, <c>binding</c>, <c>finalize</c>, <c>approval</c>).</summary>
    public IReadOnlyList<string> Subresources { get; init; } = [];

    /// <summary>Verbs of the main path; review kinds (SelfSubjectAccessReview) have only create.</summary>
    public IReadOnlyList<string> Verbs { get; init; } = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>Columns for table answers.</summary>
    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>What the kind does beyond its schema.</summary>
    public KindBehavior Behavior { get; init; } = KindBehavior.None;

    /// <summary>Whether the kind comes from a CustomResourceDefinition: pruned and validated by its schema with that kind's error texts.</summary>
    public bool Custom { get; init; }

    /// <summary>Rules of a custom kind's schema, compiled when first needed; null when there are none.</summary>
    public Lazy<CelRules?>? Rules { get; init; }

    /// <summary>Collection that really holds the objects, when two groups show the same ones (Events); null for this one's own.</summary>
    public ResourceName? StoredAs { get; init; }

    /// <summary>Whether objects of the collection are written in this version.</summary>
    public bool StorageVersion { get; init; } = true;

    /// <summary>Turns a stored object, which it may change, into this version's shape; null when what is stored is what is shown.</summary>
    public Func<JsonObject, JsonObject>? FromStorage { get; init; }

    /// <summary>Turns this version's shape into the stored one; null when they are the same.</summary>
    public Func<JsonObject, JsonObject>? ToStorage { get; init; }

    /// <summary>Collection name.</summary>
    public ResourceName Name => new(Group, Plural);

    /// <summary><c>group/version</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}
