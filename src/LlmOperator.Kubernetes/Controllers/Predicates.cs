using LlmOperator.Kubernetes.Informers;

namespace LlmOperator.Kubernetes.Controllers;

/// <summary>
/// Which changes lead to a look. A predicate filters what is enqueued; the cache holds everything regardless.
/// Additions and deletions pass the "changed" predicates; an update passes by comparison of old and new.
/// </summary>
public static class Predicates
{
    /// <summary>
    /// The desired state changed (<c>metadata.generation</c>), which leaves out status, labels and annotations. Setting a deletion timestamp or finalizers of a custom resource
    /// counts as a change. A kind without generations passes when its version changed.
    /// </summary>
    public static bool GenerationChanged(ObjectEvent change) => Changed(change, static (old, now) =>
        old.Metadata.Generation is null && now.Metadata.Generation is null
            ? old.Metadata.ResourceVersion != now.Metadata.ResourceVersion
            : old.Metadata.Generation != now.Metadata.Generation || old.Metadata.DeletionTimestamp != now.Metadata.DeletionTimestamp);

    /// <summary>Anything changed: leaves out resyncs.</summary>
    public static bool ResourceVersionChanged(ObjectEvent change) => Changed(change, static (old, now) => old.Metadata.ResourceVersion != now.Metadata.ResourceVersion);

    /// <summary>Labels changed.</summary>
    public static bool LabelsChanged(ObjectEvent change) => Changed(change, static (old, now) => !Same(old.Metadata.Labels, now.Metadata.Labels));

    /// <summary>Annotations changed.</summary>
    public static bool AnnotationsChanged(ObjectEvent change) => Changed(change, static (old, now) => !Same(old.Metadata.Annotations, now.Metadata.Annotations));

    /// <summary>All of them pass.</summary>
    public static Func<ObjectEvent, bool> And(params Func<ObjectEvent, bool>[] predicates) => change => Array.TrueForAll(predicates, predicate => predicate(change));

    /// <summary>One of them passes.</summary>
    public static Func<ObjectEvent, bool> Or(params Func<ObjectEvent, bool>[] predicates) => change => Array.Exists(predicates, predicate => predicate(change));

    /// <summary>It does not pass.</summary>
    public static Func<ObjectEvent, bool> Not(Func<ObjectEvent, bool> predicate) => change => !predicate(change);

    private static bool Changed(ObjectEvent change, Func<IKubeObject, IKubeObject, bool> differs)
        => change.Type != ObjectEventType.Updated || change.Old is null || differs(change.Old, change.Object);

    private static bool Same(IReadOnlyDictionary<string, string>? a, IReadOnlyDictionary<string, string>? b)
    {
        if (ReferenceEquals(a, b) || (a?.Count ?? 0) != (b?.Count ?? 0))
        {
            return ReferenceEquals(a, b);
        }

        if (a is null || b is null)
        {
            return true;
        }

        foreach (var (key, value) in a)
        {
            if (!b.TryGetValue(key, out var other) || other != value)
            {
                return false;
            }
        }

        return true;
    }
}
