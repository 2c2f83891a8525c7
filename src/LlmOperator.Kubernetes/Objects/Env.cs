using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>An environment variable.</summary>
public sealed record EnvVar
{
    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Value.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Value { get; set; }

    /// <summary>Where the value comes from instead.</summary>
    public EnvVarSource? ValueFrom { get; set; }
}

/// <summary>Source of a variable's value; one of them.</summary>
public sealed record EnvVarSource
{
    /// <summary>Key of a ConfigMap.</summary>
    public ConfigMapKeySelector? ConfigMapKeyRef { get; set; }

    /// <summary>Key of a Secret.</summary>
    public SecretKeySelector? SecretKeyRef { get; set; }

    /// <summary>Field of the pod.</summary>
    public ObjectFieldSelector? FieldRef { get; set; }

    /// <summary>Resource of a container.</summary>
    public ResourceFieldSelector? ResourceFieldRef { get; set; }
}

/// <summary>A key of a ConfigMap.</summary>
public sealed record ConfigMapKeySelector
{
    /// <summary>ConfigMap.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Key.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get; set; } = "";

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>A key of a Secret.</summary>
public sealed record SecretKeySelector
{
    /// <summary>Secret.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Key.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get; set; } = "";

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>A field of the pod.</summary>
public sealed record ObjectFieldSelector
{
    /// <summary>Path, for example <c>metadata.name</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string FieldPath { get; set; } = "";

    /// <summary>Version the path is written in.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ApiVersion { get; set; }
}

/// <summary>A resource of a container.</summary>
public sealed record ResourceFieldSelector
{
    /// <summary>For example <c>limits.memory</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Resource { get; set; } = "";

    /// <summary>Container.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ContainerName { get; set; }

    /// <summary>Unit of the value.</summary>
    public Quantity? Divisor { get; set; }
}

/// <summary>An object whose keys all become variables; one of them.</summary>
public sealed record EnvFromSource
{
    /// <summary>Put before each name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Prefix { get; set; }

    /// <summary>ConfigMap.</summary>
    public ConfigMapEnvSource? ConfigMapRef { get; set; }

    /// <summary>Secret.</summary>
    public SecretEnvSource? SecretRef { get; set; }
}

/// <summary>A ConfigMap as environment.</summary>
public sealed record ConfigMapEnvSource
{
    /// <summary>ConfigMap.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>A Secret as environment.</summary>
public sealed record SecretEnvSource
{
    /// <summary>Secret.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}
