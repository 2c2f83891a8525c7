using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>What an inference server was told by its own flags and variables, as far as the stand-in minds it. Flags it does not know are passed over.</summary>
internal sealed record EngineSettings
{
    private const int UsualContext = 4096;

    /// <summary>The server played.</summary>
    public required EngineKind Kind { get; init; }

    /// <summary>Model, as the flag names it.</summary>
    public required string Model { get; init; }

    /// <summary>Names it is served under.</summary>
    public required IReadOnlyList<string> ServedNames { get; init; }

    /// <summary>Revision of the model; null when not told.</summary>
    public string? Revision { get; init; }

    /// <summary>Port.</summary>
    public required int Port { get; init; }

    /// <summary>Tokens of the longest request, prompt and answer together.</summary>
    public int ContextLength { get; init; } = UsualContext;

    /// <summary>Requests that run at once; others wait.</summary>
    public int MostRunning { get; init; } = 256;

    /// <summary>Keys that are accepted; empty when none is needed.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Adapters served from the start, by name.</summary>
    public IReadOnlyDictionary<string, string> Adapters { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether adapters can be served at all.</summary>
    public bool HasAdapters { get; init; }

    /// <summary>Whether adapters may be loaded while it runs.</summary>
    public bool LoadsAdapters { get; init; }

    /// <summary>Whether it makes embeddings in place of texts.</summary>
    public bool IsPooling { get; init; }

    /// <summary>How long running answers may take after the signal to end; null for as long as the pod's grace lasts.</summary>
    public TimeSpan? Drain { get; init; } = TimeSpan.Zero;

    /// <summary>Reads flags and variables.</summary>
    public static EngineSettings Read(EngineKind kind, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var flags = Flags(arguments);
        string? Flag(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (flags.TryGetValue(name, out var values))
                {
                    return values.Count > 0 ? values[0] : "";
                }

                // These two take their flags from variables of the same name, in capitals.
                if (kind is EngineKind.Tgi or EngineKind.Tei or EngineKind.LlamaCpp && environment.TryGetValue((kind == EngineKind.LlamaCpp ? "LLAMA_ARG_" : "") + name.TrimStart('-').Replace('-', '_').ToUpperInvariant(), out var value))
                {
                    return value;
                }
            }

            return null;
        }

        int? Number(params ReadOnlySpan<string> names) => int.TryParse(Flag(names), CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
        var positional = arguments is ["serve", var served, ..] && !served.StartsWith('-') ? served : null;
        var model = positional ?? Flag("--model", "--model-path", "--model-id", "--hf-repo", "-m", "-hf") ?? environment.GetValueOrDefault("HF_MODEL_ID") ?? "unnamed-model";
        var names = (flags.TryGetValue("--served-model-name", out var given) && given.Count > 0 ? given : null)
            ?? (Flag("--alias", "-a") ?? Flag("--served-model-name")) switch { { Length: > 0 } name => [name], _ => [model] };
        var slots = Number("--max-num-seqs", "--max-running-requests", "--parallel", "-np", "--max-concurrent-requests");
        var context = Number("--max-model-len", "--context-length", "--max-total-tokens", "--ctx-size", "-c") ?? UsualContext;
        return new()
        {
            Kind = kind,
            Model = model,
            ServedNames = names,
            Revision = Flag("--revision"),
            Port = Number("--port", "-p") ?? kind switch { EngineKind.VLlm => 8000, EngineKind.SGLang => 30000, EngineKind.LlamaCpp => 8080, _ => 80 },

            // llama.cpp shares its context out among its slots.
            ContextLength = kind == EngineKind.LlamaCpp && Number("--parallel", "-np") is { } shares ? Math.Max(context / shares, 1) : context,
            MostRunning = slots ?? 256,
            ApiKeys = [.. new[] { Flag("--api-key"), kind == EngineKind.VLlm ? environment.GetValueOrDefault("VLLM_API_KEY") : null }.OfType<string>().Where(key => key.Length > 0).Concat(flags.GetValueOrDefault("--api-key") ?? []).Distinct()],
            Adapters = ReadAdapters(flags.GetValueOrDefault("--lora-modules") ?? flags.GetValueOrDefault("--lora-paths") ?? [.. (environment.GetValueOrDefault("LORA_ADAPTERS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)]),
            HasAdapters = flags.ContainsKey("--enable-lora") || kind == EngineKind.Tgi,
            LoadsAdapters = kind is EngineKind.VLlm or EngineKind.SGLang && flags.ContainsKey("--enable-lora")
                && (kind == EngineKind.SGLang || environment.GetValueOrDefault("VLLM_ALLOW_RUNTIME_LORA_UPDATING") is "1" or "True" or "true"),
            IsPooling = kind == EngineKind.Tei || Flag("--runner") == "pooling" || flags.ContainsKey("--is-embedding") || flags.ContainsKey("--embeddings") || Flag("--task") is "embed" or "score" or "classify",
            Drain = kind switch
            {
                EngineKind.SGLang => null,
                EngineKind.Tgi => TimeSpan.FromSeconds(Number("--graceful-termination-timeout") ?? 90),
                EngineKind.VLlm => TimeSpan.FromSeconds(Number("--shutdown-timeout") ?? 0),
                _ => TimeSpan.Zero,
            },
        };
    }

    private static Dictionary<string, List<string>> Flags(IReadOnlyList<string> arguments)
    {
        var flags = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string>? values = null;
        foreach (var argument in arguments)
        {
            if (argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]))
            {
                var parts = argument.Split('=', 2);
                flags[parts[0].StartsWith("--", StringComparison.Ordinal) ? parts[0].Replace('_', '-') : parts[0]] = values = [.. parts[1..]];
            }
            else
            {
                values?.Add(argument);
            }
        }

        return flags;
    }

    /// <summary>Adapters as <c>name=path</c> or as JSON.</summary>
    private static Dictionary<string, string> ReadAdapters(IReadOnlyList<string> modules)
    {
        var adapters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var module in modules)
        {
            if (module.StartsWith('{'))
            {
                try
                {
                    var described = JsonNode.Parse(module);
                    adapters[described.Text("name") ?? ""] = described.Text("path") ?? "";
                }
                catch (JsonException)
                {
                    adapters[module] = module;
                }
            }
            else
            {
                var parts = module.Split('=', 2);
                adapters[parts[0]] = parts[^1];
            }
        }

        return adapters;
    }
}
