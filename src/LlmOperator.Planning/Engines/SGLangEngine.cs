using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;
using static LlmOperator.Planning.Engines.EngineFacts;

namespace LlmOperator.Planning.Engines;

/// <summary>SGLang. Its image has no command of its own. It compiles kernels beside its sources, so its files are writable.</summary>
internal static class SGLangEngine
{
    private const string RendezvousPort = "20000";

    public static Engine Definition { get; } = new()
    {
        Type = EngineType.SGLang,
        Image = _ => "lmsysorg/sglang:v0.5.18",
        Port = 30000,
        HealthPath = "/health",
        Metrics = new()
        {
            Running = "sglang:num_running_reqs",
            Waiting = "sglang:num_queue_reqs",
            CacheUse = "sglang:token_usage",
            FirstToken = "sglang:time_to_first_token_seconds",
            BetweenTokens = "sglang:inter_token_latency_seconds",
        },
        Drains = _ => true,
        ReadOnlyRoot = false,
        Can = new()
        {
            Tasks = [ModelTask.Generate, ModelTask.Embed],
            Quantizations = new Dictionary<string, string>
            {
                [Quantizations.None] = "",
                [Quantizations.Fp8] = "fp8",
                [Quantizations.Int8] = "",
                [Quantizations.Awq] = "awq",
                [Quantizations.Gptq] = "gptq",
                [Quantizations.BitsAndBytes] = "bitsandbytes",
                [Quantizations.BitsAndBytesNf4] = "bitsandbytes",
            },
            Tensor = true,
            Pipeline = true,
            SeveralNodes = true,
            DataInPod = true,
            Adapters = true,
            Fp8Cache = true,
        },
        Launch = (settings, _) => new() { Command = ["python3", "-m", "sglang.launch_server"], Options = [.. Options(settings)] },
        Reserved = new Dictionary<string, string>
        {
            ["--model-path"] = ReservedWords.Model,
            ["--revision"] = ReservedWords.Revision,
            ["--served-model-name"] = ReservedWords.ServedName,
            ["--port"] = ReservedWords.Port,
            ["--host"] = ReservedWords.Host,
            ["--ssl-keyfile"] = ReservedWords.Tls,
            ["--ssl-certfile"] = ReservedWords.Tls,
            ["--tensor-parallel-size"] = ReservedWords.Tensor,
            ["--pipeline-parallel-size"] = ReservedWords.Pipeline,
            ["--data-parallel-size"] = ReservedWords.Data,
            ["--nnodes"] = ReservedWords.Nodes,
            ["--node-rank"] = ReservedWords.Nodes,
            ["--dist-init-addr"] = ReservedWords.Nodes,
        },
        LongForm = option => option switch
        {
            "--model" => "--model-path",
            "--tp" or "--tp-size" => "--tensor-parallel-size",
            "--pp" or "--pp-size" => "--pipeline-parallel-size",
            "--dp" or "--dp-size" => "--data-parallel-size",
            _ => option,
        },
    };

    private static IEnumerable<EngineOption> Options(EndpointSettings settings)
    {
        yield return new("--model-path", ModelVolume.Path(settings));
        if (FetchedRevision(settings) is { } revision)
        {
            yield return new("--revision", revision);
        }

        yield return new("--served-model-name", settings.Endpoint.Metadata.Name!);
        yield return new("--host", Host(settings));
        yield return new("--port", Number(Port(settings)));
        yield return new("--tensor-parallel-size", Number(settings.Tensor));
        if (settings.Pipeline > 1)
        {
            yield return new("--pipeline-parallel-size", Number(settings.Pipeline));
        }

        if (settings.DataInPod > 1)
        {
            yield return new("--data-parallel-size", Number(settings.DataInPod));
        }

        if (settings.Nodes > 1)
        {
            yield return new("--nnodes", Number(settings.Nodes));
            yield return new("--node-rank", GroupVariables.Rank);
            yield return new("--dist-init-addr", $"{GroupVariables.LeaderAddress}:{RendezvousPort}");
        }

        foreach (var option in Memory(settings))
        {
            yield return option;
        }

        if (ModelAdapters.Of(settings) is { Count: > 0 } adapters)
        {
            yield return new("--enable-lora");
            yield return new("--max-loras-per-batch", Number(adapters.Count));
            yield return new("--max-lora-rank", Number(ModelAdapters.Rank(settings)));
            yield return new("--lora-paths", [.. adapters.Select(adapter => $"{adapter.Name}={adapter.Path}")]);
        }

        if (settings.ModelSpec.Task == ModelTask.Embed)
        {
            yield return new("--is-embedding");
        }

        yield return new("--enable-metrics");
        yield return new("--log-level-http", "warning");
    }

    private static IEnumerable<EngineOption> Memory(EndpointSettings settings)
    {
        yield return new("--mem-fraction-static", Number(settings.Engine.GpuMemoryUtilization));
        yield return new("--kv-cache-dtype", HasFp8Cache(settings) ? "fp8_e5m2" : "auto");
        if (ContextLength(settings) is { } context)
        {
            yield return new("--context-length", Number(context));
        }

        if (settings.ModelSpec.Limits?.MaxBatchTotalTokens is { } total)
        {
            yield return new("--max-total-tokens", Number(total));
        }

        if (settings.ModelSpec.Limits?.MaxBatchPrefillTokens is { } batch)
        {
            yield return new("--max-prefill-tokens", Number(batch));
        }

        if (settings.Engine.MaxConcurrentRequests is { } requests)
        {
            yield return new("--max-running-requests", Number(requests));
        }

        if (NeedsFloat16(settings))
        {
            yield return new("--dtype", "half");
        }

        if (Quantization(settings) is { } quantization)
        {
            yield return new("--quantization", quantization);
            if (quantization == Quantizations.BitsAndBytes)
            {
                yield return new("--load-format", quantization);
            }
        }
    }
}
