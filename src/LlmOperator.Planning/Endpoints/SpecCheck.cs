using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Engines;
using LlmOperator.Planning.Fit;
using LlmOperator.Planning.PodTemplates;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Why an endpoint cannot be served as its spec stands: a word, and what to change.</summary>
internal sealed record SpecProblem(string Reason, string Message)
{
    /// <summary>What it says of memory, where it is about that.</summary>
    public FitVerdict? Fit { get; init; }

    /// <summary>Whether it is about nodes.</summary>
    public bool Scheduling { get; init; }
}

/// <summary>Decides what a spec leaves open, and finds what cannot be done.</summary>
internal static class SpecCheck
{
    /// <summary>Reason of a spec that needs the kind LeaderWorkerSet where the cluster does not have it.</summary>
    public const string LeaderWorkerSetMissing = "LeaderWorkerSetMissing";

    /// <summary>Settings of an endpoint on Kubernetes; a problem instead where they cannot be followed.</summary>
    public static (EndpointSettings? Settings, SpecProblem? Problem) Settle(EndpointObservation observed, LlmModel model)
    {
        var (settings, problems) = Look(observed, model);
        return problems.FirstOrDefault() is { } problem ? (null, problem) : (WithSidecarInUse(settings!, observed), null);
    }

    /// <summary>All that is in the way of an endpoint on Kubernetes, in the order in which the condition would tell it.</summary>
    public static IReadOnlyList<SpecProblem> Problems(EndpointObservation observed, LlmModel model)
    {
        var (settings, found) = Look(observed, model);
        var problems = found.ToList();
        if (settings is null && observed.Endpoint.Spec is { Backend: EndpointBackend.Kubernetes } spec)
        {
            // With any accelerator there is, so that one mistake does not hide the next; what hangs on which it is cannot be told.
            var count = (spec.Parallelism?.Tensor ?? 1) * (spec.Parallelism?.Pipeline ?? 1);
            var any = new AcceleratorSettlement(observed.Catalogue.Classes[0], spec.Accelerator?.Count ?? count, spec.Parallelism?.Tensor ?? 1, spec.Parallelism?.Pipeline ?? 1, new(ConditionStatus.Unknown, "", "", null));
            problems.AddRange(Unable(Settings(observed, model, any), hasLeaderWorkerSets: true).Where(problem => problem.Reason is not ("ImageUnknown" or "QuantizationNotSupported" or "ParallelismNotSupported" or ResourceRules.Reason)));
        }

        return problems;
    }

    private static (EndpointSettings? Settings, IEnumerable<SpecProblem> Problems) Look(EndpointObservation observed, LlmModel model)
    {
        var spec = observed.Endpoint.Spec!;
        var broken = EndpointRules.Check(observed.Endpoint, model, observed.LicensePolicy);
        if (spec.Backend != EndpointBackend.Kubernetes)
        {
            return (null, broken.Append(new("BackendNotSupported", $"this version of the operator does not serve on {spec.Backend}: delete the endpoint and create one with spec.backend Kubernetes")));
        }

        var (accelerator, problem) = AcceleratorSettlement.Of(observed, spec.Engine ?? new(), model);
        if (accelerator is null)
        {
            return (null, broken.Append(problem!));
        }

        var settings = Settings(observed, model, accelerator);
        return (settings, broken.Concat(Unable(settings, observed.HasLeaderWorkerSets)));
    }

    private static EndpointSettings Settings(EndpointObservation observed, LlmModel model, AcceleratorSettlement accelerator)
    {
        var spec = observed.Endpoint.Spec!;
        return new()
        {
            Endpoint = observed.Endpoint,
            Spec = spec,
            Model = model,
            ModelSpec = Mirrored(model.Spec!, observed.HubEndpoint),
            Engine = spec.Engine ?? new(),
            Accelerator = accelerator.Accelerator,
            AcceleratorCount = accelerator.Count,
            AcceleratorBasis = accelerator.Basis,
            Tensor = accelerator.Tensor,
            Pipeline = accelerator.Pipeline,
            Fit = accelerator.Fit,
            Pods = Pods(spec),
            DataPath = observed.DataPath,
        };
    }

