using System.Collections.Immutable;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Prompts;

namespace LlmOperator.Planning.Endpoints;

/// <summary>What is seen of an endpoint and its surroundings.</summary>
public sealed record EndpointObservation
{
    /// <summary>The endpoint.</summary>
    public required LlmEndpoint Endpoint { get; init; }

    /// <summary>The model it names; null when there is none.</summary>
    public LlmModel? Model { get; init; }

    /// <summary>The index it retrieves from; null when it names none or there is none of the name.</summary>
    public RagIndex? RagIndex { get; init; }

    /// <summary>The ConfigMap of its prompt template; null when it names none, or it has not been read.</summary>
    public TemplateSource? Template { get; init; }

    /// <summary>The Deployment of its name, whoever owns it; null when there is none.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>The Service of its name, whoever owns it; null when there is none.</summary>
    public Service? Service { get; init; }

    /// <summary>The LeaderWorkerSet of its name, whoever owns it; null when there is none.</summary>
    public LeaderWorkerSet? LeaderWorkerSet { get; init; }

    /// <summary>Whether the cluster has the kind LeaderWorkerSet, which is an addition to Kubernetes.</summary>
    public bool HasLeaderWorkerSets { get; init; }

    /// <summary>The PodDisruptionBudget of its name, whoever owns it; null when there is none.</summary>
    public PodDisruptionBudget? DisruptionBudget { get; init; }

    /// <summary>The NetworkPolicy of its name, whoever owns it; null when there is none.</summary>
    public NetworkPolicy? NetworkPolicy { get; init; }

    /// <summary>Pods with its label.</summary>
    public IReadOnlyList<Pod> Pods { get; init; } = [];

    /// <summary>Nodes of the cluster.</summary>
    public IReadOnlyList<Node> Nodes { get; init; } = [];

    /// <summary>Pods the operator made that are bound to a node, of whatever endpoint.</summary>
    public Func<string, IReadOnlyList<Pod>> PodsOn { get; init; } = static _ => [];

    /// <summary>Accelerator classes there are.</summary>
    public required AcceleratorCatalogue Catalogue { get; init; }

    /// <summary>What is done about a model nobody gave a licence.</summary>
    public LicensePolicy LicensePolicy { get; init; }

    /// <summary>What the logs of runs that ended tell, by <see cref="CrashedRun.Id"/>; a run that is not in it has not been read.</summary>
    public IReadOnlyDictionary<string, LogFinding> Logs { get; init; } = ImmutableDictionary<string, LogFinding>.Empty;

    /// <summary>Why the API server refused the objects last asked for, in its own words; null when it did not.</summary>
    public string? Refusal { get; init; }

    /// <summary>Where Hugging Face repositories lie that name no endpoint of their own, where that is not the hub itself: the operator and the pods ask the same place.</summary>
    public string? HubEndpoint { get; init; }

    /// <summary>What stands between clients and the engine.</summary>
    public DataPathOptions DataPath { get; init; } = new();

    /// <summary>Present time.</summary>
    public required DateTimeOffset Now { get; init; }
}

/// <summary>What follows for an endpoint.</summary>
public sealed record EndpointPlan
{
    /// <summary>
    /// Whether the objects here are all there should be. Where not, the spec or the model cannot be followed: what there is stays as it is, and nothing is taken down.
    /// </summary>
    public bool IsFollowed { get; init; }

    /// <summary>The Deployment to have; null where groups of pods serve.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>The LeaderWorkerSet to have; null where a Deployment serves.</summary>
    public LeaderWorkerSet? LeaderWorkerSet { get; init; }

    /// <summary>Whether the workload to have answers in full, so that what served before may go: a workload of the other kind, and what pods of earlier revisions were configured with.</summary>
    public bool ReplacesOther { get; init; }

    /// <summary>The Service to have.</summary>
    public Service? Service { get; init; }

    /// <summary>The PodDisruptionBudget to have.</summary>
    public PodDisruptionBudget? DisruptionBudget { get; init; }

    /// <summary>The NetworkPolicy to have; null where it is switched off.</summary>
    public NetworkPolicy? NetworkPolicy { get; init; }

    /// <summary>The configuration of the sidecar to have; null where there is none. An immutable object, to be made where it is missing.</summary>
    public ConfigMap? PromptTraceConfiguration { get; init; }

    /// <summary>When to look again without a change that the caches show.</summary>
    public TimeSpan? LookAgain { get; init; }

    /// <summary>The status to have.</summary>
    public required LlmEndpointStatus Status { get; init; }

    /// <summary>Changes worth an Event.</summary>
    public IReadOnlyList<ConditionTransition> Transitions { get; init; } = [];
}
