using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Controllers;

/// <summary>Owner references: whose an object is, and making one's own.</summary>
public static class Owners
{
    /// <summary>The reference by which <paramref name="owner"/> is the managing controller of another object.</summary>
    public static OwnerReference Reference(IKubeObject owner) => new()
    {
        ApiVersion = owner.ApiVersion,
        Kind = owner.Kind,
        Name = owner.Metadata.Name ?? throw new ArgumentException("an owner needs a name", nameof(owner)),
        Uid = owner.Metadata.Uid ?? throw new ArgumentException($"{owner.Kind} {owner.Metadata.Name} has no uid yet: only an object read from the server can own others", nameof(owner)),
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>The owner that manages an object; null when none does.</summary>
    public static OwnerReference? Controller(IKubeObject obj)
    {
        if (obj.Metadata.OwnerReferences is { } owners)
        {
            foreach (var owner in owners)
            {
                if (owner.Controller == true)
                {
                    return owner;
                }
            }
        }

        return null;
    }

    /// <summary>Whether a reference names an object of this kind, of whatever version.</summary>
    public static bool IsOfKind(OwnerReference reference, ResourceType kind)
    {
        if (reference.Kind != kind.Kind)
        {
            return false;
        }

        var slash = reference.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? kind.Group.Length == 0 : reference.ApiVersion.AsSpan(0, slash).SequenceEqual(kind.Group);
    }
}
