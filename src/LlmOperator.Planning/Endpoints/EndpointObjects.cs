using System.Security.Cryptography;
using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Endpoints;

/// <summary>The objects that serve an endpoint.</summary>
internal static class EndpointObjects
{
    /// <summary>Port of the Service; the URL of an endpoint needs none.</summary>
    public const int ServicePort = 80;

    // A user that exists in no image: nothing in one may be written by it.
    private const long User = 65532;

    public static Deployment Deployment(EndpointSettings settings)
    {
        var template = PodTemplate(settings);
        return new()
        {
            Metadata = Metadata(settings),
            Spec = new()
            {
                Replicas = settings.Pods,
                Selector = new() { MatchLabels = ObjectNames.Selector(settings.Endpoint) },
                Strategy = Strategy(settings.Spec.Rollout),
                ProgressDeadlineSeconds = settings.Spec.Rollout?.ProgressDeadlineSeconds ?? (settings.Engine.StartupTimeoutSeconds * 3 / 2),
                RevisionHistoryLimit = settings.Spec.Rollout?.RevisionHistoryLimit ?? 10,
                Template = template,
            },
        };
    }

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

    /// <summary>Revision of a Deployment's pods.</summary>
    public static string? Revision(Deployment? deployment) =>
        deployment?.Spec?.Template?.Metadata?.Labels is { } labels && labels.TryGetValue(ApiGroup.RevisionLabel, out var revision) ? revision : null;

    private static ObjectMeta Metadata(EndpointSettings settings)
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

    private static PodTemplateSpec PodTemplate(EndpointSettings settings)
    {
        var labels = ObjectNames.Labels(settings.Endpoint);
        labels[ApiGroup.ModelLabel] = settings.Model.Metadata.Name!;
        var template = new PodTemplateSpec { Metadata = new() { Labels = labels }, Spec = PodSpec(settings) };

        // The revision is of everything else in the template, so that equal settings give the same one on every run.
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(template, KubeJson.Default.PodTemplateSpec));
        labels[ApiGroup.RevisionLabel] = Convert.ToHexStringLower(hash)[..10];
        return template;
    }

    private static PodSpec PodSpec(EndpointSettings settings)
    {
        var scheduling = settings.Spec.Scheduling;
        var model = ModelVolume.Of(settings.ModelSpec.Source);
        LocalObjectReference[] pullSecrets =
        [
            .. (settings.Spec.ImagePullSecrets ?? []).Select(secret => secret.Name)
                .Concat(ModelVolume.PullSecret(settings.ModelSpec.Source) is { } name ? [name] : Array.Empty<string>())
                .Distinct(StringComparer.Ordinal)
                .Select(secret => new LocalObjectReference { Name = secret }),
        ];
        return new()
        {
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            TerminationGracePeriodSeconds = settings.Engine.TerminationGracePeriodSeconds,
            Affinity = PodPlacement.Affinity(settings.Accelerator),
            Tolerations = PodPlacement.Tolerations(settings),
            NodeSelector = scheduling?.NodeSelector,
            PriorityClassName = scheduling?.PriorityClassName,
            RuntimeClassName = scheduling?.RuntimeClassName,
            SchedulerName = scheduling?.SchedulerName,
            ImagePullSecrets = pullSecrets.Length > 0 ? pullSecrets : null,
            SecurityContext = new()
            {
                RunAsNonRoot = true,
                RunAsUser = User,
                RunAsGroup = User,
                FsGroup = User,
                FsGroupChangePolicy = "OnRootMismatch",
                SeccompProfile = new() { Type = "RuntimeDefault" },
            },
            Containers = [EngineContainer.Of(settings)],
            Volumes =
            [
                new() { Name = EngineContainer.CacheVolume, EmptyDir = new() },
                new() { Name = EngineContainer.SharedMemoryVolume, EmptyDir = new() { Medium = "Memory", SizeLimit = SharedMemory(settings) } },
                .. model is { } weights ? [weights.Volume] : Array.Empty<Volume>(),
            ],
        };
    }

    /// <summary>Accelerators of a pod exchange through /dev/shm; one alone needs little.</summary>
    private static Quantity SharedMemory(EndpointSettings settings) =>
        settings.Engine.SharedMemory ?? Quantity.Parse(settings.AcceleratorCount > 1 ? "8Gi" : "2Gi");

    /// <summary>
    /// One pod more, none fewer: the old pod answers until the new one is ready, at the price of a spare accelerator while rolling. Where there is none the new pod stays unscheduled,
    /// the old one goes on serving and the condition says what to set; the other way round an answer would be lost to every change.
    /// </summary>
    private static DeploymentStrategy Strategy(RolloutSpec? rollout) => new()
    {
        Type = "RollingUpdate",
        RollingUpdate = new() { MaxSurge = rollout?.MaxSurge ?? 1, MaxUnavailable = rollout?.MaxUnavailable ?? (SpecCheck.IsZero(rollout?.MaxSurge) ? 1 : 0) },
    };
}
