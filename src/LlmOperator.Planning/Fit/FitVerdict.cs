using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Planning.Accelerators;

namespace LlmOperator.Planning.Fit;

/// <summary>Whether a model fits, as the condition Fits says it.</summary>
/// <param name="Status">True, False, or Unknown where a fact is missing that decides.</param>
/// <param name="Reason">One CamelCase word.</param>
/// <param name="Message">The arithmetic and, where it does not fit, what would.</param>
/// <param name="Memory">The arithmetic in numbers; null where nothing can be reckoned.</param>
internal sealed record FitVerdict(string Status, string Reason, string Message, MemoryStatus? Memory)
{
    public const string DoesNotFitReason = "DoesNotFit";

    /// <summary>The verdict on a demand that is spread over accelerators of a class.</summary>
    /// <param name="demand">What is asked.</param>
    /// <param name="accelerator">Class.</param>
    /// <param name="count">Accelerators of a replica.</param>
    /// <param name="tensor">Accelerators that share every layer.</param>
    /// <param name="pipeline">Groups of accelerators that hold consecutive layers.</param>
    /// <param name="remedies">Asked for when it does not fit.</param>
    /// <param name="refusal">Beginning of the message when it does not fit.</param>
    public static FitVerdict Of(
        MemoryDemand demand, AcceleratorClass accelerator, int count, int tensor, int pipeline, Func<IReadOnlyList<FitRemedy>> remedies, string refusal = "the model does not fit: ")
    {
        if (demand.NotReckoned is { } why)
        {
            return new(ConditionStatus.Unknown, "NotReckoned", $"whether the model fits is not reckoned: {why}", null);
        }

        var need = MemoryFit.Reckon(demand, accelerator.MemoryMiB, tensor, pipeline);
        var memory = new MemoryStatus
        {
            NeededMiB = need.NeededMiB,
            AvailableMiB = need.AvailableMiB,
            WeightsMiB = need.WeightsMiB,
            KvCacheMiB = need.KvCacheMiB,
            OverheadMiB = need.OverheadMiB,
            KvCacheTokens = need.KvCacheTokens,
        };
        return need.Fits switch
        {
            true => new(ConditionStatus.True, "MemorySuffices", $"{Arithmetic(demand, need, accelerator, count, tensor, pipeline)}{Left(need)}", memory),
            false => new(ConditionStatus.False, DoesNotFitReason, $"{refusal}{Arithmetic(demand, need, accelerator, count, tensor, pipeline)}. {Advice(demand, remedies())}", memory),
            null => new(
                ConditionStatus.Unknown,
                "FactsMissing",
                $"it is not known whether the model fits, for want of {string.Join("; of ", demand.Missing())}. As far as it is known: {Arithmetic(demand, need, accelerator, count, tensor, pipeline)}",
                memory),
        };
    }

    /// <summary>What would fit, in one sentence.</summary>
    public static string Advice(MemoryDemand demand, IReadOnlyList<FitRemedy> remedies)
    {
        if (remedies.Count == 0)
        {
            return "No class of the catalogue has room, quantised or not: serve a smaller model, or add a larger class to the catalogue";
        }

        var missing = demand.Missing();
        return $"{(missing.Count == 0 ? "What would fit" : "What has room for as much as is known")}: {string.Join("; or ", remedies.Select(remedy => remedy.Text))}{(missing.Count == 0 ? "" : $". Not known is {string.Join("; and ", missing)}")}";
    }

    /// <summary>The sum, for one accelerator.</summary>
    public static string Arithmetic(MemoryDemand demand, MemoryNeed need, AcceleratorClass accelerator, int count, int tensor, int pipeline)
    {
        var parts = new List<string>();
        if (need.WeightsMiB is { } weights)
        {
            parts.Add($"weights {weights}");
        }

        if (demand.KeepsCache && need.KvCacheMiB is { } cache)
        {
            var sequences = demand.Sequences == 1 ? "" : $" in {demand.Sequences} slots";
            parts.Add($"key-value cache {cache} for {demand.CacheTokens} tokens{sequences}{(demand.KvValueBits == 8 ? " in 8 bits" : "")}");
        }

        parts.Add($"overhead {need.OverheadMiB}");
        var spread = tensor * pipeline == 1 ? "" : $" of the {tensor * pipeline} that share a copy";
        var copies = count > tensor * pipeline ? $", with {count / (tensor * pipeline)} copies in a replica" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{need.NeededMiB} MiB are needed on each {accelerator.Name}{spread} ({string.Join(" + ", parts)}){copies} and {need.AvailableMiB} MiB are available ({accelerator.MemoryMiB} MiB x {demand.Utilization:0.###}{(demand.Engine == EngineType.Tgi ? " x 0.9, as TGI leaves a tenth free" : "")})");
    }

    private static string Left(MemoryNeed need) => need.KvCacheTokens is { } tokens ? $"; beside weights and overhead there is room for {tokens} tokens of key-value cache" : "";
}
