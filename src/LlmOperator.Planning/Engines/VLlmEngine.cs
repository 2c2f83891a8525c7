using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;
using static LlmOperator.Planning.Engines.EngineFacts;

namespace LlmOperator.Planning.Engines;

/// <summary>
/// vLLM. What decides memory and behaviour is always said, so that an image with other defaults changes nothing.
/// Over several nodes it runs on processes of its own (executor "mp") and not on Ray: the plain image has all that takes, the command needs no shell,
/// and every pod is told its place by variables that a LeaderWorkerSet sets.
/// </summary>
internal static class VLlmEngine
{
    private const string DefaultImage = "vllm/vllm-openai:v0.27.1";
    private const string MasterPort = "29501";

    private static readonly Version FirstThatDrains = new(0, 18);
    private static readonly Version FirstWithQuietPaths = new(0, 16);

    public static Engine Definition { get; } = new()
    {
        Type = EngineType.VLlm,
        Image = _ => DefaultImage,
        Port = 8000,
        HealthPath = "/health",
        Metrics = new()
        {
            Running = "vllm:num_requests_running",
            Waiting = "vllm:num_requests_waiting",
            CacheUse = "vllm:kv_cache_usage_perc",
            FirstToken = "vllm:time_to_first_token_seconds",
            BetweenTokens = "vllm:inter_token_latency_seconds",
        },
        Drains = settings => IsAtLeast(settings, FirstThatDrains),
        Can = new()
        {
            Tasks = [ModelTask.Generate, ModelTask.Embed, ModelTask.Rerank],
            Quantizations = new Dictionary<string, string>
            {
                [Quantizations.None] = "",
                [Quantizations.Fp8] = "fp8",
                [Quantizations.Int8] = "",
                [Quantizations.Awq] = "awq",
                [Quantizations.Gptq] = "gptq",
                [Quantizations.BitsAndBytes] = "bitsandbytes",
                [Quantizations.BitsAndBytesNf4] = "bitsandbytes",
                [Quantizations.Gguf] = "gguf",
            },
            Tensor = true,
            Pipeline = true,
            SeveralNodes = true,
            DataInPod = true,
            Adapters = true,
            Fp8Cache = true,
            S3 = true,
        },
        Launch = (settings, role) => new()
        {
            Options = [.. Options(settings, role)],
            Environment =
            [
                Variable("VLLM_CACHE_ROOT", $"{EngineContainer.CachePath}/vllm"),
                Variable("VLLM_NO_USAGE_STATS", "1"),

                // The address peers find this pod under; guessed from the interfaces otherwise.
                .. settings.Nodes > 1 ? [new() { Name = "VLLM_HOST_IP", ValueFrom = new() { FieldRef = new() { FieldPath = "status.podIP" } } }] : Array.Empty<EnvVar>(),
            ],
        },
        Reserved = new Dictionary<string, string>
        {
            ["--model"] = ReservedWords.Model,
            ["--revision"] = ReservedWords.Revision,
            ["--served-model-name"] = ReservedWords.ServedName,
            ["--port"] = ReservedWords.Port,
            ["--host"] = ReservedWords.Host,
            ["--uds"] = ReservedWords.Host,
            ["--ssl-keyfile"] = ReservedWords.Tls,
            ["--ssl-certfile"] = ReservedWords.Tls,
            ["--root-path"] = ReservedWords.Path,
            ["--tensor-parallel-size"] = ReservedWords.Tensor,
            ["--pipeline-parallel-size"] = ReservedWords.Pipeline,
            ["--data-parallel-size"] = ReservedWords.Data,
            ["--nnodes"] = ReservedWords.Nodes,
            ["--node-rank"] = ReservedWords.Nodes,
            ["--master-addr"] = ReservedWords.Nodes,
            ["--headless"] = ReservedWords.Nodes,
        },
        LongForm = option => option switch
        {
            "-tp" => "--tensor-parallel-size",
            "-pp" => "--pipeline-parallel-size",
            "-dp" => "--data-parallel-size",
            "-n" => "--nnodes",
            "-r" => "--node-rank",
            "-q" => "--quantization",
            _ => option.Replace('_', '-'),
        },
    };

