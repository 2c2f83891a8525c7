using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Http;

/// <summary>autoscaling/v1 Scale as the server writes it.</summary>
internal sealed record ScaleBody
{
    public ObjectMeta? Metadata { get; init; }

    public ScaleSpecBody? Spec { get; init; }

    public ScaleStatusBody? Status { get; init; }
}

/// <summary>Replicas asked for.</summary>
internal sealed record ScaleSpecBody
{
    public int? Replicas { get; init; }
}

/// <summary>Replicas there are.</summary>
internal sealed record ScaleStatusBody
{
    public int? Replicas { get; init; }

    public string? Selector { get; init; }
}

/// <summary>metav1.DeleteOptions.</summary>
internal sealed record DeleteOptionsBody
{
    public string ApiVersion { get; init; } = "v1";

    public string Kind { get; init; } = "DeleteOptions";

    public int? GracePeriodSeconds { get; init; }

    public string? PropagationPolicy { get; init; }

    public PreconditionsBody? Preconditions { get; init; }

    public IReadOnlyList<string>? DryRun { get; init; }
}

/// <summary>What must hold for a delete.</summary>
internal sealed record PreconditionsBody
{
    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}

/// <summary>metav1.APIResourceList: the kinds of a group and version.</summary>
internal sealed record ApiResourceList
{
    public IReadOnlyList<ApiResource>? Resources { get; init; }
}

/// <summary>A kind or a subresource of one.</summary>
internal sealed record ApiResource
{
    public string? Name { get; init; }

    public string? Kind { get; init; }

    public bool Namespaced { get; init; }
}

/// <summary>What a bookmark says: a version, and perhaps that the initial objects are complete.</summary>
internal sealed record BookmarkBody
{
    public ObjectMeta? Metadata { get; init; }
}
