using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Fit;

/// <summary>The accelerators of a replica, decided.</summary>
/// <param name="Accelerator">Class; a group is narrowed to the members on which the model fits.</param>
/// <param name="Count">Accelerators of a replica.</param>
/// <param name="Tensor">Accelerators that share every layer.</param>
/// <param name="Pipeline">Groups of accelerators that hold consecutive layers.</param>
/// <param name="Fit">Whether the model fits on them.</param>
/// <param name="Basis">Digest of what a choice of the operator's was made for; null when the spec names the class.</param>
internal sealed record AcceleratorSettlement(AcceleratorClass Accelerator, int Count, int Tensor, int Pipeline, FitVerdict Fit, string? Basis = null)
{
    /// <summary>Follows the spec's accelerator and parallelism; a problem instead where that cannot be.</summary>
    public static (AcceleratorSettlement? Settled, SpecProblem? Problem) Of(EndpointObservation observed, EngineSpec engine, LlmModel model)
    {
        var spec = observed.Endpoint.Spec!;
        if (spec.Accelerator is not { } wanted)
        {
            return Problem("AcceleratorMissing", $"spec.accelerator is missing: set spec.accelerator.type to one of {Known(observed)}");
        }

        var demand = MemoryDemand.Of(engine, model);
        if (wanted.Type.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return AcceleratorChoice.Of(observed, demand, model);
        }

        if (observed.Catalogue.Find(wanted.Type) is not { } accelerator)
        {
            return Problem("UnknownAccelerator", $"spec.accelerator.type \"{wanted.Type}\" is not in the accelerator catalogue: use one of {Known(observed)}, or add it to the operator's catalogue");
        }

        var pipeline = spec.Parallelism?.Pipeline ?? 1;
        var count = wanted.Count ?? ((spec.Parallelism?.Tensor ?? 1) * pipeline);
        var tensor = spec.Parallelism?.Tensor ?? Math.Max(count / pipeline, 1);
        var copy = tensor * pipeline;
        if (count % tensor != 0 || (copy > count ? copy % count : count % copy) != 0)
        {
            return Problem(
                "ParallelismMismatch",
                $"parallelism.tensor {tensor} x parallelism.pipeline {pipeline} and accelerator.count {count} do not divide each other: set spec.accelerator.count to {copy}, or, for pods on several nodes, to {tensor}");
        }

        if (!demand.AllowsTensor(tensor))
        {
            return Problem("ParallelismMismatch", HeadsMismatch(demand, spec, model, tensor));
        }

        var members = observed.Catalogue.MembersOf(accelerator);
        if (members.All(member => !FitRemedies.Loads(member, demand.Quantization)))
        {
            return Problem(
                "QuantizationNotSupported",
                $"{accelerator.Name} (compute capability {accelerator.ComputeCapability}) cannot load weights as {demand.Quantization}, which takes 8.0: set spec.quantization of LlmModel {model.Metadata.Name} to bitsandbytes or none, or spec.accelerator.type to a newer class");
        }

        var fitting = members
            .Where(member => FitRemedies.Loads(member, demand.Quantization) && (demand.NotReckoned is not null || MemoryFit.Reckon(demand, member.MemoryMiB, tensor, pipeline).Fits != false))
            .ToList();
        var settled = fitting.Count == 0 || fitting.Count == members.Count ? accelerator : AcceleratorCatalogue.Narrow(accelerator, fitting);

        // Where nothing of a group fits, the arithmetic is told of its largest member, which comes nearest.
        var reckoned = fitting.Count == 0 ? members.MaxBy(member => member.MemoryMiB)! : settled;
        return (new(settled, count, tensor, pipeline, FitVerdict.Of(
            demand, reckoned, count, tensor, pipeline,
            () => new FitRemedies(observed.Catalogue, observed.Nodes, spec, model.Metadata.Name!).For(demand, reckoned, count, tensor, pipeline))), null);
    }

    private static string HeadsMismatch(MemoryDemand demand, LlmEndpointSpec spec, LlmModel model, int tensor)
    {
        var allowed = string.Join(", ", Enumerable.Range(1, 64).Where(demand.AllowsTensor));
        var field = spec.Parallelism?.Tensor is null ? "spec.accelerator.count (or spec.parallelism.tensor, for copies side by side)" : "spec.parallelism.tensor";
        return $"tensor parallelism {tensor} does not deal out the {demand.Shape.AttentionHeads} attention heads and {demand.Shape.KeyValueHeads ?? demand.Shape.AttentionHeads} key-value heads of LlmModel {model.Metadata.Name} evenly: set {field} to one of {allowed}";
    }

    private static (AcceleratorSettlement?, SpecProblem?) Problem(string reason, string message) => (null, new(reason, message));

    private static string Known(EndpointObservation observed) => string.Join(", ", observed.Catalogue.Classes.Select(known => known.Name));
}
