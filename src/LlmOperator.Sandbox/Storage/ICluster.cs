using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Names one object.</summary>
internal readonly record struct ObjectRef(ResourceName Resource, string? Namespace, string Name);

/// <summary>A committed change.</summary>
/// <param name="Type">Added, Modified or Deleted.</param>
/// <param name="Ref">The object.</param>
/// <param name="Object">State after the change; the last state of a deleted object.</param>
/// <param name="Previous">State before, null when added.</param>
internal readonly record struct ClusterEvent(WatchEventType Type, ObjectRef Ref, JsonObject Object, JsonObject? Previous);

/// <summary>
/// The API server without HTTP: what the sandbox's own controllers, scheduler and kubelet read and write through. Writes go
/// through the whole pipeline (defaults, validation, field ownership, versions, watches) under the name of a manager.
/// Objects handed out are shared: never change them, call <see cref="Update"/>.
/// </summary>
internal interface ICluster
{
    /// <summary>The clock of everything in the sandbox.</summary>
    TimeProvider Time { get; }

    /// <summary>First byte of the addresses of Services.</summary>
    byte ServiceNetwork { get; }

    /// <summary>What makes the addresses of Services others than those of another cluster: where they are opened, clusters beside each other must not open the same.</summary>
    uint ServiceSalt { get; }

    /// <summary>All kinds served now, custom ones included; one entry a collection (its storage version).</summary>
    IReadOnlyCollection<KindDefinition> Kinds { get; }

    /// <summary>An object, null when there is none.</summary>
    JsonObject? Get(ObjectRef reference);

    /// <summary>All objects of a collection, in a namespace or everywhere, ordered by namespace and name.</summary>
    IReadOnlyList<JsonObject> List(ResourceName resource, string? ns = null);

    /// <summary>Creates an object; <see cref="Server.StatusException"/> as over HTTP.</summary>
    JsonObject Create(ResourceName resource, JsonObject obj, string manager);

    /// <summary>
    /// Changes an object in one step: <paramref name="mutate"/> gets a private copy of the present state. Nothing is
    /// written when it leaves the copy as it was. Null when the object is gone.
    /// </summary>
    JsonObject? Update(ObjectRef reference, Action<JsonObject> mutate, string manager, string? subresource = null);

    /// <summary>Asks for deletion: finalizers, grace periods and propagation apply. False when the object is gone.</summary>
    bool Delete(ObjectRef reference, DeleteOptions? options = null);

    /// <summary>
    /// Calls back after every commit, in order. The callback runs inside the writer's commit: it may look at the event and
    /// enqueue a key, nothing else.
    /// </summary>
    IDisposable Subscribe(Action<ClusterEvent> onChange);
}
