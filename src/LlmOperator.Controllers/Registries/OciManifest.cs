using System.Buffers;
using System.Text.Json;
using LlmOperator.Api.Common;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>An image's manifest, or an index of them.</summary>
internal sealed record OciManifest
{
    private const string ModelType = "application/vnd.cncf.model.";
    private const long MostBytes = 10_000_000_000_000_000;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>Of an index: the digest of the manifest to look into.</summary>
    public string? Inner { get; init; }

    /// <summary>Digest of the configuration.</summary>
    public string? Config { get; init; }

    /// <summary>Whether it is a model artefact rather than an image of files.</summary>
    public bool IsModel { get; init; }

    public string? License { get; init; }

    public IReadOnlyList<RegistryFile> Files { get; init; } = [];

    /// <summary>Bytes of all layers.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Bytes of the layers that are weights, where they are marked.</summary>
    public long? WeightsBytes { get; init; }

    public static bool IsDigest(string text) => text.Length == 71 && text.StartsWith("sha256:", StringComparison.Ordinal) && text.AsSpan(7).IndexOfAnyExcept(Hexadecimal) < 0;

    /// <summary>Reads a manifest; null when it is none.</summary>
    public static OciManifest? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            if (List(root, "manifests") is { } manifests)
            {
                var usable = manifests.Where(item => Digest(item) is not null && Member(item, "artifactType") is null && Text(Member(item, "platform"), "os") != "unknown").ToList();
                var chosen = usable.FirstOrDefault(item => Text(Member(item, "platform"), "os") == "linux" && Text(Member(item, "platform"), "architecture") == "amd64");
                return (chosen.ValueKind == JsonValueKind.Object ? chosen : usable.FirstOrDefault()) is { ValueKind: JsonValueKind.Object } one ? new() { Inner = Digest(one) } : null;
            }

            if (List(root, "layers") is not { } layers)
            {
                return null;
            }

            var weights = layers.Where(layer => Text(layer, "mediaType")?.StartsWith(ModelType + "weight", StringComparison.Ordinal) == true && Text(layer, "mediaType")?.Contains("weight.config", StringComparison.Ordinal) != true).ToList();
            return new()
            {
                Config = Digest(Member(root, "config")),
                IsModel = (Text(root, "artifactType") ?? Text(Member(root, "config"), "mediaType"))?.StartsWith(ModelType, StringComparison.Ordinal) == true,
                License = Text(Member(root, "annotations"), "org.opencontainers.image.licenses") is { Length: > 0 } license ? license[..Math.Min(license.Length, 128)] : null,
                Files = [.. layers.Select(layer => new RegistryFile(Text(Member(layer, "annotations"), "org.cncf.model.filepath") ?? Digest(layer) ?? "layer", Size(layer), Digest(layer)?["sha256:".Length..]))],
                TotalBytes = Sum(layers),
                WeightsBytes = weights.Count > 0 ? Sum(weights) : null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long? Sum(List<JsonElement> layers) =>
        layers.Count is > 0 and < 900 && layers.All(layer => Size(layer) is not null) ? layers.Sum(layer => Size(layer)) : null;

    private static long? Size(JsonElement layer) => Member(layer, "size") is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var size) && size is >= 0 and <= MostBytes ? size : null;

    private static string? Digest(JsonElement? element) => Text(element, "digest") is { } digest && IsDigest(digest) ? digest : null;

    private static List<JsonElement>? List(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : null;

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement? element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}

/// <summary>The configuration of a model artefact (CNCF ModelPack).</summary>
internal static class OciModelConfig
{
    /// <summary>What is known already, with what the configuration adds.</summary>
    public static RegistryFacts Read(ReadOnlyMemory<byte> body, RegistryFacts known)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var config = Member(json.RootElement, "config");
            var described = Member(json.RootElement, "descriptor");
            var type = Text(config, "precision")?.ToLowerInvariant() switch
            {
                "bf16" or "bfloat16" => "bfloat16",
                "fp16" or "f16" or "float16" => "float16",
                "fp32" or "f32" or "float32" => "float32",
                "fp8" or "f8" or "float8" => "float8",
                _ => null,
            };
            var method = Text(config, "quantization") is { Length: > 0 and <= 64 } quantization ? quantization.ToLowerInvariant() : null;
            return known with
            {
                Parameters = ParameterCount.TryParse(Text(config, "paramSize")?.ToUpperInvariant())?.Value,
                Architecture = type is null ? null : new() { DataType = type },
                BitsPerWeight = method is null && type is not null ? ModelArithmetic.BitsPerWeight(Quantizations.None, type) : null,
                QuantizationMethod = method,
                License = known.License
                    ?? (Member(described, "licenses") is { ValueKind: JsonValueKind.Array } licenses && licenses.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.String } first
                        && first.GetString() is { Length: > 0 and <= 128 } license ? license : null),
            };
        }
        catch (JsonException)
        {
            return known;
        }
    }

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement? element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
