using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>
/// Drives one kind of object towards what its spec says. Called for one key at a time by the runtime's only worker, so a
/// controller needs no locks of its own; <see cref="Observe"/> alone runs inside the commit of whoever writes.
/// </summary>
internal abstract class Controller(ClusterRuntime runtime)
{
    /// <summary>Name in logs and field ownership.</summary>
    public abstract string Name { get; }

    /// <summary>The runtime it belongs to.</summary>
    protected ClusterRuntime Runtime => runtime;

    /// <summary>The objects.</summary>
    protected ICluster Cluster => runtime.Cluster;

    /// <summary>The moment.</summary>
    protected DateTimeOffset Now => runtime.Cluster.Time.GetUtcNow();

    /// <summary>A change was committed: enqueue what it concerns.</summary>
    public abstract void Observe(in ClusterEvent change);

    /// <summary>Brings one object closer to its spec; called again when it throws.</summary>
    public abstract void Reconcile(ObjectRef key);

    /// <summary>Asks for <see cref="Reconcile"/> soon.</summary>
    protected void Enqueue(ObjectRef key) => runtime.Enqueue(this, key);

    /// <summary>Asks for <see cref="Reconcile"/> after a time; the earliest of several wishes wins.</summary>
    protected void EnqueueAfter(ObjectRef key, TimeSpan delay) => runtime.EnqueueAfter(this, key, delay);
}
