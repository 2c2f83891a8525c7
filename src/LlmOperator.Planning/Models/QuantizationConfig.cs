using System.Text.Json;
using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>How a repository's weights are quantised, as its quantization_config says in the words of each method.</summary>
internal static class QuantizationConfig
{
    private const int LongestMethod = 64;

    /// <summary>The method in lower case and its bits; null and null when the weights are not quantised. The bits are null when the method does not say them.</summary>
    public static (string? Method, double? Bits) Read(ConfigFields fields)
    {
        if ((fields.Object("quantization_config") ?? fields.Object("compression_config")) is not { } config)
        {
            return (null, null);
        }

        var method = (Text(config, "quant_method") ?? (Is(config, "load_in_4bit") || Is(config, "load_in_8bit") ? Quantizations.BitsAndBytes : null))?.ToLowerInvariant();
        method = method is { Length: > LongestMethod } ? method[..LongestMethod] : method;
        return method is null ? (null, null) : (method, Number(config, "bits") ?? Number(config, "w_bit") ?? Bits(config, method));
    }

    private static double? Bits(JsonElement config, string method) => method switch
    {
        Quantizations.BitsAndBytes => Is(config, "load_in_4bit") || Is(config, "_load_in_4bit") ? 4 : 8,
        Quantizations.Fp8 or "fbgemm_fp8" or Quantizations.Eetq => 8,
        "mxfp4" => 4,
        Quantizations.Awq => 4,
        _ => Text(config, "quant_algo") is { } algorithm ? OfAlgorithm(algorithm) : OfGroups(config),
    };

    private static double? OfAlgorithm(string algorithm) =>
        algorithm.Contains("FP8", StringComparison.OrdinalIgnoreCase) || algorithm.Contains("W8", StringComparison.OrdinalIgnoreCase) ? 8
        : algorithm.Contains("FP4", StringComparison.OrdinalIgnoreCase) || algorithm.Contains("W4", StringComparison.OrdinalIgnoreCase) ? 4
        : null;

    /// <summary>compressed-tensors says its bits for each group of layers; the most is on the safe side.</summary>
    private static double? OfGroups(JsonElement config)
    {
        double? most = null;
        if (config.TryGetProperty("config_groups", out var groups) && groups.ValueKind == JsonValueKind.Object)
        {
            foreach (var group in groups.EnumerateObject())
            {
                if (group.Value.ValueKind == JsonValueKind.Object && group.Value.TryGetProperty("weights", out var weights) && weights.ValueKind == JsonValueKind.Object && Number(weights, "num_bits") is { } bits)
                {
                    most = Math.Max(most ?? 0, bits);
                }
            }
        }

        return most;
    }

    private static string? Text(JsonElement config, string name) => config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Is(JsonElement config, string name) => config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static double? Number(JsonElement config, string name) =>
        config.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is > 0 and <= 64 ? number : null;
}
