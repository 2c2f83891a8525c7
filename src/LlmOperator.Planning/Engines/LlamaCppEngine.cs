using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;
using static LlmOperator.Planning.Engines.EngineFacts;

namespace LlmOperator.Planning.Engines;

/// <summary>
/// The llama.cpp server, for GGUF files. From the hub it takes what the branch main holds at its start; it cannot be told a commit.
/// It ends at once on SIGTERM, so the pod sleeps before.
/// </summary>
internal static class LlamaCppEngine
{
    public const string FileSuffix = ".gguf";

    public static Engine Definition { get; } = new()
    {
        Type = EngineType.LlamaCpp,
        Image = _ => "ghcr.io/ggml-org/llama.cpp:server-cuda13-b9445",
        Port = 8080,
        HealthPath = "/health",
        Metrics = new() { Running = "llamacpp:requests_processing", Waiting = "llamacpp:requests_deferred" },
        Drains = _ => false,
        Can = new()
        {
            Tasks = [ModelTask.Generate, ModelTask.Embed, ModelTask.Rerank],
            Quantizations = new Dictionary<string, string> { [Quantizations.Gguf] = "" },
            Tensor = true,
            Pipeline = true,
        },
        Launch = (settings, _) => new() { Options = [.. Options(settings)], Environment = [Variable("LLAMA_CACHE", $"{EngineContainer.CachePath}/llama.cpp")] },
        Reserved = new Dictionary<string, string>
        {
            ["--model"] = ReservedWords.Model,
            ["--hf-repo"] = ReservedWords.Model,
            ["--model-url"] = ReservedWords.Model,
            ["--alias"] = ReservedWords.ServedName,
            ["--port"] = ReservedWords.Port,
            ["--host"] = ReservedWords.Host,
            ["--ssl-key-file"] = ReservedWords.Tls,
            ["--ssl-cert-file"] = ReservedWords.Tls,
            ["--api-prefix"] = ReservedWords.Path,
            ["--split-mode"] = ReservedWords.Tensor,
        },
        LongForm = option => option switch
        {
            "-m" => "--model",
            "-hf" or "-hfr" => "--hf-repo",
            "-mu" => "--model-url",
            "-a" => "--alias",
            "-sm" => "--split-mode",
            "-c" => "--ctx-size",
            "-np" => "--parallel",
            "-b" => "--batch-size",
            "-ngl" or "--gpu-layers" => "--n-gpu-layers",
            _ => option,
        },
    };

    private static IEnumerable<EngineOption> Options(EndpointSettings settings)
    {
        yield return new(ModelVolume.Mounted(settings) is null ? "--hf-repo" : "--model", ModelVolume.Path(settings));
        yield return new("--alias", settings.Endpoint.Metadata.Name!);
        yield return new("--host", Host(settings));
        yield return new("--port", Number(Port(settings)));
        yield return new("--n-gpu-layers", "999");
        if (settings.AcceleratorCount > 1)
        {
            yield return new("--split-mode", settings.Tensor > 1 ? "row" : "layer");
        }

        var slots = settings.Engine.MaxConcurrentRequests ?? 1;
        if (ContextLength(settings) is { } context)
        {
            // The context is shared out among the slots.
            yield return new("--ctx-size", ((long)context * slots).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        yield return new("--parallel", Number(slots));
        if (settings.ModelSpec.Limits?.MaxBatchPrefillTokens is { } batch)
        {
            yield return new("--batch-size", Number(batch));
        }

        if (settings.ModelSpec.Task == ModelTask.Embed)
        {
            yield return new("--embeddings");
        }

        if (settings.ModelSpec.Task == ModelTask.Rerank)
        {
            yield return new("--reranking");
        }

        yield return new("--metrics");
    }
}