    /// <summary>With the sidecar the pods run with, where nothing else about them changes.</summary>
    private static EndpointSettings WithSidecarInUse(EndpointSettings settings, EndpointObservation observed)
    {
        IKubeObject? workload = settings.Nodes > 1 ? observed.LeaderWorkerSet : observed.Deployment;
        if (settings.DataPath.ReplaceSidecars || workload?.Metadata.Annotations?.TryGetValue(ApiGroup.SidecarImageAnnotation, out var image) != true || image is null || image == settings.DataPath.PromptTraceImage)
        {
            return settings;
        }

        var kept = settings with { DataPath = settings.DataPath with { PromptTraceImage = image } };
        var revision = settings.Nodes > 1 ? EndpointObjects.Revision(observed.LeaderWorkerSet) : EndpointObjects.Revision(observed.Deployment);
        return EndpointObjects.Revision(PodTemplate.Of(kept)) == revision ? kept : settings;
    }

    /// <summary>The model as pods fetch it: from the mirror the operator is told of, where it names none.</summary>
    private static LlmModelSpec Mirrored(LlmModelSpec model, string? hub) => hub is null ? model : model with
    {
        Source = Mirrored(model.Source, hub),
        Adapters = model.Adapters is { } adapters ? [.. adapters.Select(adapter => adapter with { Source = Mirrored(adapter.Source, hub) })] : null,
    };

    private static ModelSource Mirrored(ModelSource source, string hub) =>
        source.HuggingFace is { Endpoint: null } repository ? source with { HuggingFace = repository with { Endpoint = hub } } : source;

    /// <summary>What the engine, the cluster or Kubernetes cannot do of what was settled.</summary>
    private static List<SpecProblem> Unable(EndpointSettings settings, bool hasLeaderWorkerSets)
    {
        var problems = new List<SpecProblem>(EngineCheck.Problems(settings));
        AddIf(ResourceRules.Accelerators(settings));

        // The user's template is laid over the pod there would be, so there must be one.
        AddIf(problems.Count > 0 ? null : TemplateOverride.Problem(settings.Spec.PodTemplate, PodTemplate.Plain(settings, PodRole.Leader), settings.Accelerator.Resource));
        AddIf(settings.Nodes > 1 && !hasLeaderWorkerSets
            ? new(
                LeaderWorkerSetMissing,
                $"one copy of the model takes {settings.Tensor * settings.Pipeline} accelerators and a pod has {settings.AcceleratorCount}, which needs {settings.Nodes} pods that start together, and the cluster does not have the kind LeaderWorkerSet: install it (leaderworkerset.x-k8s.io), or set spec.accelerator.count to {settings.Tensor * settings.Pipeline} to use one node")
            : null);
        return problems;

        void AddIf(SpecProblem? problem)
        {
            if (problem is not null)
            {
                problems.Add(problem);
            }
        }
    }

    /// <summary>Pods a spec asks for.</summary>
    public static int Pods(LlmEndpointSpec spec) => (spec.Replicas ?? spec.Autoscaling?.MinReplicas ?? 1) * (spec.Parallelism?.Data ?? 1);

    /// <summary>Says which blocks of the spec are not acted on; null when all are.</summary>
    public static string? Ignored(LlmEndpointSpec spec, DataPathOptions dataPath)
    {
        var ignored = new List<string>();
        AddIf(spec.Autoscaling is not null, "spec.autoscaling (minReplicas are run)");
        AddIf(spec.Rollout is { Strategy: not "Rolling" }, "spec.rollout.strategy (pods are replaced one by one)");
        AddIf(spec.Rag is not null && !dataPath.Gateway, "spec.rag (the operator runs without gateways)");
        AddIf(spec.Prompt is not null && !dataPath.Gateway, "spec.prompt (the operator runs without gateways)");
        AddIf(spec.Generation is not null && !dataPath.Gateway, "spec.generation (the operator runs without gateways)");
        return ignored.Count > 0 ? $"this version of the operator does not act on {string.Join(", ", ignored)}" : null;

        void AddIf(bool condition, string what)
        {
            if (condition)
            {
                ignored.Add(what);
            }
        }
    }

    /// <summary>Whether a count or a percentage is given and comes to nothing.</summary>
    public static bool IsZero(IntOrString? value) => value is { } given && (given.Number == 0 || given.Text?.TrimEnd('%').Trim('0') is "");
}
