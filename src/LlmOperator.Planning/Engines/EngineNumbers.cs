using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Engines;

/// <summary>What an option of an engine takes.</summary>
internal enum NumberForm
{
    /// <summary>A whole number; engines that know one for "none" take it below zero.</summary>
    Whole,

    /// <summary>A whole number, or one with a letter for thousands or millions, or the word auto.</summary>
    Counted,

    /// <summary>A whole number, or one of the words auto and all.</summary>
    WholeOrWord,

    /// <summary>A decimal above 0 and up to 1.</summary>
    Share,

    /// <summary>Any decimal.</summary>
    Decimal,
}

/// <summary>Options of engines that take numbers: an engine that gets a word instead ends at its start, long after the mistake was made.</summary>
internal static class EngineNumbers
{
    private static readonly Dictionary<string, IReadOnlyDictionary<string, NumberForm>> ByEngine = new(StringComparer.Ordinal)
    {
        [EngineType.VLlm] = Table(
            whole: "--max-num-seqs --block-size --seed --max-loras --max-lora-rank --max-cpu-loras --max-logprobs --num-gpu-blocks-override --max-parallel-loading-workers --max-num-partial-prefills "
                + "--max-long-partial-prefills --api-server-count --data-parallel-size-local",
            counted: "--max-model-len --max-num-batched-tokens --long-prefill-token-threshold --kv-cache-memory-bytes",
            share: "--gpu-memory-utilization",
            real: "--swap-space --cpu-offload-gb"),
        [EngineType.Tgi] = Table(
            whole: "--max-input-tokens --max-input-length --max-total-tokens --max-batch-prefill-tokens --max-batch-total-tokens --max-concurrent-requests --max-batch-size --max-waiting-tokens --max-best-of "
                + "--max-stop-sequences --max-top-n-tokens --max-client-batch-size --validation-workers",
            share: "--cuda-memory-fraction",
            real: "--waiting-served-ratio --rope-factor"),
        [EngineType.SGLang] = Table(
            whole: "--context-length --max-running-requests --max-total-tokens --chunked-prefill-size --max-prefill-tokens --page-size --random-seed --max-loras-per-batch --max-lora-rank --cuda-graph-max-bs --stream-interval",
            share: "--mem-fraction-static",
            real: "--schedule-conservativeness --cpu-offload-gb --watchdog-timeout"),
        [EngineType.LlamaCpp] = Table(
            whole: "--ctx-size --parallel --batch-size --ubatch-size --threads --threads-batch --main-gpu --timeout --n-predict --keep --threads-http",
            words: "--n-gpu-layers"),
        [EngineType.Tei] = Table(whole: "--max-concurrent-requests --max-batch-tokens --max-batch-requests --max-client-batch-size --tokenization-workers --payload-limit"),
    };

    /// <summary>Numbers that are none. What was written instead is not repeated: an argument may hold anything.</summary>
    /// <param name="spec">Arguments and variables.</param>
    /// <param name="engine">Engine that gets them.</param>
    /// <param name="launch">How it is started; null when it cannot be.</param>
    public static IEnumerable<SpecProblem> Problems(EngineSpec spec, Engine engine, EngineLaunch? launch)
    {
        if (!ByEngine.TryGetValue(engine.Type, out var forms))
        {
            yield break;
        }

        var arguments = spec.Args ?? [];
        for (var at = 0; at < arguments.Count; at++)
        {
            var parts = arguments[at].Split('=', 2);
            if (!arguments[at].StartsWith('-') || !forms.TryGetValue(engine.LongForm(parts[0]), out var form))
            {
                continue;
            }

            if (!Fits(parts.Length > 1 ? parts[1] : at + 1 < arguments.Count ? arguments[at + 1] : "", form))
            {
                yield return Problem("spec.engine.args", parts[0], engine, form);
            }
        }

        foreach (var variable in launch is { Options.Count: 0 } ? spec.Env ?? [] : [])
        {
            if (variable.Value is { } value && forms.TryGetValue(EngineCommand.OptionOf(variable.Name), out var form) && !Fits(value, form))
            {
                yield return Problem("spec.engine.env", variable.Name, engine, form);
            }
        }
    }

    private static SpecProblem Problem(string field, string name, Engine engine, NumberForm form) => new(
        "ArgumentInvalid",
        $"{field} gives {name} no number, and {engine.Type} needs one there: {(form switch
        {
            NumberForm.Share => "write a decimal above 0 and up to 1, such as 0.9",
            NumberForm.Decimal => "write a decimal, such as 1.5",
            NumberForm.Counted => "write a whole number, such as 8192 or 8k",
            NumberForm.WholeOrWord => "write a whole number, auto or all",
            _ => "write a whole number, such as 64",
        })}");

    private static bool Fits(string value, NumberForm form) => form switch
    {
        NumberForm.Whole => IsWhole(value),
        NumberForm.WholeOrWord => value is "auto" or "all" || IsWhole(value),
        NumberForm.Counted => value is "auto" || IsWhole(value) || (value.Length > 1 && "kKmMgGtT".Contains(value[^1], StringComparison.Ordinal) && IsDecimal(value[..^1], out var number) && number > 0),
        NumberForm.Share => IsDecimal(value, out var share) && share is > 0 and <= 1,
        _ => IsDecimal(value, out _),
    };

    private static bool IsWhole(string value) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static bool IsDecimal(string value, out double number) =>
        double.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static Dictionary<string, NumberForm> Table(string whole, string counted = "", string share = "", string real = "", string words = "") =>
        new[] { (whole, NumberForm.Whole), (counted, NumberForm.Counted), (share, NumberForm.Share), (real, NumberForm.Decimal), (words, NumberForm.WholeOrWord) }
            .SelectMany(group => group.Item1.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => (name, group.Item2)))
            .ToDictionary(entry => entry.name, entry => entry.Item2, StringComparer.Ordinal);
}
