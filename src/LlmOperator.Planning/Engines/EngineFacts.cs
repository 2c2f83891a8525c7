using System.Globalization;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Engines;

/// <summary>What every engine is told in its own words.</summary>
internal static class EngineFacts
{
    public static int Port(EndpointSettings settings) => settings.Engine.Port ?? EngineTable.Of(settings.Engine).Port;

    /// <summary>Path that answers 200 once the engine can serve.</summary>
    public static string HealthPath(EndpointSettings settings) => settings.Engine.HealthPath ?? EngineTable.Of(settings.Engine).HealthPath;

    /// <summary>Address to listen on: behind the sidecar that of loopback, so that nobody goes past it.</summary>
    public static string Host(EndpointSettings settings) => PromptTraceSidecar.IsWanted(settings) ? "127.0.0.1" : "0.0.0.0";

    /// <summary>The endpoint's name, which stays when the model is upgraded, and the model's.</summary>
    public static IReadOnlyList<string> ServedNames(EndpointSettings settings) =>
        [.. new[] { settings.Endpoint.Metadata.Name!, settings.Model.Metadata.Name! }.Distinct(StringComparer.Ordinal)];

    /// <summary>Tokens of the longest request, input and output together; null where nothing says it.</summary>
    public static int? ContextLength(EndpointSettings settings) =>
        settings.Engine.ContextLength ?? settings.ModelSpec.Limits?.MaxTotalTokens ?? settings.ModelSpec.Architecture?.ContextLength ?? settings.Model.Status?.ContextLength;

    /// <summary>Revision to fetch; null where weights are not fetched from a registry that has them.</summary>
    public static string? FetchedRevision(EndpointSettings settings) =>
        settings.ModelSpec.Source.HuggingFace is not null && ModelVolume.Mounted(settings) is null ? settings.Revision : null;

    /// <summary>The engine's word for the model's quantisation; null where there is nothing to say.</summary>
    public static string? Quantization(EndpointSettings settings) =>
        EngineTable.Of(settings.Engine).Can.Quantizations.GetValueOrDefault(settings.ModelSpec.Quantization) is { Length: > 0 } word ? word : null;

    /// <summary>Whether the accelerator has no bfloat16, which weights are mostly in.</summary>
    public static bool NeedsFloat16(EndpointSettings settings) => !settings.Accelerator.Bf16;

    public static bool HasFp8Cache(EndpointSettings settings) => settings.Engine.KvCacheDataType == "fp8";

    public static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    public static EnvVar Variable(string name, string value) => new() { Name = name, Value = value };
}
