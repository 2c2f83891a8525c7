namespace LlmOperator.Sandbox.Server;

/// <summary>A resource path taken apart.</summary>
/// <param name="Group">API group, empty for core.</param>
/// <param name="Version">Version.</param>
/// <param name="Namespace">Namespace, null when the path has none.</param>
/// <param name="Plural">Resource.</param>
/// <param name="Name">Object, null for the collection.</param>
/// <param name="Subresource">Subresource, null for the object itself.</param>
/// <param name="Watch">Whether the path is of the old <c>/watch/</c> form.</param>
internal sealed record RequestPath(string Group, string Version, string? Namespace, string Plural, string? Name, string? Subresource, bool Watch)
{
    /// <summary>Reads <c>/api/v1/…</c> and <c>/apis/group/version/…</c>; null when there is no resource in it.</summary>
    public static RequestPath? Parse(string path)
    {
        var parts = path.Trim('/').Split('/');
        if (parts is not (["api", _, _, ..] or ["apis", _, _, _, ..]))
        {
            return null;
        }

        var (group, version, rest) = parts[0] == "api" ? ("", parts[1], parts[2..]) : (parts[1], parts[2], parts[3..]);
        var watch = rest[0] == "watch" && rest.Length > 1;
        if (watch)
        {
            rest = rest[1..];
        }

        // "namespaces/x" is the namespace itself, "namespaces/x/pods" a collection in it; its subresources are known by name.
        if (rest is ["namespaces", var ns, var plural, ..] && !(group.Length == 0 && plural is "status" or "finalize" && rest.Length == 3))
        {
            return new RequestPath(group, version, ns, plural, rest.ElementAtOrDefault(3), Join(rest, 4), watch);
        }

        return new RequestPath(group, version, null, rest[0], rest.ElementAtOrDefault(1), Join(rest, 2), watch);
    }

    private static string? Join(string[] parts, int from) => parts.Length > from ? string.Join('/', parts[from..]) : null;
}
