using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Fit;

/// <summary>
/// Chooses accelerators for <c>accelerator.type: auto</c>: the cheapest class and count on which the model fits, of what the cluster has on one node or something could bring.
/// A choice is kept in the status with a digest of what it was made for. It stays while that is the same, the model fits and pods can get there: a new price, a new node or another
/// number of replicas moves nothing that runs.
/// </summary>
internal static class AcceleratorChoice
{
    private const int MostListed = 6;

    public static (AcceleratorSettlement? Settled, SpecProblem? Problem) Of(EndpointObservation observed, MemoryDemand demand, LlmModel model)
    {
        var spec = observed.Endpoint.Spec!;
        if (demand.NotReckoned is { } why)
        {
            return Unknown($"accelerators are not chosen, as {why}: set spec.accelerator.type to a class");
        }

        if (demand.WeightsBytes is null)
        {
            return Unknown($"accelerators cannot be chosen for want of {string.Join("; of ", demand.Missing())}; or set spec.accelerator.type to a class");
        }

        var basis = demand.Digest(Wishes(spec));
        var kept = Kept(observed, demand, spec, basis);
        var mayMove = kept is not { Class.Provisionable: true } && !LivePods(observed).Any(pod => pod.Spec?.NodeName is not null);
        if (kept is not null && !mayMove)
        {
            return Settled(kept, demand, basis);
        }

        var candidates = Candidates(observed, demand, spec).ToList();
        if (kept is null && candidates.Count == 0)
        {
            return (null, new("NoMatchingNodes", $"there is nothing to choose accelerators from: {NodeFit.NothingToChoose(observed, spec, demand)}") { Scheduling = true });
        }

        var fitting = candidates.Where(candidate => candidate.Fits).ToList();
        if ((kept is null ? Best(fitting) : Better(observed, spec, kept, fitting) ?? kept) is { } chosen)
        {
            return Settled(chosen, demand, basis);
        }

        var nearest = candidates.MaxBy(candidate => (long)candidate.Class.MemoryMiB * candidate.Count)!;
        var remedies = new FitRemedies(observed.Catalogue, observed.Nodes, spec, model.Metadata.Name!);
        var verdict = FitVerdict.Of(
            demand, nearest.Class, nearest.Count, nearest.Tensor, nearest.Pipeline,
            () => remedies.For(demand, nearest.Class, nearest.Count, nearest.Tensor, nearest.Pipeline),
            $"the model fits on nothing the cluster has or could have ({Listed(candidates)}): ");
        if (verdict.Status != ConditionStatus.False)
        {
            // What is known has room, and what is kept free for a cache that is not known has not.
            verdict = verdict with { Status = ConditionStatus.False, Reason = FitVerdict.DoesNotFitReason, Message = $"accelerators are not chosen, as too little is left for a cache: {verdict.Message}" };
        }

        return (null, new(verdict.Reason, verdict.Message) { Fit = verdict });
    }

    /// <summary>Every class and count there is to choose from, with what it has room for.</summary>
    internal static IEnumerable<Candidate> Candidates(EndpointObservation observed, MemoryDemand demand, LlmEndpointSpec spec)
    {
        var pipeline = spec.Parallelism?.Pipeline ?? 1;
        foreach (var known in observed.Catalogue.Classes.Where(known => known.Members.Count == 0 && FitRemedies.Loads(known, demand.Quantization) && RunsImage(known, spec)))
        {
            var asked = NodeFit.Demand(known, 1, spec);
            var most = observed.Nodes.Max(node => (long?)NodeFit.Offers(node, asked)) ?? 0;
            if (known.Provisionable)
            {
                most = Math.Max(most, known.LargestCount);
            }

            var counts = spec.Accelerator!.Count is { } given ? [given] : Enumerable.Range(1, (int)Math.Min(most, 64));
            foreach (var count in counts.Where(count => count <= most))
            {
                var tensor = spec.Parallelism?.Tensor ?? count / pipeline;
                if (tensor > 0 && count % (tensor * pipeline) == 0 && (spec.Accelerator.Count is not null ? demand.AllowsTensor(tensor) : demand.DealsOut(tensor) && count == tensor * pipeline))
                {
                    yield return new(known, count, tensor, pipeline, MemoryFit.Reckon(demand, known.MemoryMiB, tensor, pipeline), demand);
                }
            }
        }
    }

    /// <summary>The engines' own images are for CUDA; for another make one has to be given.</summary>
    public static bool RunsImage(AcceleratorClass known, LlmEndpointSpec spec) => spec.Engine?.Image is not null || known.Resource.StartsWith("nvidia.com/", StringComparison.Ordinal);

    /// <summary>The cheapest; of equally cheap ones that of the fewest accelerators, then the catalogue's order.</summary>
    private static Candidate? Best(IEnumerable<Candidate> candidates) => candidates
        .OrderBy(candidate => candidate.Class.PricePerHour is { } price ? price * candidate.Count : decimal.MaxValue)
        .ThenBy(candidate => candidate.Count)
        .FirstOrDefault();

