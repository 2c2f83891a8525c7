using System.Globalization;
using LlmOperator.Api.Endpoints;

namespace LlmOperator.Planning.Fit;

/// <summary>What the user's own arguments of an engine say of memory. They win over the operator's, so the arithmetic must follow them.</summary>
internal sealed class MemoryArguments
{
    private readonly Dictionary<string, string?> _given = new(StringComparer.Ordinal);

    public MemoryArguments(EngineSpec engine)
    {
        var arguments = engine.Args ?? [];
        for (var at = 0; at < arguments.Count; at++)
        {
            if (!arguments[at].StartsWith('-'))
            {
                continue;
            }

            var parts = arguments[at].Split('=', 2);
            var name = parts[0].StartsWith("--", StringComparison.Ordinal) ? parts[0].Replace('_', '-') : parts[0];
            _given[name] = parts.Length == 2 ? parts[1] : at + 1 < arguments.Count && !arguments[at + 1].StartsWith('-') ? arguments[at + 1] : null;
        }

        var (context, batched, sequences, utilization, cache, untold) = engine.Type switch
        {
            EngineType.VLlm => ("--max-model-len", "--max-num-batched-tokens", "--max-num-seqs", "--gpu-memory-utilization", "--kv-cache-dtype",
                new[] { "--cpu-offload-gb", "--tensor-parallel-size", "-tp", "--pipeline-parallel-size", "-pp", "--quantization", "-q", "--kv-cache-memory-bytes", "--num-gpu-blocks-override", "--model" }),
            EngineType.Tgi => ("--max-total-tokens", "--max-batch-prefill-tokens", "--max-batch-size", "--cuda-memory-fraction", "--kv-cache-dtype", ["--num-shard", "--quantize", "--model-id"]),
            EngineType.SGLang => ("--context-length", "--chunked-prefill-size", "--max-running-requests", "--mem-fraction-static", "--kv-cache-dtype",
                ["--cpu-offload-gb", "--tp", "--tp-size", "--tensor-parallel-size", "--pp-size", "--quantization", "--model-path"]),
            EngineType.LlamaCpp => ("--ctx-size", "--ubatch-size", "--parallel", "", "--cache-type-k", ["-c", "-np", "-ngl", "--gpu-layers", "--n-gpu-layers", "-ctk", "-ctv", "--cache-type-v", "-m", "--model", "--fit"]),
            EngineType.Tei => ("", "--max-batch-tokens", "", "", "", ["--model-id"]),
            _ => ("", "", "", "", "", Array.Empty<string>()),
        };
        Context = Count(context);
        BatchedTokens = Count(batched);
        Sequences = Count(sequences);
        Utilization = Text(utilization) is { } share && decimal.TryParse(share, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var fraction) && fraction is > 0 and <= 1 ? fraction : null;
        CacheBits = Text(cache) is { } type ? type.StartsWith("fp8", StringComparison.Ordinal) || type == "q8_0" ? 8 : 16 : null;
        var unread = new[] { context, batched, sequences }.FirstOrDefault(name => _given.ContainsKey(name) && Count(name) is null)
            ?? (_given.ContainsKey(utilization) && Utilization is null ? utilization : null);
        NotReckoned = (unread ?? Array.Find(untold, _given.ContainsKey)) is { } option ? $"spec.engine.args has {option}, and what memory is then taken only the engine knows" : null;
    }

    public int? Context { get; }

    public int? BatchedTokens { get; }

    public int? Sequences { get; }

    public decimal? Utilization { get; }

    public int? CacheBits { get; }

    /// <summary>Why memory cannot be reckoned; null when it can.</summary>
    public string? NotReckoned { get; }

    private string? Text(string name) => _given.GetValueOrDefault(name);

    /// <summary>A count as vLLM reads it: 8192, 8k (thousands) or 8K (1024).</summary>
    private int? Count(string name)
    {
        if (Text(name) is not { Length: > 0 } text)
        {
            return null;
        }

        var factor = text[^1] switch
        {
            'k' => 1000m,
            'K' => 1024m,
            'm' => 1_000_000m,
            'M' => 1024m * 1024m,
            _ => 1m,
        };
        return decimal.TryParse(factor == 1m ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * factor is >= 1 and <= int.MaxValue and var count
            ? (int)count
            : null;
    }
}
