using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>The name of an object in the same namespace.</summary>
public sealed record LocalObjectReference
{
    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }
}

/// <summary>A reference to any object, as events use it.</summary>
public sealed record ObjectReference
{
    /// <summary>API version.</summary>
    public string? ApiVersion { get; set; }

    /// <summary>Kind.</summary>
    public string? Kind { get; set; }

    /// <summary>Namespace.</summary>
    public string? Namespace { get; set; }

    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Uid.</summary>
    public string? Uid { get; set; }

    /// <summary>Version referred to.</summary>
    public string? ResourceVersion { get; set; }

    /// <summary>Part of the object, for example a container.</summary>
    public string? FieldPath { get; set; }
}
