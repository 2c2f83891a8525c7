using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Collections;

/// <summary>A smaller copy of the vectors that is searched first: exactly one of the four, or <see cref="Disabled"/> in an update.</summary>
[JsonConverter(typeof(QuantizationConfigConverter))]
public sealed record QuantizationConfig
{
    /// <summary>Takes quantisation away, in an update.</summary>
    public static QuantizationConfig Disabled { get; } = new();

    /// <summary>A byte a number.</summary>
    public ScalarQuantization? Scalar { get; init; }

    /// <summary>A code for some numbers together.</summary>
    public ProductQuantization? Product { get; init; }

    /// <summary>One or two bits a number.</summary>
    public BinaryQuantization? Binary { get; init; }

    /// <summary>Qdrant's turbo coding, one to four bits a number.</summary>
    public TurboQuantization? Turbo { get; init; }
}

/// <summary>Numbers of scalar quantisation.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<ScalarType>))]
public enum ScalarType
{
    /// <summary>Eight bits.</summary>
    Int8,
}

/// <summary>A byte a number.</summary>
public sealed record ScalarQuantization
{
    /// <summary>Kind of number.</summary>
    public ScalarType Type { get; init; } = ScalarType.Int8;

    /// <summary>Share of the values that must fit, 0.5 to 1; the rest is cut off.</summary>
    public double? Quantile { get; init; }

    /// <summary>How the copy is held; as the vectors when null.</summary>
    public Memory? Memory { get; init; }
}

/// <summary>How much smaller product quantisation makes vectors.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<CompressionRatio>))]
public enum CompressionRatio
{
    /// <summary>A quarter.</summary>
    X4,

    /// <summary>An eighth.</summary>
    X8,

    /// <summary>A sixteenth.</summary>
    X16,

    /// <summary>A 32nd.</summary>
    X32,

    /// <summary>A 64th.</summary>
    X64,
}

/// <summary>A code for some numbers together.</summary>
public sealed record ProductQuantization
{
    /// <summary>How much smaller.</summary>
    public required CompressionRatio Compression { get; init; }

    /// <summary>How the copy is held; as the vectors when null.</summary>
    public Memory? Memory { get; init; }
}

/// <summary>Bits of binary quantisation.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<BinaryEncoding>))]
public enum BinaryEncoding
{
    /// <summary>One a number.</summary>
    OneBit,

    /// <summary>Two a number.</summary>
    TwoBits,

    /// <summary>Three for two numbers.</summary>
    OneAndHalfBits,
}

/// <summary>How a query is coded for binary quantisation.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<BinaryQueryEncoding>))]
public enum BinaryQueryEncoding
{
    /// <summary>As the server likes.</summary>
    Default,

    /// <summary>As the stored vectors.</summary>
    Binary,

    /// <summary>Four bits a number.</summary>
    [JsonStringEnumMemberName("scalar4bits")]
    Scalar4Bits,

    /// <summary>Eight bits a number.</summary>
    [JsonStringEnumMemberName("scalar8bits")]
    Scalar8Bits,
}

/// <summary>One or two bits a number.</summary>
public sealed record BinaryQuantization
{
    /// <summary>Bits a number.</summary>
    public BinaryEncoding? Encoding { get; init; }

    /// <summary>How a query is coded.</summary>
    public BinaryQueryEncoding? QueryEncoding { get; init; }

    /// <summary>How the copy is held; as the vectors when null.</summary>
    public Memory? Memory { get; init; }
}

/// <summary>Bits of turbo quantisation.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<TurboBits>))]
public enum TurboBits
{
    /// <summary>One a number.</summary>
    Bits1,

    /// <summary>Three for two numbers.</summary>
    [JsonStringEnumMemberName("bits1_5")]
    Bits1And5,

    /// <summary>Two a number.</summary>
    Bits2,

    /// <summary>Four a number.</summary>
    Bits4,
}

/// <summary>Qdrant's turbo coding.</summary>
public sealed record TurboQuantization
{
    /// <summary>Bits a number.</summary>
    public TurboBits? Bits { get; init; }

    /// <summary>How the copy is held; as the vectors when null.</summary>
    public Memory? Memory { get; init; }
}
