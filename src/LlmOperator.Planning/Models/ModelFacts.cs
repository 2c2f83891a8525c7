using LlmOperator.Api.Common;
using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>What is known of a model and follows from it. A null is not known.</summary>
public sealed record ModelFacts
{
    /// <summary>Number of parameters.</summary>
    public ParameterCount? Parameters { get; init; }

    /// <summary>Class name of the architecture.</summary>
    public string? Architecture { get; init; }

    /// <summary>The shape: what the spec gives, filled up with what the registry says.</summary>
    public ModelArchitecture? Shape { get; init; }

    /// <summary>Bits a weight takes on the accelerator after quantisation.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>Bytes of all weights after quantisation.</summary>
    public long? WeightsBytes { get; init; }

    /// <summary>Bytes of key-value cache a token takes, at 16 bits a value. Layers with a sliding window take it up to their window only.</summary>
    public long? KvBytesPerToken { get; init; }

    /// <summary>Longest context in tokens.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Licence.</summary>
    public string? License { get; init; }

    /// <summary>Names of the facts that the spec gives.</summary>
    public required IReadOnlyList<string> Given { get; init; }

    /// <summary>Facts of a model: what the spec gives wins over what its registry says.</summary>
    /// <param name="spec">The model asked for.</param>
    /// <param name="registry">What the registry says; null when nothing was read.</param>
    public static ModelFacts Of(LlmModelSpec spec, RegistryFacts? registry = null)
    {
        var shape = Merged(spec.Architecture, registry?.Architecture);
        var parameters = spec.Parameters ?? ((registry?.Parameters ?? ModelArithmetic.Parameters(shape)) is { } counted ? new ParameterCount(counted) : null);
        var stored = registry?.BitsPerWeight is { } bits && spec.Architecture?.DataType is null ? bits : ModelArithmetic.BitsPerWeight(Quantizations.None, shape?.DataType);
        var isAsStored = spec.Quantization == Quantizations.None || (registry is { BitsPerWeight: not null } && registry.QuantizationMethod == spec.Quantization);
        var each = isAsStored ? stored : spec.Quantization == Quantizations.Gguf ? GgufQuantization.BitsOf(spec.Source.Pvc?.Path ?? spec.Source.Oci?.Path) : Least(stored, ModelArithmetic.BitsPerWeight(spec.Quantization, shape?.DataType));
        return new()
        {
            Parameters = parameters,
            Architecture = shape?.Name,
            Shape = shape,
            BitsPerWeight = each,
            WeightsBytes = Weights(spec, registry, parameters, each),
            KvBytesPerToken = ModelArithmetic.KvBytesPerToken(shape),
            ContextLength = shape?.ContextLength,
            License = spec.Card?.License ?? registry?.License,
            Given = [.. GivenFacts(spec)],
        };
    }

    private static long? Weights(LlmModelSpec spec, RegistryFacts? registry, ParameterCount? parameters, double? bits)
    {
        long? computed = parameters is { } count && bits is { } each ? (long)Math.Ceiling((decimal)count.Value * (decimal)each / 8) : null;
        if (spec.Parameters is not null || spec.Architecture?.DataType is not null || registry?.WeightsBytes is not { } stored)
        {
            return computed;
        }

        // Weights that lie in the repository as they are loaded take what they take there. The engine may shrink the others, and never makes them larger.
        return spec.Quantization == Quantizations.None || computed is not { } shrunk || registry.QuantizationMethod == spec.Quantization ? stored : Math.Min(stored, shrunk);
    }

    /// <summary>What is quantised already does not grow by being loaded in more bits. Null where the name of the quantisation does not say its bits.</summary>
    private static double? Least(double? stored, double? loaded) => stored is { } a && loaded is { } b ? Math.Min(a, b) : loaded;

    private static ModelArchitecture? Merged(ModelArchitecture? given, ModelArchitecture? read) => (given, read) switch
    {
        (null, _) => read,
        (_, null) => given,
        _ => new()
        {
            Name = given.Name ?? read.Name,
            DataType = given.DataType ?? read.DataType,
            Layers = given.Layers ?? read.Layers,
            HiddenSize = given.HiddenSize ?? read.HiddenSize,
            AttentionHeads = given.AttentionHeads ?? read.AttentionHeads,
            KeyValueHeads = given.KeyValueHeads ?? read.KeyValueHeads,
            HeadDimension = given.HeadDimension ?? read.HeadDimension,
            IntermediateSize = given.IntermediateSize ?? read.IntermediateSize,
            VocabularySize = given.VocabularySize ?? read.VocabularySize,
            ContextLength = given.ContextLength ?? read.ContextLength,
            TiedEmbeddings = given.TiedEmbeddings ?? read.TiedEmbeddings,
            Experts = given.Experts ?? read.Experts,
            ExpertsPerToken = given.ExpertsPerToken ?? read.ExpertsPerToken,
            KeyValueLayers = given.KeyValueLayers ?? read.KeyValueLayers,
            LatentDimension = given.LatentDimension ?? read.LatentDimension,
            SlidingWindow = given.SlidingWindow ?? read.SlidingWindow,
            SlidingLayers = given.SlidingLayers ?? read.SlidingLayers,
        },
    };

    private static IEnumerable<string> GivenFacts(LlmModelSpec spec)
    {
        if (spec.Parameters is not null)
        {
            yield return "parameters";
        }

        if (spec.Architecture is not null)
        {
            yield return "architecture";
        }

        if (spec.Card?.License is not null)
        {
            yield return "license";
        }
    }
}
