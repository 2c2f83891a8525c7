using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Fit;

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
    /// <summary>Settings of an endpoint on Kubernetes; a problem instead where they cannot be followed.</summary>
    public static (EndpointSettings? Settings, SpecProblem? Problem) Settle(EndpointObservation observed, LlmModel model)
    {
        var spec = observed.Endpoint.Spec!;
        var modelSpec = model.Spec!;
        var engine = spec.Engine ?? new();
        if (spec.Backend != EndpointBackend.Kubernetes)
        {
            return Problem("BackendNotSupported", $"this version of the operator does not serve on {spec.Backend}: delete the endpoint and create one with spec.backend Kubernetes");
        }

        if (engine.Type != EngineType.VLlm)
        {
            return Problem("EngineNotSupported", $"this version of the operator does not run engine {engine.Type}: set spec.engine.type to {EngineType.VLlm}");
        }

        if (modelSpec.Quantization is Quantizations.Eetq)
        {
            return Problem("QuantizationNotSupported", $"{engine.Type} does not load weights as {modelSpec.Quantization}: set spec.quantization of LlmModel {model.Metadata.Name} to fp8 or bitsandbytes");
        }

        if (spec.Usage == "Commercial" && modelSpec.Card?.CommercialUse == false)
        {
            return Problem("LicenceForbids", $"spec.usage is Commercial and the licence of LlmModel {model.Metadata.Name} does not allow that (spec.card.commercialUse is false): serve another model, or set spec.usage to NonCommercial");
        }

        if (VLlmArguments.Given(engine.Args).Contains("--port"))
        {
            return Problem("ArgumentNotAllowed", "spec.engine.args must not have --port, as probes and the Service would not follow: set spec.engine.port instead");
        }

        if (IsZero(spec.Rollout?.MaxSurge) && IsZero(spec.Rollout?.MaxUnavailable))
        {
            return Problem("RolloutImpossible", "with spec.rollout.maxSurge and spec.rollout.maxUnavailable both 0 no pod could ever be replaced: set one of them to 1");
        }

        var (accelerator, accelerators) = AcceleratorSettlement.Of(observed, engine, model);
        if (accelerator is null)
        {
            return (null, accelerators);
        }

        return (new()
        {
            Endpoint = observed.Endpoint,
            Spec = spec,
            Model = model,
            ModelSpec = modelSpec,
            Engine = engine,
            Accelerator = accelerator.Accelerator,
            AcceleratorCount = accelerator.Count,
            AcceleratorBasis = accelerator.Basis,
            Tensor = accelerator.Tensor,
            Pipeline = accelerator.Pipeline,
            Fit = accelerator.Fit,
            Pods = Pods(spec),
        }, null);
    }

    /// <summary>Pods a spec asks for.</summary>
    public static int Pods(LlmEndpointSpec spec) => (spec.Replicas ?? spec.Autoscaling?.MinReplicas ?? 1) * (spec.Parallelism?.Data ?? 1);

    /// <summary>Blocks of the spec that are not acted on.</summary>
    public static IReadOnlyList<string> Ignored(LlmEndpointSpec spec, LlmModelSpec? model)
    {
        var ignored = new List<string>();
        AddIf(spec.Autoscaling is not null, "spec.autoscaling (minReplicas are run)");
        AddIf(spec.Rollout is { Strategy: not "Rolling" }, "spec.rollout.strategy (pods are replaced one by one)");
        AddIf(spec.Rag is not null, "spec.rag");
        AddIf(spec.Prompt is not null, "spec.prompt");
        AddIf(spec.Generation is not null, "spec.generation");
        AddIf(spec.PromptTrace is { Enabled: true }, "spec.promptTrace");
        AddIf(spec.PodTemplate is not null, "spec.podTemplate");
        AddIf(model?.Adapters is { Count: > 0 }, "spec.adapters of the LlmModel");
        AddIf(model?.Cache is not null, "spec.cache of the LlmModel");
        return ignored;

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

    private static (EndpointSettings?, SpecProblem?) Problem(string reason, string message) => (null, new(reason, message));
}
