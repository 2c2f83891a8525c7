using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>What was found in a model's repository, from which the facts follow.</summary>
public sealed record RepositoryContents
{
    // An index that is further from the files' sizes than this was not written for these files.
    private const double IndexTolerance = 0.1;

    /// <summary>Registry and name.</summary>
    public required string Source { get; init; }

    /// <summary>All files.</summary>
    public required IReadOnlyList<RegistryFile> Files { get; init; }

    /// <summary>The config.json; null when there is none, or none that can be read.</summary>
    public ModelConfig? Config { get; init; }

    /// <summary>Bytes of all tensors, as the index says.</summary>
    public long? IndexBytes { get; init; }

    /// <summary>Elements of each type of the tensors, under the names of safetensors (BF16, F32, I32 …).</summary>
    public IReadOnlyDictionary<string, long>? Elements { get; init; }

    /// <summary>Parameters, as the registry says of GGUF files.</summary>
    public long? GgufParameters { get; init; }

    /// <summary>Context length, as the registry says of GGUF files.</summary>
    public int? GgufContextLength { get; init; }

    /// <summary>Licence.</summary>
    public string? License { get; init; }

    /// <summary>Whether access has to be asked for.</summary>
    public bool? Gated { get; init; }

    /// <summary>The facts, each from the best source there is for it.</summary>
    public RegistryFacts Facts()
    {
        var files = WeightFiles.Of(Files);
        var parameters = Parameters(files);
        var bits = Bits(files);
        return new()
        {
            Source = Source,
            Parameters = parameters,
            Architecture = Config?.Architecture ?? (GgufContextLength is null ? null : new() { ContextLength = GgufContextLength }),
            BitsPerWeight = bits,
            QuantizationMethod = Config?.QuantizationMethod ?? (files?.Format == "gguf" ? Quantizations.Gguf : null),
            WeightsBytes = WeightsBytes(files) ?? (parameters is { } count && bits is { } each ? (long)Math.Ceiling(count * (decimal)each / 8) : null),
            TotalBytes = Files.Count > 0 && Files.All(file => file.Size is not null) ? Files.Sum(file => file.Size) : null,
            License = string.IsNullOrWhiteSpace(License) ? null : License[..Math.Min(License.Length, 128)],
            Gated = Gated,
        };
    }

    /// <summary>A configuration beside GGUF files is that of the model they were made from.</summary>
    private double? Bits(WeightFiles? files) => files is { Format: Quantizations.Gguf } ? GgufQuantization.BitsOf(files.Files) : Config?.BitsPerWeight;

    private long? WeightsBytes(WeightFiles? files) =>
        TrustedIndexBytes(files) ?? (files?.Format is null or "safetensors" && Elements is { Count: > 0 } ? TensorElements.Bytes(Elements) : null) ?? files?.Bytes;

    private long? TrustedIndexBytes(WeightFiles? files) =>
        IndexBytes is { } index && (files?.Bytes is not { } lying || Math.Abs(index - lying) <= lying * IndexTolerance) ? index : null;

    private long? Parameters(WeightFiles? files)
    {
        if (Elements is { Count: > 0 })
        {
            // Several weights share an element where they are packed, so that the shape tells more than the elements.
            return Config is { QuantizationMethod: not null, BitsPerWeight: < 8 } packed ? packed.EstimatedParameters ?? TensorElements.Unpacked(Elements, packed.BitsPerWeight.Value) : TensorElements.Count(Elements);
        }

        if (GgufParameters is { } counted)
        {
            return counted;
        }

        var plain = files is { Format: Quantizations.Gguf } ? Bits(files) : Config is { QuantizationMethod: null, BitsPerWeight: { } bits } ? bits : (double?)null;
        return plain is { } each && TrustedIndexBytes(files) is { } index ? (long)(index * 8 / each)
            : Config?.EstimatedParameters ?? (plain is { } size && files?.Bytes is { } bytes ? (long)(bytes * 8 / size) : null);
    }
}
