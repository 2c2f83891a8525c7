using System.Globalization;
using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Endpoints;

/// <summary>
/// The command line of vLLM. What decides memory and behaviour is always said, so that a new image with other defaults changes nothing.
/// </summary>
internal static class VLlmArguments
{
    public const string DefaultImage = "vllm/vllm-openai:v0.11.0";

    public const int DefaultPort = 8000;

    public const string HealthPath = "/health";

    /// <summary>Arguments in a stable order, the user's own last.</summary>
    public static IReadOnlyList<string> Of(EndpointSettings settings)
    {
        var options = new List<(string Name, string[] Values)>
        {
            ("--model", [ModelVolume.Path(settings.ModelSpec.Source)]),
            ("--served-model-name", [.. ServedNames(settings)]),
            ("--port", [Number(settings.Engine.Port ?? DefaultPort)]),
            ("--tensor-parallel-size", [Number(settings.Tensor)]),
            ("--gpu-memory-utilization", [settings.Engine.GpuMemoryUtilization.ToString("0.###", CultureInfo.InvariantCulture)]),
        };
        AddIf(settings.Revision is not null && settings.ModelSpec.Source.HuggingFace is not null, "--revision", settings.Revision!);
        AddIf(settings.Pipeline > 1, "--pipeline-parallel-size", Number(settings.Pipeline));
        AddIf(settings.DataInPod > 1, "--data-parallel-size", Number(settings.DataInPod));
        AddIf(ContextLength(settings) is not null, "--max-model-len", Number(ContextLength(settings) ?? 0));
        AddIf(settings.ModelSpec.Limits?.MaxBatchPrefillTokens is not null, "--max-num-batched-tokens", Number(settings.ModelSpec.Limits?.MaxBatchPrefillTokens ?? 0));
        AddIf(settings.Engine.MaxConcurrentRequests is not null, "--max-num-seqs", Number(settings.Engine.MaxConcurrentRequests ?? 0));
        AddIf(Quantization(settings.ModelSpec.Quantization) is not null, "--quantization", Quantization(settings.ModelSpec.Quantization) ?? "");
        AddIf(settings.ModelSpec.Source.S3 is not null, "--load-format", "runai_streamer");
        AddIf(settings.ModelSpec.Task != ModelTask.Generate, "--runner", "pooling");

        var own = settings.Engine.Args ?? [];
        var given = Given(own);
        return
        [
            .. options.Where(option => !given.Contains(option.Name)).SelectMany(option => (IEnumerable<string>)[option.Name, .. option.Values]),
            .. own,
        ];

        void AddIf(bool condition, string name, string value)
        {
            if (condition)
            {
                options.Add((name, [value]));
            }
        }
    }

    /// <summary>Options that arguments name, in their long form; vLLM takes underscores for hyphens and has short names for some.</summary>
    public static IReadOnlySet<string> Given(IReadOnlyList<string>? arguments) =>
        (arguments ?? []).Select(argument => argument.Split('=', 2)[0]).Select(Long).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private static string? Long(string option) => option switch
    {
        "-tp" => "--tensor-parallel-size",
        "-pp" => "--pipeline-parallel-size",
        "-dp" => "--data-parallel-size",
        "-q" => "--quantization",
        _ when option.StartsWith("--", StringComparison.Ordinal) => option.Replace('_', '-'),
        _ => null,
    };

    /// <summary>The endpoint's name, which stays when the model is upgraded, and the model's.</summary>
    public static IEnumerable<string> ServedNames(EndpointSettings settings) =>
        new[] { settings.Endpoint.Metadata.Name!, settings.Model.Metadata.Name! }.Distinct(StringComparer.Ordinal);

    private static int? ContextLength(EndpointSettings settings) =>
        settings.Engine.ContextLength ?? settings.ModelSpec.Limits?.MaxTotalTokens ?? settings.ModelSpec.Architecture?.ContextLength;

    /// <summary>vLLM's word; null where the repository's own configuration says it.</summary>
    private static string? Quantization(string quantization) => quantization switch
    {
        Quantizations.None or Quantizations.Int8 => null,
        Quantizations.BitsAndBytesNf4 => Quantizations.BitsAndBytes,
        _ => quantization,
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
