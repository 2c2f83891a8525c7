using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Endpoints;

/// <summary>The container that runs the engine.</summary>
internal static class EngineContainer
{
    public const string Name = "engine";
    public const string PortName = "http";
    public const string CacheVolume = "cache";
    public const string SharedMemoryVolume = "shm";

    private const string CachePath = "/cache";
    private const int StartupPeriodSeconds = 10;

    public static Container Of(EndpointSettings settings)
    {
        var engine = settings.Engine;
        var model = ModelVolume.Of(settings.ModelSpec.Source);
        return new()
        {
            Name = Name,
            Image = engine.Image ?? VLlmArguments.DefaultImage,
            ImagePullPolicy = engine.ImagePullPolicy,
            Command = engine.Command,
            Args = VLlmArguments.Of(settings),
            Ports = [new() { Name = PortName, Port = engine.Port ?? VLlmArguments.DefaultPort, Protocol = "TCP" }],
            Env = Environment(settings),
            Resources = Resources(settings),
            VolumeMounts =
            [
                new() { Name = CacheVolume, MountPath = CachePath },
                new() { Name = SharedMemoryVolume, MountPath = "/dev/shm" },
                .. model is { } weights ? [weights.Mount] : Array.Empty<VolumeMount>(),
            ],
            StartupProbe = Probe(engine, StartupPeriodSeconds, (engine.StartupTimeoutSeconds + StartupPeriodSeconds - 1) / StartupPeriodSeconds),
            ReadinessProbe = Probe(engine, periodSeconds: 5, failureThreshold: 3),
            LivenessProbe = Probe(engine, periodSeconds: 10, failureThreshold: 10),
            SecurityContext = new()
            {
                AllowPrivilegeEscalation = false,
                Capabilities = new() { Drop = ["ALL"] },
            },
        };
    }

    private static Probe Probe(EngineSpec engine, int periodSeconds, int failureThreshold) => new()
    {
        HttpGet = new() { Path = engine.HealthPath ?? VLlmArguments.HealthPath, Port = PortName },
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

    /// <summary>Everything the engine writes goes to the cache volume, so that it runs under any user; a variable of the user's wins over ours.</summary>
    private static List<EnvVar> Environment(EndpointSettings settings)
    {
        var own = (settings.Engine.Env ?? []).Select(Converted).ToList();
        IEnumerable<EnvVar> ours =
        [
            new() { Name = "HOME", Value = CachePath },
            new() { Name = "USER", Value = "engine" },
            new() { Name = "HF_HOME", Value = $"{CachePath}/huggingface" },
            new() { Name = "VLLM_CACHE_ROOT", Value = $"{CachePath}/vllm" },
            .. ModelVolume.Environment(settings.ModelSpec.Source),
        ];
        return [.. ours.Where(variable => own.TrueForAll(other => other.Name != variable.Name)), .. own];
    }

    private static EnvVar Converted(EnvironmentVariable variable) => new()
    {
        Name = variable.Name,
        Value = variable.Value,
        ValueFrom = variable.ValueFrom is not { } source ? null : new()
        {
            SecretKeyRef = source.SecretKeyRef is { } secret ? new() { Name = secret.Name, Key = secret.Key } : null,
            ConfigMapKeyRef = source.ConfigMapKeyRef is { } map ? new() { Name = map.Name, Key = map.Key } : null,
        },
    };
}
