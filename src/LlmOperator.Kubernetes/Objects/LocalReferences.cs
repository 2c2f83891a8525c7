namespace LlmOperator.Kubernetes.Objects;

/// <summary>The name of an object in the same namespace.</summary>
public sealed record LocalObjectReference
{
    /// <summary>Name.</summary>
    public string? Name { get; init; }
}

/// <summary>A reference to any object, as events use it.</summary>
public sealed record ObjectReference
{
    /// <summary>API version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>Uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Version referred to.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Part of the object, for example a container.</summary>
    public string? FieldPath { get; init; }
}
