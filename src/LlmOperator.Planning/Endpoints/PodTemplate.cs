using System.Security.Cryptography;
using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Engines;
using LlmOperator.Planning.PodTemplates;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Endpoints;

/// <summary>The pods of an endpoint: under the restricted Pod Security Standard, without a token of the API server.</summary>
internal static class PodTemplate
{
    // A user that exists in no image: nothing in one may be written by it.
    private const long User = 65532;

    /// <summary>The template with the user's merged over it and its revision among its labels.</summary>
    public static PodTemplateSpec Of(EndpointSettings settings) => WithRevision(Merged(settings, PodRole.Leader), Revision(settings));

    /// <summary>The template of pods that work for a leader.</summary>
    public static PodTemplateSpec OfWorkers(EndpointSettings settings) => WithRevision(Merged(settings, PodRole.Worker), Revision(settings));

    /// <summary>The template before the user's is merged over it.</summary>
    public static PodTemplateSpec Plain(EndpointSettings settings, PodRole role)
    {
        var labels = ObjectNames.Labels(settings.Endpoint);
        labels[ApiGroup.ModelLabel] = settings.Model.Metadata.Name!;
        if (settings.Cached is { } cached)
        {
            labels[ApiGroup.CacheLabel] = CachePlanner.SetName(cached);
        }

        labels[ObjectNames.ComponentLabel] = role == PodRole.Leader ? ObjectNames.Component : ObjectNames.WorkerComponent;
        return new() { Metadata = new() { Labels = labels }, Spec = Spec(settings, role) };
    }

    private static PodTemplateSpec Merged(EndpointSettings settings, PodRole role) => TemplateOverride.Apply(settings.Spec.PodTemplate, Plain(settings, role));

    /// <summary>The revision is of everything else in the templates, so that equal settings give the same one on every run.</summary>
    private static string Revision(EndpointSettings settings)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(Merged(settings, PodRole.Leader), KubeJson.Default.PodTemplateSpec));
        if (settings.Nodes > 1)
        {
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(Merged(settings, PodRole.Worker), KubeJson.Default.PodTemplateSpec));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..10];
    }

    private static PodTemplateSpec WithRevision(PodTemplateSpec template, string revision)
    {
        var labels = new SortedDictionary<string, string>(template.Metadata!.Labels!.ToDictionary(), StringComparer.Ordinal) { [ApiGroup.RevisionLabel] = revision };
        return template with { Metadata = template.Metadata with { Labels = labels } };
    }

    private static PodSpec Spec(EndpointSettings settings, PodRole role)
    {
        var scheduling = settings.Spec.Scheduling;
        var adapters = ModelAdapters.Of(settings);
        var isTraced = role == PodRole.Leader && PromptTraceSidecar.IsWanted(settings);
        Container[] initial = [.. adapters.Select(adapter => adapter.Fetch).OfType<Container>(), .. isTraced ? [PromptTraceSidecar.Container(settings)] : Array.Empty<Container>()];
        LocalObjectReference[] pullSecrets =
        [
            .. (settings.Spec.ImagePullSecrets ?? []).Select(secret => secret.Name).Concat(ModelVolume.PullSecrets(settings)).Distinct(StringComparer.Ordinal)
                .Select(secret => new LocalObjectReference { Name = secret }),
        ];
        return new()
        {
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            TerminationGracePeriodSeconds = Termination.GraceSeconds(settings),
            Affinity = PodPlacement.Affinity(settings.Accelerator),
            Tolerations = PodPlacement.Tolerations(settings),
            TopologySpreadConstraints = role == PodRole.Leader ? PodPlacement.Spread(settings.Endpoint) : null,
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
            InitContainers = initial.Length > 0 ? initial : null,
            Containers = [EngineContainer.Of(settings, role)],
            Volumes =
            [
                new() { Name = EngineContainer.CacheVolume, EmptyDir = new() },
                new() { Name = EngineContainer.SharedMemoryVolume, EmptyDir = new() { Medium = "Memory", SizeLimit = SharedMemory(settings) } },
                new() { Name = EngineContainer.TemporaryVolume, EmptyDir = new() },
                .. ModelVolume.Mounted(settings) is { } weights ? [weights.Volume] : Array.Empty<Volume>(),
                .. adapters.Select(adapter => adapter.Volume).OfType<Volume>(),
                .. isTraced ? PromptTraceSidecar.Volumes(settings) : [],
            ],
        };
    }

    /// <summary>Accelerators of a pod exchange through /dev/shm; one alone needs little.</summary>
    private static Quantity SharedMemory(EndpointSettings settings) =>
        settings.Engine.SharedMemory ?? Quantity.Parse(settings.AcceleratorCount > 1 ? "8Gi" : "2Gi");
}
