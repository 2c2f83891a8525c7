using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using static LlmOperator.Planning.Engines.EngineFacts;

namespace LlmOperator.Planning.Engines;

/// <summary>Hugging Face Text Embeddings Inference, for embedding and reranking models on one accelerator. It has an image for each generation of them.</summary>
internal static class TeiEngine
{
    private const string Version = "1.9.4";

    public static Engine Definition { get; } = new()
    {
        Type = EngineType.Tei,
        Image = settings => Tag(settings.Accelerator.ComputeCapability) is { } tag ? $"ghcr.io/huggingface/text-embeddings-inference:{tag}" : null,
        Port = 8080,
        HealthPath = "/health",
        Metrics = new() { Waiting = "te_queue_size" },
        Drains = _ => true,
        Can = new()
        {
            Tasks = [ModelTask.Embed, ModelTask.Rerank],
            Quantizations = new Dictionary<string, string> { [Quantizations.None] = "" },
        },
        Launch = (settings, _) => new() { Environment = [.. Environment(settings)] },
        Reserved = new Dictionary<string, string>
        {
            ["--model-id"] = ReservedWords.Model,
            ["--revision"] = ReservedWords.Revision,
            ["--served-model-name"] = ReservedWords.ServedName,
            ["--port"] = ReservedWords.Port,
            ["--hostname"] = ReservedWords.Host,
            ["--uds-path"] = ReservedWords.Host,
        },
        LongForm = option => option == "-p" ? "--port" : option,
    };

    private static string? Tag(Version? capability) => capability switch
    {
        { Major: 7, Minor: 5 } => $"turing-{Version}",
        { Major: 8, Minor: 0 } => Version,
        { Major: 8, Minor: 6 } => $"86-{Version}",
        { Major: 8, Minor: 9 } => $"89-{Version}",
        { Major: 9, Minor: 0 } => $"hopper-{Version}",
        { Major: 10, Minor: 0 } => $"100-{Version}",
        { Major: 12, Minor: 0 } => $"120-{Version}",
        _ => null,
    };

    private static IEnumerable<EnvVar> Environment(EndpointSettings settings)
    {
        yield return Variable("MODEL_ID", ModelVolume.Path(settings));
        if (FetchedRevision(settings) is { } revision)
        {
            yield return Variable("REVISION", revision);
        }

        yield return Variable("SERVED_MODEL_NAME", settings.Endpoint.Metadata.Name!);
        yield return Variable("DTYPE", "float16");
        if (settings.ModelSpec.Limits?.MaxBatchTotalTokens is { } batch)
        {
            yield return Variable("MAX_BATCH_TOKENS", Number(batch));
        }

        if (settings.Engine.MaxConcurrentRequests is { } requests)
        {
            yield return Variable("MAX_CONCURRENT_REQUESTS", Number(requests));
        }

        yield return Variable("HOSTNAME", Host(settings));
        yield return Variable("PORT", Number(Port(settings)));
        yield return Variable("HUGGINGFACE_HUB_CACHE", $"{EngineContainer.CachePath}/huggingface/hub");
    }
}
