using System.Text.RegularExpressions;

namespace LlmOperator.Planning.Engines;

/// <summary>The grammar of names of images, as registries and container runtimes have it (github.com/distribution/reference).</summary>
internal static class ImageNames
{
    private const int MaxLength = 512;

    private static readonly Regex Name = new(
        @"^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?/)?"
        + @"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$",
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>Whether a text names an image.</summary>
    public static bool IsValid(string image) => image.Length <= MaxLength && !image.EndsWith('\n') && Name.IsMatch(image);
}
