namespace LlmOperator.Planning.Models;

/// <summary>Arithmetic on numbers of tensor elements under the type names of safetensors.</summary>
public static class TensorElements
{
    /// <summary>Bits of an element; null for a type that is not known.</summary>
    public static int? Bits(string type) => type switch
    {
        "F64" or "I64" or "U64" => 64,
        "F32" or "I32" or "U32" => 32,
        "BF16" or "F16" or "I16" or "U16" => 16,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0" => 8,
        "F6_E2M3" or "F6_E3M2" => 6,
        "F4" => 4,
        _ => null,
    };

    /// <summary>Elements of all types.</summary>
    public static long Count(IReadOnlyDictionary<string, long> elements) => elements.Values.Sum();

    /// <summary>Bytes of all elements; null when a type is not known.</summary>
    public static long? Bytes(IReadOnlyDictionary<string, long> elements)
    {
        var bits = 0m;
        foreach (var (type, number) in elements)
        {
            if (Bits(type) is not { } each)
            {
                return null;
            }

            bits += (decimal)number * each;
        }

        return (long)Math.Ceiling(bits / 8);
    }

    /// <summary>Weights, where elements of whole numbers hold as many of them as their bits allow.</summary>
    public static long Unpacked(IReadOnlyDictionary<string, long> elements, double bitsPerWeight) =>
        elements.Sum(pair => pair.Key is "I32" or "U32" or "U8" or "I8" ? (long)(pair.Value * (Bits(pair.Key)!.Value / bitsPerWeight)) : pair.Value);
}
