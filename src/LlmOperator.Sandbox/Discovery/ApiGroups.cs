using System.Globalization;
using System.Text.RegularExpressions;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Discovery;

/// <summary>One group with its versions, the preferred one first.</summary>
internal sealed record ApiGroup(string Name, IReadOnlyList<ApiVersion> Versions);

/// <summary>One version of a group with its kinds.</summary>
internal sealed record ApiVersion(string Group, string Version, IReadOnlyList<KindDefinition> Kinds)
{
    /// <summary><c>group/version</c>.</summary>
    public string GroupVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}

/// <summary>Sorts the served kinds into groups and versions.</summary>
internal static partial class ApiGroups
{
    /// <summary>All groups; core first, then in the order the kinds are defined.</summary>
    public static IReadOnlyList<ApiGroup> Of(KindRegistry registry) => [.. registry.All
        .Where(kind => kind.Verbs.Count > 0)
        .GroupBy(kind => kind.Group)
        .OrderBy(group => group.Key.Length > 0)
        .Select(group => new ApiGroup(group.Key, [.. group
            .GroupBy(kind => kind.Version)
            .OrderByDescending(version => Priority(version.Key))
            .ThenBy(version => version.Key, StringComparer.Ordinal)
            .Select(version => new ApiVersion(group.Key, version.Key, [.. version.OrderBy(kind => kind.Custom ? "" : kind.Plural, StringComparer.Ordinal)]))]))];

    /// <summary>v2 before v1 before v1beta1 before v1alpha1 before anything else.</summary>
    private static (int Stability, int Major, int Minor) Priority(string version)
    {
        var match = VersionName().Match(version);
        if (!match.Success)
        {
            return (0, 0, 0);
        }

        var stability = match.Groups[2].Value switch { "" => 3, "beta" => 2, _ => 1 };
        return (stability, Number(match.Groups[1].Value), Number(match.Groups[3].Value));
    }

    private static int Number(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(@"^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?\z")]
    private static partial Regex VersionName();
}