    private static IEnumerable<EngineOption> Options(EndpointSettings settings, PodRole role)
    {
        yield return new("--model", ModelVolume.Path(settings));
        if (FetchedRevision(settings) is { } revision)
        {
            yield return new("--revision", revision);
            yield return new("--tokenizer-revision", revision);
        }

        yield return new("--served-model-name", ServedNames(settings));
        if (PromptTraceSidecar.IsWanted(settings))
        {
            yield return new("--host", Host(settings));
        }

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

        foreach (var option in Group(settings, role).Concat(Memory(settings)).Concat(Adapters(settings)).Concat(Behaviour(settings)))
        {
            yield return option;
        }
    }

    private static IEnumerable<EngineOption> Group(EndpointSettings settings, PodRole role)
    {
        if (settings.Nodes == 1)
        {
            yield break;
        }

        yield return new("--distributed-executor-backend", "mp");
        yield return new("--nnodes", Number(settings.Nodes));
        yield return new("--node-rank", GroupVariables.Rank);
        yield return new("--master-addr", GroupVariables.LeaderAddress);
        yield return new("--master-port", MasterPort);
        if (role == PodRole.Worker)
        {
            yield return new("--headless");
        }
    }

    private static IEnumerable<EngineOption> Memory(EndpointSettings settings)
    {
        yield return new("--gpu-memory-utilization", Number(settings.Engine.GpuMemoryUtilization));
        yield return new("--kv-cache-dtype", settings.Engine.KvCacheDataType);
        if (ContextLength(settings) is { } context)
        {
            yield return new("--max-model-len", Number(context));
        }

        if (settings.ModelSpec.Limits?.MaxBatchPrefillTokens is { } batch)
        {
            yield return new("--max-num-batched-tokens", Number(batch));
        }

        if (settings.Engine.MaxConcurrentRequests is { } requests)
        {
            yield return new("--max-num-seqs", Number(requests));
        }

        if (NeedsFloat16(settings))
        {
            yield return new("--dtype", "half");
        }

        if (Quantization(settings) is { } quantization)
        {
            yield return new("--quantization", quantization);
        }

        if (settings.ModelSpec.Source.S3 is not null && ModelVolume.Mounted(settings) is null)
        {
            yield return new("--load-format", "runai_streamer");
        }
    }

    private static IEnumerable<EngineOption> Adapters(EndpointSettings settings)
    {
        if (ModelAdapters.Of(settings) is { Count: > 0 } adapters)
        {
            yield return new("--enable-lora");
            yield return new("--max-loras", Number(adapters.Count));
            yield return new("--max-lora-rank", Number(ModelAdapters.Rank(settings)));
            yield return new("--lora-modules", [.. adapters.Select(adapter => $"{adapter.Name}={adapter.Path}")]);
        }
    }

    private static IEnumerable<EngineOption> Behaviour(EndpointSettings settings)
    {
        if (settings.ModelSpec.Task != ModelTask.Generate)
        {
            yield return new("--runner", "pooling");
        }

        if (IsAtLeast(settings, FirstThatDrains))
        {
            yield return new("--shutdown-timeout", Number(Termination.DrainSeconds(settings)));
        }

        if (IsAtLeast(settings, FirstWithQuietPaths))
        {
            yield return new("--disable-access-log-for-endpoints", $"{settings.Engine.HealthPath ?? "/health"},/metrics");
        }
    }

    /// <summary>An option an image does not know keeps it from starting, so an image that tells no version is given none of the newer ones.</summary>
    private static bool IsAtLeast(EndpointSettings settings, Version version) => ImageVersion.Of(settings.Engine.Image ?? DefaultImage) >= version;
}
