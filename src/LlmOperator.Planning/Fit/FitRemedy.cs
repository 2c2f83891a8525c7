using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Models;

namespace LlmOperator.Planning.Fit;

/// <summary>A change that makes a model fit, with what it was reckoned for.</summary>
/// <param name="Text">What to change.</param>
/// <param name="Demand">The demand after the change.</param>
/// <param name="Accelerator">The class after the change.</param>
/// <param name="Count">Accelerators of a replica after the change.</param>
/// <param name="Tensor">Accelerators that share every layer after the change.</param>
/// <param name="Pipeline">Groups of accelerators that hold consecutive layers.</param>
internal sealed record FitRemedy(string Text, MemoryDemand Demand, AcceleratorClass Accelerator, int Count, int Tensor, int Pipeline);

/// <summary>Finds what would make a model fit. Nothing is named that was not reckoned by the same arithmetic.</summary>
/// <param name="catalogue">Classes there are.</param>
/// <param name="nodes">Nodes of the cluster: what it has is named before what it would have to get.</param>
/// <param name="endpoint">The endpoint.</param>
/// <param name="model">Name of the LlmModel.</param>
internal sealed class FitRemedies(AcceleratorCatalogue catalogue, IReadOnlyList<Node> nodes, LlmEndpointSpec endpoint, string model)
{
    /// <summary>Below this a context is of no use to anybody.</summary>
    private const int LeastContext = 512;

    /// <summary>Changes that would do, each on its own; pairs where none does.</summary>
    public IReadOnlyList<FitRemedy> For(MemoryDemand demand, AcceleratorClass accelerator, int count, int tensor, int pipeline)
    {
        var remedies = new List<FitRemedy>();
        remedies.AddRange(Classes(demand, accelerator, count, pipeline));
        var quantised = Quantised(demand).ToList();
        remedies.AddRange(quantised.Where(option => Loads(accelerator, option.Demand.Quantization))
            .Select(option => new FitRemedy(option.Text, option.Demand, accelerator, count, tensor, pipeline))
            .Where(Fits)
            .DistinctBy(remedy => remedy.Demand.WeightsBytes)); // Of those of the same size the first.
        if (demand is { KeepsCache: true, KvValueBits: 16 } && accelerator.Fp8 && demand.Engine is EngineType.VLlm or EngineType.SGLang or EngineType.Tgi)
        {
            AddIfFits(new("set spec.engine.kvCacheDataType to fp8", demand with { KvValueBits = 8 }, accelerator, count, tensor, pipeline));
        }

        if (LargestContext(demand, accelerator, tensor, pipeline) is { } context)
        {
            var slots = demand.Sequences > 1 ? $" for {demand.Sequences} slots" : "";
            AddIfFits(new($"set spec.engine.contextLength to {context}{slots} or less", demand with { ContextTokens = context }, accelerator, count, tensor, pipeline));
        }

        return remedies.Count > 0
            ? remedies
            : [.. quantised.SelectMany(option => Classes(option.Demand, accelerator, 0, pipeline).Take(1).Select(remedy => remedy with { Text = $"{option.Text} and {remedy.Text}" }))];

        void AddIfFits(FitRemedy remedy)
        {
            if (Fits(remedy))
            {
                remedies.Add(remedy);
            }
        }
    }

    /// <summary>The longest context that fits, in whole blocks; null when none of use does, or the present one is not what is in the way.</summary>
    private static int? LargestContext(MemoryDemand demand, AcceleratorClass accelerator, int tensor, int pipeline)
    {
        if (!demand.KeepsCache || demand.ContextTokens is not { } asked)
        {
            return null;
        }

        var (fitting, tooLong) = (0, asked / MemoryFit.BlockTokens);
        while (tooLong - fitting > 1)
        {
            var middle = fitting + ((tooLong - fitting) / 2);
            if (MemoryFit.Reckon(demand with { ContextTokens = middle * MemoryFit.BlockTokens }, accelerator.MemoryMiB, tensor, pipeline).Fits == true)
            {
                fitting = middle;
            }
            else
            {
                tooLong = middle;
            }
        }

        return fitting * MemoryFit.BlockTokens is >= LeastContext and var context ? context : null;
    }

