using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Admission;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Why an endpoint cannot be served as its spec stands: a word, and what to change.</summary>
internal sealed record SpecProblem(string Reason, string Message);

/// <summary>Decides what a spec leaves open, and finds what cannot be done.</summary>
internal static class SpecCheck
{
    /// <summary>Settings of an endpoint on Kubernetes; a problem instead where they cannot be followed.</summary>
    public static (EndpointSettings? Settings, SpecProblem? Problem) Settle(EndpointObservation observed, LlmModel model)
    {
        var spec = observed.Endpoint.Spec!;
        var modelSpec = model.Spec!;
        var engine = spec.Engine ?? new();
        if (EndpointRules.Check(observed.Endpoint, model, observed.LicensePolicy).FirstOrDefault() is { } broken)
        {
            return (null, broken);
        }

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

        if (VLlmArguments.Given(engine.Args).Contains("--port"))
        {
            return Problem("ArgumentNotAllowed", "spec.engine.args must not have --port, as probes and the Service would not follow: set spec.engine.port instead");
        }

        if (spec.Accelerator is not { } wanted)
        {
            return Problem("AcceleratorMissing", $"spec.accelerator is missing: set spec.accelerator.type to one of {Known(observed)}");
        }

        if (wanted.Type.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return Problem("AcceleratorAutoNotSupported", $"this version of the operator does not choose accelerators: set spec.accelerator.type to one of {Known(observed)}");
        }

        if (observed.Catalogue.Find(wanted.Type) is not { } accelerator)
        {
            return Problem("UnknownAccelerator", $"spec.accelerator.type \"{wanted.Type}\" is not in the accelerator catalogue: use one of {Known(observed)}, or add it to the operator's catalogue");
        }

        var pipeline = spec.Parallelism?.Pipeline ?? 1;
        var count = wanted.Count ?? ((spec.Parallelism?.Tensor ?? 1) * pipeline);
        var tensor = spec.Parallelism?.Tensor ?? Math.Max(count / pipeline, 1);
        if (tensor * pipeline > count)
        {
            return Problem(
                "SeveralNodesNotSupported",
                $"parallelism.tensor {tensor} x parallelism.pipeline {pipeline} needs {tensor * pipeline} accelerators and a replica has {count}; this version of the operator keeps a replica on one node: set spec.accelerator.count to {tensor * pipeline} or lower the parallelism");
        }

        if (count % (tensor * pipeline) != 0)
        {
            return Problem(
                "ParallelismMismatch",
                $"parallelism.tensor {tensor} x parallelism.pipeline {pipeline} does not divide accelerator.count {count}: set spec.accelerator.count to a multiple of {tensor * pipeline}");
        }

        return (new()
        {
            Endpoint = observed.Endpoint,
            Spec = spec,
            Model = model,
            ModelSpec = modelSpec,
            Engine = engine,
            Accelerator = accelerator,
            AcceleratorCount = count,
            Tensor = tensor,
            Pipeline = pipeline,
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

    private static string Known(EndpointObservation observed) => string.Join(", ", observed.Catalogue.Classes.Select(known => known.Name));
}
