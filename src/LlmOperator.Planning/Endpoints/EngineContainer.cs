using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Engines;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Endpoints;

/// <summary>The container that runs the engine.</summary>
internal static class EngineContainer
{
    public const string Name = "engine";
    public const string PortName = "http";
    public const string CacheVolume = "cache";
    public const string SharedMemoryVolume = "shm";
    public const string TemporaryVolume = "tmp";

    /// <summary>Where the engine may write.</summary>
    public const string CachePath = "/cache";

    private const int StartupPeriodSeconds = 10;

    public static VolumeMount CacheMount { get; } = new() { Name = CacheVolume, MountPath = CachePath };

    public static VolumeMount TemporaryMount { get; } = new() { Name = TemporaryVolume, MountPath = "/tmp" };

    /// <summary>Everything written goes to the cache volume, so that a container runs under any user.</summary>
    public static IReadOnlyList<EnvVar> Folders { get; } =
    [
        new() { Name = "HOME", Value = CachePath },
        new() { Name = "USER", Value = "engine" },
        new() { Name = "HF_HOME", Value = $"{CachePath}/huggingface" },
        new() { Name = "HF_HUB_DISABLE_TELEMETRY", Value = "1" },
    ];

    /// <summary>The spec's image, or the engine's own where that is made for the accelerator; null when there is none.</summary>
    public static string? Image(EndpointSettings settings) =>
        settings.Engine.Image ?? (settings.Accelerator.Resource.StartsWith("nvidia.com/", StringComparison.Ordinal) ? EngineTable.Of(settings.Engine).Image(settings) : null);

    public static Container Of(EndpointSettings settings, PodRole role)
    {
        var spec = settings.Engine;
        var engine = EngineTable.Of(spec);
        var command = EngineCommand.Of(settings, role);
        var answers = role == PodRole.Leader;
        return new()
        {
            Name = Name,
            Image = Image(settings),
            ImagePullPolicy = spec.ImagePullPolicy,
            Command = command.Command,
            Args = command.Args,
            Ports = answers ? [new() { Name = PromptTraceSidecar.IsWanted(settings) ? Name : PortName, Port = EngineFacts.Port(settings), Protocol = "TCP" }] : null,
            Env = command.Environment,
            Resources = Resources(settings),
            VolumeMounts =
            [
                CacheMount,
                new() { Name = SharedMemoryVolume, MountPath = "/dev/shm" },
                TemporaryMount,
                .. ModelVolume.Mounted(settings) is { } weights ? [weights.Mount] : Array.Empty<VolumeMount>(),
                .. ModelAdapters.Of(settings).Select(adapter => adapter.Mount).OfType<VolumeMount>(),
            ],

            // A worker answers no requests: its leader is what tells whether the group does.
            StartupProbe = answers ? Probe(settings, StartupPeriodSeconds, (spec.StartupTimeoutSeconds + StartupPeriodSeconds - 1) / StartupPeriodSeconds) : null,
            ReadinessProbe = answers ? Probe(settings, periodSeconds: 5, failureThreshold: 3) : null,
            LivenessProbe = answers ? Probe(settings, periodSeconds: 10, failureThreshold: 10) : null,
            Lifecycle = new() { PreStop = new() { Sleep = new() { Seconds = Termination.SleepSeconds(settings) } } },
            SecurityContext = Security(engine.ReadOnlyRoot),
        };
    }

    public static SecurityContext Security(bool readOnlyRoot) => new()
    {
        AllowPrivilegeEscalation = false,
        Capabilities = new() { Drop = ["ALL"] },
        ReadOnlyRootFilesystem = readOnlyRoot ? true : null,
    };

    private static Probe Probe(EndpointSettings settings, int periodSeconds, int failureThreshold) => new()
    {
        // A name would be looked for among this container's ports.
        HttpGet = new() { Path = EngineFacts.HealthPath(settings), Port = PromptTraceSidecar.IsWanted(settings) ? PromptTraceSidecar.PodPort(settings) : PortName },
        PeriodSeconds = periodSeconds,
        TimeoutSeconds = 5,
        FailureThreshold = failureThreshold,
    };

    /// <summary>
    /// Accelerators are a limit, which the API server copies into the requests. CPU and memory are requested as the handbook's serving configuration has them;
    /// without a limit on memory, as the load of a model peaks well above what serving takes.
    /// </summary>
    private static ResourceRequirements Resources(EndpointSettings settings)
    {
        var requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["cpu"] = Quantity.Parse("2"), ["memory"] = Quantity.Parse("5Gi") };
        Override(requests, settings.Engine.Resources?.Requests);
        // Kubernetes wants requests and limits of an extended resource to be equal, and makes the first of the second.
        requests.Remove(settings.Accelerator.Resource);
        var limits = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        Override(limits, settings.Engine.Resources?.Limits);
        limits[settings.Accelerator.Resource] = Quantity.Parse(settings.AcceleratorCount.ToString(CultureInfo.InvariantCulture));
        return new() { Requests = requests, Limits = limits };
    }

    private static void Override(SortedDictionary<string, Quantity> quantities, IReadOnlyDictionary<string, Quantity>? own)
    {
        foreach (var (resource, quantity) in own ?? new Dictionary<string, Quantity>())
        {
            quantities[resource] = quantity;
        }
    }
}