    /// <summary>Where facts are missing, what is known must at least have room.</summary>
    private static bool Fits(FitRemedy remedy) =>
        MemoryFit.Reckon(remedy.Demand, remedy.Accelerator.MemoryMiB, remedy.Tensor, remedy.Pipeline).Fits is var fits && (fits == true || (fits is null && remedy.Demand.Missing().Count > 0));

    /// <summary>Whether accelerators of a class can load weights quantised so.</summary>
    public static bool Loads(AcceleratorClass accelerator, string quantization) => quantization != Quantizations.Fp8 || accelerator.Fp8Weights;

    /// <summary>More of the present class; the cheapest of the classes of which the fewest do; and the cheapest of all. What the cluster has on a node goes before what it has not.</summary>
    private IEnumerable<FitRemedy> Classes(MemoryDemand demand, AcceleratorClass present, int count, int pipeline)
    {
        var options = catalogue.Classes
            .Where(known => known.Members.Count == 0 && Loads(known, demand.Quantization) && Make(known) == Make(present))
            .Select(known => Fewest(demand, known, pipeline))
            .OfType<FitRemedy>()
            .Where(option => option.Accelerator.Name != present.Name || option.Count > count)
            .OrderByDescending(option => nodes.Any(node => option.Accelerator.Matches(node.Metadata.Labels) && NodeResources.Count(node, option.Accelerator.Resource) >= option.Count))
            .ThenBy(option => option.Accelerator.PricePerHour is { } price ? price * option.Count : decimal.MaxValue)
            .ToList();
        var others = options.Where(option => option.Accelerator.Name != present.Name).ToList();
        return new[] { options.Find(option => option.Accelerator.Name == present.Name), others.MinBy(option => option.Count), others.FirstOrDefault() }.OfType<FitRemedy>().Distinct();
    }

    /// <summary>The domain of the resource: images are made for one make.</summary>
    private static string Make(AcceleratorClass known) => known.Resource.Split('/')[0];

    private FitRemedy? Fewest(MemoryDemand demand, AcceleratorClass known, int pipeline)
    {
        for (var count = pipeline; count <= known.LargestCount; count += pipeline)
        {
            var tensor = count / pipeline;
            var spread = endpoint.Parallelism?.Tensor is { } given && given != tensor ? $" and spec.parallelism.tensor to {tensor}" : "";
            var remedy = new FitRemedy($"set spec.accelerator to {count}x {known.Name}{spread}", demand, known, count, tensor, pipeline);
            if (demand.DealsOut(tensor) && Fits(remedy))
            {
                return remedy;
            }
        }

        return null;
    }

    /// <summary>The model in fewer bits, as the engine can load it: first in 8, then in 4.</summary>
    private IEnumerable<(string Text, MemoryDemand Demand)> Quantised(MemoryDemand demand)
    {
        const string Prepared = "with a repository that was quantised so";
        IReadOnlyList<(string Quantization, string How)> known = demand.Engine switch
        {
            EngineType.VLlm or EngineType.Tgi => [(Quantizations.Fp8, ""), (Quantizations.BitsAndBytes, ""), (Quantizations.BitsAndBytesNf4, $" (or awq or gptq, {Prepared})")],
            EngineType.SGLang => [(Quantizations.Fp8, ""), (Quantizations.Awq, $" (or gptq), {Prepared}")],
            _ => [],
        };
        foreach (var (quantization, how) in known)
        {
            if (demand is { Parameters: { } parameters, WeightsBytes: { } now }
                && ModelArithmetic.BitsPerWeight(quantization, null) is { } bits
                && (long)decimal.Ceiling(parameters * (decimal)bits / 8) is var then && then < now)
            {
                yield return ($"set spec.quantization of LlmModel {model} to {quantization}{how}", demand with { WeightsBytes = then, Quantization = quantization });
            }
        }
    }
}
