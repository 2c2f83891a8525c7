using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Endpoints;

/// <summary>The objects that serve an endpoint.</summary>
internal static class EndpointObjects
{
    /// <summary>Port of the Service; the URL of an endpoint needs none.</summary>
    public const int ServicePort = 80;

    public static Deployment Deployment(EndpointSettings settings) => new()
    {
        Metadata = WithSidecarImage(settings, Metadata(settings)),
        Spec = new()
        {
            Replicas = settings.Pods,
            Selector = new() { MatchLabels = ObjectNames.Selector(settings.Endpoint) },
            Strategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = MaxSurge(settings), MaxUnavailable = MaxUnavailable(settings) } },
            ProgressDeadlineSeconds = settings.Spec.Rollout?.ProgressDeadlineSeconds ?? (settings.Engine.StartupTimeoutSeconds * 3 / 2),
            RevisionHistoryLimit = settings.Spec.Rollout?.RevisionHistoryLimit ?? 10,
            Template = PodTemplate.Of(settings),
        },
    };

    /// <summary>
    /// Groups of pods that share a copy of the model, one pod a node. The leader answers; a group whose member restarts is made anew as a whole, because its processes cannot find each other again.
    /// </summary>
    public static LeaderWorkerSet LeaderWorkerSet(EndpointSettings settings) => new()
    {
        Metadata = WithSidecarImage(settings, Metadata(settings)) with { Name = ObjectNames.Group(settings.Endpoint.Metadata.Name!) },
        Spec = new()
        {
            Replicas = settings.Pods,
            StartupPolicy = "LeaderCreated",
            RolloutStrategy = new() { Type = "RollingUpdate", RollingUpdateConfiguration = new() { MaxSurge = MaxSurge(settings), MaxUnavailable = MaxUnavailable(settings) } },
            LeaderWorkerTemplate = new()
            {
                Size = settings.Nodes,
                RestartPolicy = "RecreateGroupOnPodRestart",
                LeaderTemplate = PodTemplate.Of(settings),
                WorkerTemplate = PodTemplate.OfWorkers(settings),
            },
        },
    };

    private static ObjectMeta WithSidecarImage(EndpointSettings settings, ObjectMeta metadata) => !PromptTraceSidecar.IsWanted(settings) ? metadata
        : metadata with { Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal) { [ApiGroup.SidecarImageAnnotation] = settings.DataPath.PromptTraceImage } };

    public static Service Service(EndpointSettings settings) => new()
    {
        Metadata = Metadata(settings),
        Spec = new()
        {
            Type = "ClusterIP",
            Selector = ObjectNames.Selector(settings.Endpoint),
            Ports = [new() { Name = EngineContainer.PortName, Port = ServicePort, TargetPort = EngineContainer.PortName, Protocol = "TCP", AppProtocol = "http" }],
        },
    };

    /// <summary>One pod at a time may be evicted; one that does not answer always, or a node with it could never be drained.</summary>
    public static PodDisruptionBudget DisruptionBudget(EndpointSettings settings) => new()
    {
        Metadata = Metadata(settings),
        Spec = new() { Selector = new() { MatchLabels = ObjectNames.AllPods(settings.Endpoint) }, MaxUnavailable = 1, UnhealthyPodEvictionPolicy = "AlwaysAllow" },
    };

    public static NetworkPolicy NetworkPolicy(EndpointSettings settings) => new() { Metadata = Metadata(settings), Spec = NetworkRules.Of(settings) };

    /// <summary>Revision of a Deployment's pods.</summary>
    public static string? Revision(Deployment? deployment) => Revision(deployment?.Spec?.Template);

    /// <summary>Revision of the pods of a group.</summary>
    public static string? Revision(LeaderWorkerSet? groups) => Revision(groups?.Spec?.LeaderWorkerTemplate?.WorkerTemplate);

    /// <summary>Revision of pods made from a template.</summary>
    public static string? Revision(PodTemplateSpec? template) =>
        template?.Metadata?.Labels is { } labels && labels.TryGetValue(ApiGroup.RevisionLabel, out var revision) ? revision : null;

    public static ObjectMeta Metadata(EndpointSettings settings)
    {
        var labels = ObjectNames.Labels(settings.Endpoint);
        labels[ApiGroup.ModelLabel] = settings.Model.Metadata.Name!;
        return new()
        {
            Name = ObjectNames.Child(settings.Endpoint.Metadata.Name!),
            Namespace = settings.Endpoint.Metadata.Namespace,
            Labels = labels,
            OwnerReferences =
            [
                new()
                {
                    ApiVersion = LlmEndpoint.Resource.ApiVersion,
                    Kind = LlmEndpoint.Resource.Kind,
                    Name = settings.Endpoint.Metadata.Name!,
                    Uid = settings.Endpoint.Metadata.Uid ?? "",
                    Controller = true,
                    BlockOwnerDeletion = true,
                },
            ],
        };
    }

    /// <summary>
    /// One pod more, none fewer: the old pod answers until the new one is ready, at the price of a spare accelerator while rolling. Where there is none the new pod stays unscheduled,
    /// the old one goes on serving and the condition says what to set; the other way round an answer would be lost to every change.
    /// </summary>
    private static IntOrString MaxSurge(EndpointSettings settings) => settings.Spec.Rollout?.MaxSurge ?? 1;

    private static IntOrString MaxUnavailable(EndpointSettings settings) =>
        settings.Spec.Rollout?.MaxUnavailable ?? (SpecCheck.IsZero(settings.Spec.Rollout?.MaxSurge) ? 1 : 0);
}
