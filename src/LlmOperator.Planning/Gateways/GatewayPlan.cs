using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Gateways;

/// <summary>What is seen of the gateway of a namespace.</summary>
public sealed record GatewayObservation
{
    /// <summary>The namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Endpoints of the namespace that are not being deleted.</summary>
    public IReadOnlyList<LlmEndpoint> Endpoints { get; init; } = [];

    /// <summary>Indexes of the namespace.</summary>
    public IReadOnlyList<RagIndex> Indexes { get; init; } = [];

    /// <summary>Objects that have the names of the gateway's, whoever made them.</summary>
    public IReadOnlyList<IKubeObject> Existing { get; init; } = [];

    /// <summary>Whether there is to be one, and what it runs from.</summary>
    public DataPathOptions DataPath { get; init; } = new();
}

/// <summary>The objects that make a gateway, in the order in which they are made. All of them or none.</summary>
public sealed record GatewayPlan
{
    /// <summary>Whether the namespace is to have a gateway.</summary>
    public bool IsWanted { get; init; }

    /// <summary>Why it cannot be made: an object of its name is somebody else's, which is left alone; null when nothing is in the way.</summary>
    public string? Conflict { get; init; }

    /// <summary>Identity of the pods.</summary>
    public ServiceAccount? ServiceAccount { get; init; }

    /// <summary>What the pods may read.</summary>
    public Role? Role { get; init; }

    /// <summary>Gives the pods their role.</summary>
    public RoleBinding? RoleBinding { get; init; }

    /// <summary>Secrets of exporters, helpers and Qdrant servers the pods may read; null where none is named. It takes rights the operator has only where they were given to it.</summary>
    public Role? ExporterRole { get; init; }

    /// <summary>Gives the pods that role.</summary>
    public RoleBinding? ExporterRoleBinding { get; init; }

    /// <summary>The address.</summary>
    public Service? Service { get; init; }

    /// <summary>How many pods may be evicted at a time.</summary>
    public PodDisruptionBudget? DisruptionBudget { get; init; }

    /// <summary>The pods.</summary>
    public Deployment? Deployment { get; init; }
}
