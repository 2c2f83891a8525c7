using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>
/// The rules of an endpoint that the schema cannot hold, as they need its model or the accelerator catalogue. Admission refuses what breaks one, and the condition tells it where it comes to be broken
/// later. What only this version of the operator cannot do is no rule: see <see cref="SpecCheck"/>.
/// </summary>
internal static class EndpointRules
{
    /// <summary>All rules that are broken.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="model">Its model; null when there is none yet, which breaks no rule: objects may be created in any order.</param>
    /// <param name="catalogue">Accelerator classes.</param>
    /// <param name="licenses">What is done about a model without a licence.</param>
    public static IEnumerable<SpecProblem> Check(LlmEndpoint endpoint, LlmModel? model, AcceleratorCatalogue catalogue, LicensePolicy licenses)
    {
        var spec = endpoint.Spec!;
        IEnumerable<SpecProblem?> found = [RolloutImpossible(spec)];
        if (spec.Backend == EndpointBackend.Kubernetes)
        {
            found = [.. found, ArgumentNotAllowed(spec), UnknownAccelerator(spec, catalogue), ParallelismMismatch(spec)];
        }

        if (model?.Spec is { } modelSpec)
        {
            var name = model.Metadata.Name!;
            found =
            [
                .. LicenceRules.Check(spec, model, licenses),
                EngineRules.TaskMismatch(spec, modelSpec, name),
                EngineRules.QuantizationMismatch(spec, modelSpec, name),
                HeadsNotDivided(spec, modelSpec, name),
                .. LimitRules.Check(spec, modelSpec, name),
                .. AdapterNames(endpoint, model),
                .. found,
            ];
        }

        return found.OfType<SpecProblem>();
    }

    private static SpecProblem? RolloutImpossible(LlmEndpointSpec spec) => SpecCheck.IsZero(spec.Rollout?.MaxSurge) && SpecCheck.IsZero(spec.Rollout?.MaxUnavailable)
        ? new("RolloutImpossible", "with spec.rollout.maxSurge and spec.rollout.maxUnavailable both 0 no pod could ever be replaced: set one of them to 1")
        {
            Field = "spec.rollout.maxUnavailable",
            Value = spec.Rollout!.MaxUnavailable is { Text: { } text } ? Quoted(text) : "0",
        }
        : null;

    private static SpecProblem? ArgumentNotAllowed(LlmEndpointSpec spec) =>
        (spec.Engine?.Type ?? EngineType.VLlm) == EngineType.VLlm && VLlmArguments.Given(spec.Engine?.Args).Contains("--port")
            ? new("ArgumentNotAllowed", "spec.engine.args must not have --port, as probes and the Service would not follow: set spec.engine.port instead") { Field = "spec.engine.args" }
            : null;

    private static SpecProblem? UnknownAccelerator(LlmEndpointSpec spec, AcceleratorCatalogue catalogue) =>
        spec.Accelerator is { } wanted && !IsAuto(wanted) && catalogue.Find(wanted.Type) is null
            ? new("UnknownAccelerator", $"spec.accelerator.type \"{wanted.Type}\" is not in the accelerator catalogue: use one of {Known(catalogue)}, or add it to the operator's catalogue")
            {
                Field = "spec.accelerator.type",
                Value = Quoted(wanted.Type),
                IsChoice = true,
            }
            : null;

    private static SpecProblem? ParallelismMismatch(LlmEndpointSpec spec)
    {
        var (count, tensor, pipeline) = Shape(spec);
        return tensor * pipeline <= count && count % (tensor * pipeline) != 0
            ? new(
                "ParallelismMismatch",
                $"parallelism.tensor {tensor} x parallelism.pipeline {pipeline} does not divide accelerator.count {count}: set spec.accelerator.count to a multiple of {tensor * pipeline}")
            {
                Field = "spec.accelerator.count",
                Value = $"{count}",
            }
            : null;
    }

    /// <summary>Tensor parallelism gives each accelerator the same number of heads; key-value heads are divided likewise, or repeated where they are fewer than the accelerators.</summary>
    private static SpecProblem? HeadsNotDivided(LlmEndpointSpec spec, LlmModelSpec model, string name)
    {
        var (count, tensor, _) = Shape(spec);
        if (tensor == 1 || IsAuto(spec.Accelerator) || model.Architecture?.AttentionHeads is not { } heads || !EngineRules.DividesHeads(spec.Engine?.Type))
        {
            return null;
        }

        var keyValueHeads = model.Architecture.KeyValueHeads ?? heads;
        var (many, what) = heads % tensor != 0 ? (heads, "attention heads") : (keyValueHeads, "key-value heads");
        if (many % tensor == 0 || (many == keyValueHeads && tensor % many == 0))
        {
            return null;
        }

        var fitting = Enumerable.Range(1, heads).Where(each => heads % each == 0 && (keyValueHeads % each == 0 || each % keyValueHeads == 0) && each <= 64).ToList();
        var given = spec.Parallelism?.Tensor is not null;
        return new(
            "TensorParallelismMismatch",
            $"tensor parallelism {tensor} does not divide the {many} {what} of LlmModel {name}: set spec.parallelism.tensor to {string.Join(", ", fitting.SkipLast(1))}{(fitting.Count > 1 ? " or " : "")}{fitting[^1]}")
        {
            Field = given ? "spec.parallelism.tensor" : "spec.accelerator.count",
            Value = $"{(given ? tensor : count)}",
        };
    }

    /// <summary>Clients choose between an endpoint, its model and its adapters by name.</summary>
    private static IEnumerable<SpecProblem> AdapterNames(LlmEndpoint endpoint, LlmModel model) =>
        (model.Spec!.Adapters ?? [])
            .Where(adapter => adapter.Name == endpoint.Metadata.Name)
            .Select(adapter => new SpecProblem(
                "AdapterNameTaken", $"adapter {adapter.Name} of LlmModel {model.Metadata.Name} has the name of the endpoint, so that no request could tell them apart: rename the adapter or the endpoint")
            {
                Field = "metadata.name",
                Value = Quoted(adapter.Name),
            });

    /// <summary>Accelerators of a replica, and how a copy of the model is spread over them.</summary>
    private static (int Count, int Tensor, int Pipeline) Shape(LlmEndpointSpec spec)
    {
        var pipeline = spec.Parallelism?.Pipeline ?? 1;
        var count = spec.Accelerator?.Count ?? ((spec.Parallelism?.Tensor ?? 1) * pipeline);
        return (count, spec.Parallelism?.Tensor ?? Math.Max(count / pipeline, 1), pipeline);
    }

    private static bool IsAuto(AcceleratorSpec? accelerator) => accelerator?.Type.Equals("auto", StringComparison.OrdinalIgnoreCase) == true;

    private static string Known(AcceleratorCatalogue catalogue) => string.Join(", ", catalogue.Classes.Select(known => known.Name));

    private static string Quoted(string text) => $"\"{text}\"";
}
