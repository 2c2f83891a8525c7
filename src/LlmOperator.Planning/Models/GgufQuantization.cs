using System.Text.RegularExpressions;

namespace LlmOperator.Planning.Models;

/// <summary>Bits a weight takes in a GGUF file, which the file's name tells by custom: <c>model-Q4_K_M.gguf</c>.</summary>
internal static partial class GgufQuantization
{
    /// <summary>What llama.cpp takes of a repository that is named without a quantisation.</summary>
    public const string Default = "Q4_K_M";

    // Whole files of models of 7 to 8 billion parameters, from the tables of llama.cpp (tools/quantize/README.md): embeddings and the last layer are kept in more bits than the name says.
    private static readonly Dictionary<string, double> Bits = new(StringComparer.OrdinalIgnoreCase)
    {
        ["IQ1_S"] = 2.0,
        ["IQ1_M"] = 2.15,
        ["IQ2_XXS"] = 2.38,
        ["IQ2_XS"] = 2.59,
        ["IQ2_S"] = 2.74,
        ["IQ2_M"] = 2.93,
        ["IQ3_XXS"] = 3.25,
        ["IQ3_XS"] = 3.5,
        ["IQ3_S"] = 3.66,
        ["IQ3_M"] = 3.76,
        ["IQ4_XS"] = 4.46,
        ["IQ4_NL"] = 4.68,
        ["Q2_K_S"] = 2.97,
        ["Q2_K"] = 3.16,
        ["Q3_K_S"] = 3.64,
        ["Q3_K_M"] = 4.0,
        ["Q3_K_L"] = 4.3,
        ["Q4_0"] = 4.66,
        ["Q4_1"] = 5.12,
        ["Q4_K_S"] = 4.67,
        ["Q4_K_M"] = 4.85,
        ["Q5_0"] = 5.59,
        ["Q5_1"] = 6.06,
        ["Q5_K_S"] = 5.57,
        ["Q5_K_M"] = 5.7,
        ["Q6_K"] = 6.57,
        ["Q8_0"] = 8.5,
        ["MXFP4"] = 4.25,
        ["BF16"] = 16,
        ["F16"] = 16,
        ["FP16"] = 16,
        ["F32"] = 32,
    };

    /// <summary>The quantisation a file's name ends in; null when it tells none that is known.</summary>
    public static string? Of(string? file) => file is not null && Suffix().Match(file) is { Success: true } match ? Known(match.Groups["name"].Value) : null;

    /// <summary>Bits of a weight in a file of this name; null when it does not tell.</summary>
    public static double? BitsOf(string? file) => Of(file) is { } name ? Bits[name] : null;

    /// <summary>Bits of a weight in files of one quantisation; null when they are of several or do not tell.</summary>
    public static double? BitsOf(IEnumerable<RegistryFile> files) => files.Select(file => BitsOf(file.Name)).Distinct().ToList() is [var one] ? one : null;

    // Some add what the quantisation was made by: UD-Q4_K_XL, Q4_K_M-imat. An unknown word is no number.
    private static string? Known(string name) => Bits.ContainsKey(name) ? name : null;

    [GeneratedRegex(@"(?:^|[-._/])(?<name>(?:I?Q[1-8]_[A-Z0-9_]+|MXFP4|B?F16|FP16|F32))(?:[-.](?:imat|imatrix|i1))?(?:-\d+-of-\d+)?\.gguf$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Suffix();
}
