namespace LlmOperator.Kubernetes.Objects;

/// <summary>An environment variable.</summary>
public sealed record EnvVar
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Value.</summary>
    public string? Value { get; init; }

    /// <summary>Where the value comes from instead.</summary>
    public EnvVarSource? ValueFrom { get; init; }
}

/// <summary>Source of a variable's value; one of them.</summary>
public sealed record EnvVarSource
{
    /// <summary>Key of a ConfigMap.</summary>
    public ConfigMapKeySelector? ConfigMapKeyRef { get; init; }

    /// <summary>Key of a Secret.</summary>
    public SecretKeySelector? SecretKeyRef { get; init; }

    /// <summary>Field of the pod.</summary>
    public ObjectFieldSelector? FieldRef { get; init; }

    /// <summary>Resource of a container.</summary>
    public ResourceFieldSelector? ResourceFieldRef { get; init; }
}

/// <summary>A key of a ConfigMap.</summary>
public sealed record ConfigMapKeySelector
{
    /// <summary>ConfigMap.</summary>
    public string? Name { get; init; }

    /// <summary>Key.</summary>
    public required string Key { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A key of a Secret.</summary>
public sealed record SecretKeySelector
{
    /// <summary>Secret.</summary>
    public string? Name { get; init; }

    /// <summary>Key.</summary>
    public required string Key { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A field of the pod.</summary>
public sealed record ObjectFieldSelector
{
    /// <summary>Path, for example <c>metadata.name</c>.</summary>
    public required string FieldPath { get; init; }

    /// <summary>Version the path is written in.</summary>
    public string? ApiVersion { get; init; }
}

/// <summary>A resource of a container.</summary>
public sealed record ResourceFieldSelector
{
    /// <summary>For example <c>limits.memory</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>Container.</summary>
    public string? ContainerName { get; init; }

    /// <summary>Unit of the value.</summary>
    public Quantity? Divisor { get; init; }
}

/// <summary>An object whose keys all become variables; one of them.</summary>
public sealed record EnvFromSource
{
    /// <summary>Put before each name.</summary>
    public string? Prefix { get; init; }

    /// <summary>ConfigMap.</summary>
    public ConfigMapEnvSource? ConfigMapRef { get; init; }

    /// <summary>Secret.</summary>
    public SecretEnvSource? SecretRef { get; init; }
}

/// <summary>A ConfigMap as environment.</summary>
public sealed record ConfigMapEnvSource
{
    /// <summary>ConfigMap.</summary>
    public string? Name { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A Secret as environment.</summary>
public sealed record SecretEnvSource
{
    /// <summary>Secret.</summary>
    public string? Name { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}
