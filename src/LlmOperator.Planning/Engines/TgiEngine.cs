using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using static LlmOperator.Planning.Engines.EngineFacts;

namespace LlmOperator.Planning.Engines;

/// <summary>
/// Hugging Face Text Generation Inference. All is said by environment variables, each also under the name by which the SageMaker image of it knows it (HF_MODEL_ID, SM_NUM_GPUS …),
/// so that either image serves the same.
/// </summary>
internal static class TgiEngine
{
    public static Engine Definition { get; } = new()
    {
        Type = EngineType.Tgi,
        Image = _ => "ghcr.io/huggingface/text-generation-inference:3.3.7",
        Port = 8080,
        HealthPath = "/health",
        Metrics = new()
        {
            Running = "tgi_batch_current_size",
            Waiting = "tgi_queue_size",
            BetweenTokens = "tgi_request_mean_time_per_token_duration",
        },
        Drains = _ => true,
        Can = new()
        {
            Quantizations = new Dictionary<string, string>
            {
                [Quantizations.None] = "",
                [Quantizations.Fp8] = "fp8",
                [Quantizations.Int8] = "",
                [Quantizations.Awq] = "awq",
                [Quantizations.Gptq] = "gptq",
                [Quantizations.BitsAndBytes] = "bitsandbytes",
                [Quantizations.BitsAndBytesNf4] = "bitsandbytes-nf4",
                [Quantizations.Eetq] = "eetq",
            },
            Tensor = true,
            Adapters = true,
            Fp8Cache = true,
        },
        Launch = (settings, _) => new() { Environment = [.. Environment(settings)] },
        Reserved = new Dictionary<string, string>
        {
            ["--model-id"] = ReservedWords.Model,
            ["HF_MODEL_ID"] = ReservedWords.Model,
            ["--revision"] = ReservedWords.Revision,
            ["HF_MODEL_REVISION"] = ReservedWords.Revision,
            ["--port"] = ReservedWords.Port,
            ["--hostname"] = ReservedWords.Host,
            ["--num-shard"] = ReservedWords.Tensor,
            ["--sharded"] = ReservedWords.Tensor,
            ["SM_NUM_GPUS"] = ReservedWords.Tensor,
        },
        LongForm = option => option switch
        {
            "-p" => "--port",
            "-e" => "--env",
            "--max-input-tokens" => "--max-input-length", // Two names of one limit; the launcher refuses both at once.
            _ => option,
        },
    };

    private static IEnumerable<EnvVar> Environment(EndpointSettings settings)
    {
        var limits = settings.ModelSpec.Limits;
        (string Name, string? Value)[] variables =
        [
            ("HF_MODEL_ID", ModelVolume.Path(settings)),
            ("MODEL_ID", ModelVolume.Path(settings)),
            ("HF_MODEL_REVISION", FetchedRevision(settings)),
            ("REVISION", FetchedRevision(settings)),
            ("SM_NUM_GPUS", Number(settings.Tensor)),
            ("NUM_SHARD", Number(settings.Tensor)),
            ("HF_MODEL_QUANTIZE", Quantization(settings)),
            ("QUANTIZE", Quantization(settings)),
            ("MAX_INPUT_LENGTH", Text(limits?.MaxInputTokens)),
            ("MAX_TOTAL_TOKENS", Text(ContextLength(settings))),
            ("MAX_BATCH_TOTAL_TOKENS", Text(limits?.MaxBatchTotalTokens)),
            ("MAX_BATCH_PREFILL_TOKENS", Text(limits?.MaxBatchPrefillTokens)),
            ("MAX_CONCURRENT_REQUESTS", Text(settings.Engine.MaxConcurrentRequests)),
            ("CUDA_MEMORY_FRACTION", Number(settings.Engine.GpuMemoryUtilization)),
            ("KV_CACHE_DTYPE", HasFp8Cache(settings) ? "fp8_e4m3fn" : null),

            // The launcher takes no type beside a quantisation.
            ("DTYPE", NeedsFloat16(settings) && Quantization(settings) is null ? "float16" : null),
            ("LORA_ADAPTERS", ModelAdapters.Of(settings) is { Count: > 0 } adapters ? string.Join(',', adapters.Select(adapter => $"{adapter.Name}={adapter.Path}")) : null),
            ("GRACEFUL_TERMINATION_TIMEOUT", Number(Termination.DrainSeconds(settings))),
            ("HOSTNAME", Host(settings)),
            ("PORT", Number(Port(settings))),
            ("HUGGINGFACE_HUB_CACHE", $"{EngineContainer.CachePath}/huggingface/hub"),
            ("USAGE_STATS", "off"),
        ];
        foreach (var (name, value) in variables)
        {
            if (value is not null)
            {
                yield return Variable(name, value);
            }
        }

        if (ModelVolume.Mounted(settings) is null && settings.ModelSpec.Source.HuggingFace?.TokenSecretRef is { } token)
        {
            yield return ModelVolume.FromSecret("HUGGING_FACE_HUB_TOKEN", token.Name, token.Key);
        }
    }

    private static string? Text(int? value) => value is { } number ? Number(number) : null;
}
