namespace LlmOperator.Kubernetes.Objects;

/// <summary>Making and reading owner references.</summary>
public static class OwnerReferences
{
    /// <summary>A reference that makes <paramref name="owner"/> the managing controller of what carries it.</summary>
    /// <exception cref="InvalidOperationException">The owner was never stored, so it has no uid to refer to.</exception>
    public static OwnerReference ControllerReference(this IKubeObject owner) => new()
    {
        ApiVersion = owner.ApiVersion,
        Kind = owner.Kind,
        Name = owner.Metadata.Name ?? throw new InvalidOperationException($"this {owner.Kind} has no name and so cannot own anything"),
        Uid = owner.Metadata.Uid ?? throw new InvalidOperationException($"{owner.Kind} {ObjectKey.Of(owner)} has no uid; only an object read from the API server can own others"),
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>Metadata with <paramref name="owner"/> as controller, replacing an older reference to the same owner.</summary>
    /// <exception cref="InvalidOperationException">
    /// Another controller manages the object already, or the owner lives in another namespace, from where the garbage collector would take it for gone.
    /// </exception>
    public static ObjectMeta WithController(this ObjectMeta metadata, IKubeObject owner)
    {
        var reference = owner.ControllerReference();
        if (owner.Metadata.Namespace is { } ns && ns != metadata.Namespace)
        {
            throw new InvalidOperationException(metadata.Namespace is null
                ? $"{owner.Kind} {ObjectKey.Of(owner)} is namespaced and cannot own the cluster-scoped {metadata.Name}"
                : $"{owner.Kind} {ObjectKey.Of(owner)} cannot own {metadata.Namespace}/{metadata.Name}: owners must be in the same namespace");
        }

        var others = new List<OwnerReference>();
        foreach (var present in metadata.OwnerReferences ?? [])
        {
            if (present.Uid == reference.Uid)
            {
                continue;
            }

            if (present.Controller == true)
            {
                throw new InvalidOperationException($"{metadata.Namespace}/{metadata.Name} is managed by {present.Kind} {present.Name} already");
            }

            others.Add(present);
        }

        others.Add(reference);
        return metadata with { OwnerReferences = others };
    }

    /// <summary>The reference to the managing controller; null when there is none.</summary>
    public static OwnerReference? ControllerOf(this IKubeObject obj)
    {
        foreach (var reference in obj.Metadata.OwnerReferences ?? [])
        {
            if (reference.Controller == true)
            {
                return reference;
            }
        }

        return null;
    }

    /// <summary>Whether <paramref name="owner"/> is the managing controller.</summary>
    public static bool IsControlledBy(this IKubeObject obj, IKubeObject owner) => owner.Metadata.Uid is { } uid && obj.ControllerOf()?.Uid == uid;
}
