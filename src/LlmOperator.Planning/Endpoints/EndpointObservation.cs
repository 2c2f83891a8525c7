using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;

namespace LlmOperator.Planning.Endpoints;

/// <summary>What is seen of an endpoint and its surroundings.</summary>
public sealed record EndpointObservation
{
    /// <summary>The endpoint.</summary>
    public required LlmEndpoint Endpoint { get; init; }

    /// <summary>The model it names; null when there is none.</summary>
    public LlmModel? Model { get; init; }

    /// <summary>The Deployment of its name, whoever owns it; null when there is none.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>The Service of its name, whoever owns it; null when there is none.</summary>
    public Service? Service { get; init; }

    /// <summary>Pods with its label.</summary>
    public IReadOnlyList<Pod> Pods { get; init; } = [];

    /// <summary>Nodes of the cluster.</summary>
    public IReadOnlyList<Node> Nodes { get; init; } = [];

    /// <summary>Accelerator classes there are.</summary>
    public required AcceleratorCatalogue Catalogue { get; init; }

    /// <summary>What is done about a model nobody gave a licence.</summary>
    public LicensePolicy LicensePolicy { get; init; }

    /// <summary>Why the API server refused the objects last asked for, in its own words; null when it did not.</summary>
    public string? Refusal { get; init; }

    /// <summary>Present time.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>What follows for an endpoint.</summary>
public sealed record EndpointPlan
{
    /// <summary>The Deployment to have. Null leaves what there is as it is: a spec that cannot be followed takes nothing down.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>The Service to have. Null leaves what there is as it is.</summary>
    public Service? Service { get; init; }

    /// <summary>The status to have.</summary>
    public required LlmEndpointStatus Status { get; init; }

    /// <summary>Changes worth an Event.</summary>
    public IReadOnlyList<ConditionTransition> Transitions { get; init; } = [];
}
