using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Admission;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>The state of the sandbox and the only way to change it, used by the HTTP server and by the sandbox's own controllers alike.</summary>
internal sealed class Cluster : ICluster
{
    /// <summary>Where namespaces are kept.</summary>
    public static readonly ResourceName Namespaces = new("", "namespaces");

    /// <summary>Creates an empty cluster.</summary>
    /// <param name="builtin">Built-in kinds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="historyWindow">Changes a collection remembers for watches.</param>
    /// <param name="watchQueue">Changes a watch may fall behind before it is closed.</param>
    /// <param name="webhookTime">Clock of the time admission webhooks have; <paramref name="time"/> when null.</param>
    public Cluster(IReadOnlyList<KindDefinition> builtin, TimeProvider time, int historyWindow = 4096, int watchQueue = 4096, TimeProvider? webhookTime = null)
    {
        Time = time;
        Registry = new KindRegistry(builtin);
        Store = new ObjectStore(historyWindow, watchQueue);
        Admission = new AdmissionControl(Store, Registry, webhookTime ?? time);
        var definitions = new DefinitionLifecycle(this);
        Writer = new Writer(this, Store, definitions);
        Deleter = new Deleter(this, Store, definitions);
    }

    /// <inheritdoc/>
    public TimeProvider Time { get; }

    /// <inheritdoc/>
    public byte ServiceNetwork { get; init; } = LlmOperator.Sandbox.Kinds.Behaviors.ServiceAddresses.Usual;

    /// <inheritdoc/>
    public uint ServiceSalt { get; init; }

    /// <summary>The kinds served.</summary>
    public KindRegistry Registry { get; }

    /// <summary>The objects.</summary>
    public ObjectStore Store { get; }

    /// <summary>Asks the webhooks.</summary>
    public AdmissionControl Admission { get; }

    /// <summary>Creates and changes objects.</summary>
    public Writer Writer { get; }

    /// <summary>Deletes objects.</summary>
    public Deleter Deleter { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<KindDefinition> Kinds => Registry.Stored;

    /// <summary>A moment as objects carry it: whole seconds, UTC.</summary>
    public static string Timestamp(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    /// <inheritdoc/>
    public JsonObject? Get(ObjectRef reference) => Store.Get(reference.Resource, reference.Namespace, reference.Name)?.Object;

    /// <inheritdoc/>
    public IReadOnlyList<JsonObject> List(ResourceName resource, string? ns = null) =>
        [.. ObjectStore.In(Store.Present(resource), ns).Select(stored => stored.Object)];

    /// <inheritdoc/>
    public JsonObject Create(ResourceName resource, JsonObject obj, string manager)
    {
        var kind = KindOf(resource);
        var copy = obj.Copy();
        copy["apiVersion"] ??= kind.ApiVersion;
        copy["kind"] ??= kind.Kind;
        var request = Request(manager, null);
        ObjectShape.Normalise(kind, copy, request);
        return Writer.Create(kind, copy, request);
    }

    /// <inheritdoc/>
    public JsonObject? Update(ObjectRef reference, Action<JsonObject> mutate, string manager, string? subresource = null)
    {
        var kind = KindOf(reference.Resource);
        var request = Request(manager, subresource);
        return Writer.Update(
            kind,
            reference.Namespace,
            reference.Name,
            present =>
            {
                var copy = present.Copy();
                mutate(copy);
                if (JsonNode.DeepEquals(copy, present))
                {
                    return present;
                }

                ObjectShape.Normalise(kind, copy, request);
                return copy;
            },
            request);
    }

    /// <inheritdoc/>
    public bool Delete(ObjectRef reference, DeleteOptions? options = null)
    {
        var request = new DeleteRequest
        {
            Uid = options?.Uid,
            ResourceVersion = options?.ResourceVersion,
            Propagation = options?.Propagation?.ToString(),
            GracePeriodSeconds = options?.GracePeriodSeconds,
            DryRun = options?.DryRun ?? false,
            User = AdmissionUser.Component("kube-controller-manager"),
        };
        return Deleter.Delete(KindOf(reference.Resource), reference.Namespace, reference.Name, request) is not null;
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(Action<ClusterEvent> onChange) => Store.Subscribe(onChange);

    /// <summary>What the API server itself keeps up is no request to it, and no webhook's business.</summary>
    private static WriteRequest Request(string manager, string? subresource) => new(manager)
    {
        Subresource = subresource,
        FieldValidation = FieldValidation.Strict,
        User = AdmissionUser.Component(manager),
        Internal = manager == "kube-apiserver",
    };

    private KindDefinition KindOf(ResourceName resource) =>
        Registry.Storage(resource) ?? throw Refusals.NotFound(resource, "");
}
