namespace LlmOperator.Kubernetes.Informers;

/// <summary>What happened to a cached object.</summary>
public enum ObjectEventType
{
    /// <summary>The object is new to the cache.</summary>
    Added,

    /// <summary>The object changed, or a resync repeats it.</summary>
    Updated,

    /// <summary>The object is gone.</summary>
    Deleted,
}

/// <summary>A change of the cache, told after the cache shows it.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object; its last known state when it is gone.</param>
/// <param name="Old">The state before, for updates.</param>
/// <param name="Initial">True for what the first list brought.</param>
/// <param name="FinalStateUnknown">True when the deletion was found by a relist: <paramref name="Object"/> may be older than the state at deletion.</param>
public readonly record struct ObjectEvent(ObjectEventType Type, IKubeObject Object, IKubeObject? Old = null, bool Initial = false, bool FinalStateUnknown = false)
{
    /// <summary>True when a resync repeats an object that did not change.</summary>
    public bool IsResync => Type == ObjectEventType.Updated && ReferenceEquals(Object, Old);
}
