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

    /// <summary>Bits a weight takes on the accelerator after quantisation.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>Bytes of all weights after quantisation.</summary>
    public long? WeightsBytes { get; init; }

    /// <summary>Bytes of key-value cache a token takes, at 16 bits a value.</summary>
    public long? KvBytesPerToken { get; init; }

    /// <summary>Longest context in tokens.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Licence.</summary>
    public string? License { get; init; }

    /// <summary>Names of the facts that the spec gives.</summary>
    public required IReadOnlyList<string> Given { get; init; }

    /// <summary>Facts as far as the spec gives them.</summary>
    public static ModelFacts Of(LlmModelSpec spec)
    {
        var shape = spec.Architecture;
        var parameters = spec.Parameters ?? (ModelArithmetic.Parameters(shape) is { } computed ? new ParameterCount(computed) : null);
        var bits = ModelArithmetic.BitsPerWeight(spec.Quantization, shape?.DataType);
        return new()
        {
            Parameters = parameters,
            Architecture = shape?.Name,
            BitsPerWeight = bits,
            WeightsBytes = parameters is { } count && bits is { } each ? (long)Math.Ceiling((decimal)count.Value * (decimal)each / 8) : null,
            KvBytesPerToken = ModelArithmetic.KvBytesPerToken(shape),
            ContextLength = shape?.ContextLength,
            License = spec.Card?.License,
            Given = [.. GivenFacts(spec)],
        };
    }

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