    /// <summary>What was chosen before, where it was chosen for the same demand and still has room.</summary>
    private static Candidate? Kept(EndpointObservation observed, MemoryDemand demand, LlmEndpointSpec spec, string basis)
    {
        if (observed.Endpoint.Status?.Accelerator is not { Basis: { } before } chosen || before != basis || observed.Catalogue.Find(chosen.Type) is not { Members.Count: 0 } known)
        {
            return null;
        }

        var pipeline = spec.Parallelism?.Pipeline ?? 1;
        var tensor = spec.Parallelism?.Tensor ?? Math.Max(chosen.Count / pipeline, 1);
        var kept = new Candidate(known, chosen.Count, tensor, pipeline, MemoryFit.Reckon(demand, known.MemoryMiB, tensor, pipeline), demand);
        return kept.Fits ? kept : null;
    }

    /// <summary>
    /// Where to go when no pod has a node and the choice has come to nothing; null while it has not. It has when no node could take a pod; or when the scheduler refuses them and our own pods
    /// hold all there are of it, while there is another with some to spare. Only a place that is there is a reason to go, so nothing moves to and fro between full ones.
    /// </summary>
    private static Candidate? Better(EndpointObservation observed, LlmEndpointSpec spec, Candidate kept, List<Candidate> fitting)
    {
        var others = fitting.Where(candidate => candidate.Class.Name != kept.Class.Name || candidate.Count != kept.Count);
        var here = NodeFit.Demand(kept.Class, kept.Count, spec);
        if (!observed.Nodes.Any(node => NodeFit.Offers(node, here) >= kept.Count))
        {
            return Best(others);
        }

        var refused = LivePods(observed).Any(pod => pod.Status?.Conditions?.Any(condition => condition is { Type: "PodScheduled", Status: "False" }) == true);
        return refused && !HasFree(kept) ? Best(others.Where(HasFree)) : null;

        bool HasFree(Candidate candidate)
        {
            var asked = NodeFit.Demand(candidate.Class, candidate.Count, spec);
            return observed.Nodes.Any(node => NodeFit.Offers(node, asked) is var most && most >= candidate.Count && most - NodeFit.Taken(node, candidate.Class, observed) >= candidate.Count);
        }
    }

    private static IEnumerable<Pod> LivePods(EndpointObservation observed) => observed.Pods.Where(pod => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed"));

    private static (AcceleratorSettlement?, SpecProblem?) Settled(Candidate chosen, MemoryDemand demand, string basis) =>
        (new(chosen.Class, chosen.Count, chosen.Tensor, chosen.Pipeline, FitVerdict.Of(demand, chosen.Class, chosen.Count, chosen.Tensor, chosen.Pipeline, () => []), basis), null);

    /// <summary>What of the spec, besides the demand on memory, a choice depends on.</summary>
    private static string Wishes(LlmEndpointSpec spec)
    {
        var scheduling = spec.Scheduling;
        var selector = string.Join(',', (scheduling?.NodeSelector ?? new Dictionary<string, string>()).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));
        var tolerations = string.Join(',', (scheduling?.Tolerations ?? []).Select(toleration => $"{toleration.Key}:{toleration.Operator}:{toleration.Value}:{toleration.Effect}"));
        return $"{spec.Accelerator!.Count}|{spec.Parallelism?.Tensor}|{spec.Parallelism?.Pipeline}|{selector}|{tolerations}";
    }

    private static string Listed(List<Candidate> candidates)
    {
        var classes = candidates.GroupBy(candidate => candidate.Class.Name, StringComparer.Ordinal).Select(group => group.MaxBy(candidate => candidate.Count)!).ToList();
        return string.Join(", ", classes.Take(MostListed).Select(candidate => $"{candidate.Count}x {candidate.Class.Name}: {candidate.Need.NeededMiB} of {candidate.Need.AvailableMiB} MiB"))
            + (classes.Count > MostListed ? $", and {classes.Count - MostListed} more" : "");
    }

    private static (AcceleratorSettlement?, SpecProblem?) Unknown(string message) =>
        (null, new("AcceleratorNotChosen", message) { Fit = new(ConditionStatus.Unknown, "FactsMissing", message, null) });

    /// <summary>A class and a count there is to choose from.</summary>
    /// <param name="Class">Class.</param>
    /// <param name="Count">Accelerators of a replica.</param>
    /// <param name="Tensor">Accelerators that share every layer.</param>
    /// <param name="Pipeline">Groups that hold consecutive layers.</param>
    /// <param name="Need">The arithmetic.</param>
    /// <param name="Demand">What is asked.</param>
    internal sealed record Candidate(AcceleratorClass Class, int Count, int Tensor, int Pipeline, MemoryNeed Need, MemoryDemand Demand)
    {
        /// <summary>Whether the model fits. Where its cache is not known, a fifth of the weights is kept free for one, so that a choice can be made at all.</summary>
        public bool Fits => Need.Fits ?? (Need.WeightsMiB is { } weights && Need.NeededMiB + (weights / 5) <= Need.AvailableMiB);
    }
}
