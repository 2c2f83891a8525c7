namespace LlmOperator.Kubernetes.Informers;

/// <summary>Which objects of a kind an informer holds.</summary>
/// <param name="Namespace">Namespace, null for all.</param>
/// <param name="LabelSelector">Label selector in the API's text form.</param>
/// <param name="FieldSelector">Field selector in the API's text form.</param>
/// <param name="Optional">The cluster may not have the kind, or not let us see it: the cache is then empty and synced, and fills when the kind appears.</param>
/// <param name="OnDemand">Nothing is watched before somebody asks for it; the cache counts as synced and is empty until then.</param>
public sealed record InformerScope(string? Namespace = null, string? LabelSelector = null, string? FieldSelector = null, bool Optional = false, bool OnDemand = false);

/// <summary>Settings all informers of a set share.</summary>
public sealed record InformerOptions
{
    /// <summary>Namespace of namespaced kinds when a scope names none; null for all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>How often every cached object is repeated to the handlers, give or take a tenth; never when zero. It costs no request.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromHours(10);

    /// <summary>Objects in a page when streaming lists are refused.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Ask for streaming lists first.</summary>
    public bool StreamingLists { get; init; } = true;

    /// <summary>Seed of the jitter; each run differs when absent.</summary>
    public int? Seed { get; init; }
}
