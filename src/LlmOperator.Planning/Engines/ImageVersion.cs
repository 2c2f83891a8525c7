using System.Text.RegularExpressions;

namespace LlmOperator.Planning.Engines;

/// <summary>The version an image's tag tells.</summary>
internal static partial class ImageVersion
{
    /// <summary>The version of a tag such as v0.27.1 or 3.3.7-rocm; null for a digest, a branch or a name that tells none.</summary>
    public static Version? Of(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') && Number().Match(name[(colon + 1)..]) is { Success: true } match
            ? new(int.Parse(match.Groups[1].ValueSpan), int.Parse(match.Groups[2].ValueSpan))
            : null;
    }

    [GeneratedRegex(@"^v?([0-9]{1,4})\.([0-9]{1,4})(?=[.+-]|$|rc|post)", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
