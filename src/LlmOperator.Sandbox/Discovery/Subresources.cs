using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Discovery;

/// <summary>A subresource as discovery shows it.</summary>
/// <param name="Name"><c>status</c>, <c>scale</c> …</param>
/// <param name="Group">Group of what it answers.</param>
/// <param name="Version">Version of what it answers.</param>
/// <param name="Kind">Kind of what it answers.</param>
/// <param name="Verbs">What can be done with it.</param>
internal sealed record Subresource(string Name, string Group, string Version, string Kind, string[] Verbs)
{
    /// <summary>All subresources of a kind, in the order they are listed.</summary>
    public static IReadOnlyList<Subresource> Of(KindDefinition kind)
    {
        var all = new List<Subresource>();
        if (kind.StatusSubresource)
        {
            all.Add(new("status", kind.Group, kind.Version, kind.Kind, ["get", "patch", "update"]));
        }

        if (kind.Scale is not null)
        {
            all.Add(new("scale", "autoscaling", "v1", "Scale", ["get", "patch", "update"]));
        }

        foreach (var name in kind.Subresources.Where(name => all.TrueForAll(known => known.Name != name)))
        {
            all.Add(name switch
            {
                "eviction" => new(name, "policy", "v1", "Eviction", ["create"]),
                "binding" => new(name, "", "v1", "Binding", ["create"]),
                "token" => new(name, "authentication.k8s.io", "v1", "TokenRequest", ["create"]),
                "log" => new(name, kind.Group, kind.Version, kind.Kind, ["get"]),
                "finalize" => new(name, kind.Group, kind.Version, kind.Kind, ["update"]),
                _ => new(name, kind.Group, kind.Version, kind.Kind, ["get", "patch", "update"]),
            });
        }

        return kind.Custom ? all : [.. all.OrderBy(subresource => subresource.Name, StringComparer.Ordinal)];
    }
}
