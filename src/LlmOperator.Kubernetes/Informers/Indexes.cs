namespace LlmOperator.Kubernetes.Informers;

/// <summary>Index functions every kind can use; each gives the values under which an object is to be found.</summary>
public static class Indexes
{
    /// <summary>Name of the index by owner uid, which every informer has.</summary>
    public const string OwnerUid = "ownerUid";

    /// <summary>Uids of all owners.</summary>
    public static IEnumerable<string> ByOwnerUid(IKubeObject obj)
        => obj.Metadata.OwnerReferences is { Count: > 0 } owners ? owners.Select(owner => owner.Uid) : [];

    /// <summary>Value of a label.</summary>
    public static Func<IKubeObject, IEnumerable<string>> ByLabel(string label)
        => obj => obj.Metadata.Labels is { } labels && labels.TryGetValue(label, out var value) ? [value] : [];

    /// <summary>The value under which a reference to an object in a namespace is indexed: <c>namespace/name</c>.</summary>
    public static string Reference(string? ns, string name) => new ObjectKey(ns, name).ToString();
}
