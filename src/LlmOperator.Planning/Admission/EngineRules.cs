using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>What each engine can serve.</summary>
internal static class EngineRules
{
    private static readonly string[] AllTasks = [ModelTask.Generate, ModelTask.Embed, ModelTask.Rerank];

    private static readonly Dictionary<string, (string[] Tasks, string[] Quantizations)> Engines = new(StringComparer.Ordinal)
    {
        [EngineType.VLlm] = (
            AllTasks,
            [Quantizations.None, Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.BitsAndBytesNf4, Quantizations.Gguf]),
        [EngineType.Tgi] = (
            [ModelTask.Generate],
            [Quantizations.None, Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.BitsAndBytesNf4, Quantizations.Eetq]),
        [EngineType.SGLang] = (
            AllTasks,
            [Quantizations.None, Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.Gguf]),
        [EngineType.LlamaCpp] = (AllTasks, [Quantizations.Gguf]),
        [EngineType.Tei] = ([ModelTask.Embed, ModelTask.Rerank], [Quantizations.None]),
    };

    /// <summary>An engine that does not do what the model is for.</summary>
    public static SpecProblem? TaskMismatch(LlmEndpointSpec spec, LlmModelSpec model, string name)
    {
        var engine = TypeOf(spec);
        return Engines.TryGetValue(engine, out var can) && !can.Tasks.Contains(model.Task)
            ? new("EngineTaskMismatch", $"{engine} does not serve models with task {model.Task}, such as LlmModel {name}: set spec.engine.type to {Others(other => other.Tasks.Contains(model.Task))}")
            {
                Field = "spec.engine.type",
                Value = $"\"{engine}\"",
                IsChoice = true,
            }
            : null;
    }

    /// <summary>An engine that cannot load the weights as the model says.</summary>
    public static SpecProblem? QuantizationMismatch(LlmEndpointSpec spec, LlmModelSpec model, string name)
    {
        var engine = TypeOf(spec);
        return Engines.TryGetValue(engine, out var can) && !can.Quantizations.Contains(model.Quantization)
            ? new(
                "QuantizationNotSupported",
                $"{engine} does not load weights as {model.Quantization}: set spec.quantization of LlmModel {name} to {Listed(can.Quantizations)}, or spec.engine.type to {Others(other => other.Tasks.Contains(model.Task) && other.Quantizations.Contains(model.Quantization))}")
            {
                Field = "spec.engine.type",
                Value = $"\"{engine}\"",
                IsChoice = true,
            }
            : null;
    }

    /// <summary>Whether an engine spreads attention heads evenly over accelerators.</summary>
    public static bool DividesHeads(string? engine) => engine is null or EngineType.VLlm or EngineType.Tgi or EngineType.SGLang;

    private static string TypeOf(LlmEndpointSpec spec) => spec.Engine?.Type ?? EngineType.VLlm;

    private static string Others(Func<(string[] Tasks, string[] Quantizations), bool> can) =>
        Listed([.. Engines.Where(engine => can(engine.Value)).Select(engine => engine.Key), EngineType.Custom]);

    private static string Listed(IReadOnlyList<string> words) => words.Count == 1 ? words[0] : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";
}
