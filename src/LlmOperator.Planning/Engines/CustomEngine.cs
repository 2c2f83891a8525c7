using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using static LlmOperator.Planning.Engines.EngineFacts;

namespace LlmOperator.Planning.Engines;

/// <summary>An image of the user's own that speaks the OpenAI API. Nothing is known of its options; what there is to know is told to it in environment variables.</summary>
internal static class CustomEngine
{
    public static Engine Definition { get; } = new()
    {
        Type = EngineType.Custom,
        Image = _ => null,
        Port = 8000,
        HealthPath = "/health",
        Drains = _ => false,
        ReadOnlyRoot = false,
        Can = new()
        {
            Tasks = [ModelTask.Generate, ModelTask.Embed, ModelTask.Rerank],
            Quantizations = new[]
            {
                Quantizations.None, Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.BitsAndBytesNf4,
                Quantizations.Eetq, Quantizations.Gguf,
            }.ToDictionary(word => word),
            Tensor = true,
            Pipeline = true,
            DataInPod = true,
            Fp8Cache = true,
            S3 = true,
        },
        Reserved = new Dictionary<string, string> { ["PORT"] = ReservedWords.Port },
        Launch = (settings, _) => new() { Environment = [.. Environment(settings)] },
    };

    private static IEnumerable<EnvVar> Environment(EndpointSettings settings)
    {
        (string Name, string? Value)[] variables =
        [
            ("MODEL_ID", ModelVolume.Path(settings)),
            ("MODEL_REVISION", FetchedRevision(settings)),
            ("SERVED_MODEL_NAME", settings.Endpoint.Metadata.Name),
            ("HOST", Host(settings)),
            ("PORT", Number(Port(settings))),
            ("TENSOR_PARALLEL_SIZE", Number(settings.Tensor)),
            ("PIPELINE_PARALLEL_SIZE", Number(settings.Pipeline)),
            ("MAX_MODEL_LEN", ContextLength(settings) is { } context ? Number(context) : null),
            ("QUANTIZATION", settings.ModelSpec.Quantization == Quantizations.None ? null : settings.ModelSpec.Quantization),
            ("GPU_MEMORY_UTILIZATION", Number(settings.Engine.GpuMemoryUtilization)),
            ("KV_CACHE_DTYPE", settings.Engine.KvCacheDataType),
        ];
        return variables.Where(variable => variable.Value is not null).Select(variable => Variable(variable.Name, variable.Value!));
    }
}
