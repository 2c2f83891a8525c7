using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.Caching;
using LlmOperator.Controllers.Endpoints;
using LlmOperator.Controllers.Gateways;
using LlmOperator.Controllers.Models;
using LlmOperator.Controllers.Prompts;
using LlmOperator.Controllers.RagIndexes;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Controllers.Registries;
using LlmOperator.Controllers.Telemetry;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Gateways;
using LlmOperator.Planning.Models;
using LlmOperator.Planning.RagIndexes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Controllers;

/// <summary>Adds the operator's controllers to a manager: what each is for, and which changes of other objects lead to a look.</summary>
public static class OperatorControllers
{
    /// <summary>Adds the operator's controllers.</summary>
    /// <param name="manager">Manager that runs them.</param>
    /// <param name="catalogue">Accelerator classes.</param>
    /// <param name="workers">Objects of a kind that are worked on at the same time.</param>
    /// <param name="time">Clock.</param>
    /// <param name="registries">How registries are asked.</param>
    /// <param name="licenses">What is done about a model nobody gave a licence.</param>
    /// <param name="dataPath">What stands between clients and engines.</param>
    /// <param name="qdrant">How Qdrant is run and asked.</param>
    /// <param name="logger">Logger of what happens to collections.</param>
    /// <returns>What to dispose of when the manager has stopped.</returns>
    public static IDisposable Add(
        ControllerManager manager, AcceleratorCatalogue catalogue, int workers, TimeProvider time, RegistryOptions registries, LicensePolicy licenses = LicensePolicy.Warn, DataPathOptions? dataPath = null,
        QdrantOptions? qdrant = null, ILoggerFactory? logger = null)
    {
        var all = new ModelRegistries(manager.Client, registries, time);
        return new Disposables(Add(manager, catalogue, workers, time, registries, all, Random.Shared, licenses, dataPath, qdrant, logger), all);
    }

    internal static IDisposable Add(
        ControllerManager manager, AcceleratorCatalogue catalogue, int workers, TimeProvider time, RegistryOptions options, IModelRegistry registry, Random random, LicensePolicy licenses = LicensePolicy.Warn,
        DataPathOptions? dataPath = null, QdrantOptions? qdrant = null, ILoggerFactory? logger = null)
    {
        var caches = new OperatorCaches(manager.Informers, catalogue);
        var events = new RecordedEvents(manager.Events);
        EndpointMetrics.AddTo(manager.Metrics.Meter, caches);
        RagIndexMetrics.AddTo(manager.Metrics.Meter, caches);

        registry = new MeasuredRegistry(registry, manager.Metrics.Meter, time);
        var credentials = new CredentialReader(manager.Client);
        var lookups = new RegistryLookups(registry, credentials, options, time, random);
        var keeper = new ModelCacheKeeper(caches, manager.Client, options, time);
        manager.AddController("llmmodel", new LlmModelReconciler(caches, manager.Client, events, lookups, new(registry, credentials, time), keeper, time), controller => controller
            .For<LlmModel>(Predicates.Or(Predicates.GenerationChanged, RefreshAsked))
            .Owns<PersistentVolumeClaim>(scope: OperatorCaches.ModelCacheScope)
            .Owns<Job>(scope: OperatorCaches.ModelCacheScope)
            .Watches<Pod>(pod => CachedModelOf(caches, pod), scope: OperatorCaches.OwnScope)
            .Watches<LlmEndpoint>(ModelOf, ReferenceChanged)
            .Workers(workers));

        var templates = new PromptTemplates(caches, manager.Client, time, (logger ?? NullLoggerFactory.Instance).CreateLogger<PromptTemplates>());
        manager.AddRunnable("prompt templates", templates.RunAsync);
        manager.AddController("llmendpoint", new LlmEndpointReconciler(caches, manager.Client, events, catalogue, licenses, options, dataPath ?? new(), templates, time), controller => controller
            .For<LlmEndpoint>(Predicates.GenerationChanged)
            .WokenBy(templates.WakeBy)
            .Owns<Deployment>(change => !caches.Deployments.IsEcho(change))
            .Owns<Service>(change => !caches.Services.IsEcho(change))
            .Owns<LeaderWorkerSet>(change => !caches.LeaderWorkerSets.IsEcho(change), OperatorCaches.GroupScope)
            .Owns<PodDisruptionBudget>(Predicates.And(NotStatusAlone, change => !caches.DisruptionBudgets.IsEcho(change)))
            .Owns<NetworkPolicy>(change => !caches.NetworkPolicies.IsEcho(change))
            .Owns<ConfigMap>(IsDeletion, OperatorCaches.OwnScope)
            .Watches<Deployment>(gone => Namesakes(caches, gone), IsDeletion)
            .Watches<Service>(gone => Namesakes(caches, gone), IsDeletion)
            .Watches<PodDisruptionBudget>(gone => Namesakes(caches, gone), IsDeletion)
            .Watches<NetworkPolicy>(gone => Namesakes(caches, gone), IsDeletion)
            .Watches<LlmModel>(model => caches.EndpointsOf(ObjectKey.Of(model)).Select(endpoint => ObjectKey.Of(endpoint)), ModelChanged)
            .Watches<RagIndex>(index => caches.EndpointsOfRagIndex(ObjectKey.Of(index)).Select(endpoint => ObjectKey.Of(endpoint)), IndexChanged)
            .Watches<Pod>(static pod => OperatorCaches.EndpointOf(pod) is { } endpoint ? [endpoint] : [], scope: OperatorCaches.OwnScope)
            .Watches<Node>(_ => WaitingForNodes(caches), NodeChanged)
            .Workers(workers));

        manager.AddController("gateway", new GatewayReconciler(caches, manager.Client, events, dataPath ?? new(), time), controller => controller
            .For<Deployment>(Predicates.And(IsGateways, NotStatusAlone, change => !caches.Deployments.IsEcho(change)))
            .Watches<LlmEndpoint>(GatewayOf, GatewayAsks)
            .Watches<RagIndex>(GatewayOf, GatewayAsksForIndex)
            .Watches<Service>(GatewayOf, Predicates.And(IsGateways, change => !caches.Services.IsEcho(change)))
            .Watches<PodDisruptionBudget>(GatewayOf, Predicates.And(IsGateways, NotStatusAlone, change => !caches.DisruptionBudgets.IsEcho(change)))
            .Watches<ServiceAccount>(GatewayOf, change => !caches.ServiceAccounts.IsEcho(change), OperatorCaches.GatewayScope)
            .Watches<Role>(GatewayOf, change => !caches.Roles.IsEcho(change), OperatorCaches.GatewayScope)
            .Watches<RoleBinding>(GatewayOf, change => !caches.RoleBindings.IsEcho(change), OperatorCaches.GatewayScope)
            .Workers(1));

        return AddRagIndexes(manager, caches, events, qdrant ?? new(), workers, time, logger ?? NullLoggerFactory.Instance);
    }

    private static Disposables AddRagIndexes(ControllerManager manager, OperatorCaches caches, IEventSink events, QdrantOptions options, int workers, TimeProvider time, ILoggerFactory loggers)
    {
        var access = new QdrantAccess(manager.Client, options, time);
        var snapshots = new SnapshotKeeper(time);

        // No connection is kept: it would lead to its pod whatever becomes of the Service, and to the former model of an endpoint.
        var texts = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.Zero, ConnectCallback = options.Connect }) { Timeout = TimeSpan.FromMinutes(2) };
        var keys = new QdrantKeys(caches, manager.Client);
        var collections = new CollectionKeeper(time, loggers.CreateLogger<CollectionKeeper>());
        var parts = new RagIndexParts(
            collections, new(caches, manager.Client, keys, options), new(time), snapshots, keys, access, new(collections, access, keys, time), index => Embedder(caches, texts, index));
        manager.AddController("ragindex", new RagIndexReconciler(caches, manager.Client, events, parts, options, time), controller => controller
            .For<RagIndex>(Predicates.GenerationChanged)
            .Owns<StatefulSet>(change => !caches.StatefulSets.IsEcho(change), OperatorCaches.ModelCacheScope)
            .Owns<Service>(change => !caches.Services.IsEcho(change))
            .Owns<PodDisruptionBudget>(Predicates.And(NotStatusAlone, change => !caches.DisruptionBudgets.IsEcho(change)))
            .Owns<NetworkPolicy>(change => !caches.NetworkPolicies.IsEcho(change))
            .Owns<ServiceMonitor>(change => !caches.ServiceMonitors.IsEcho(change), OperatorCaches.MonitorScope)
            .Watches<PersistentVolumeClaim>(static claim => OperatorCaches.RagIndexOf(claim) is { } index ? [index] : [], scope: OperatorCaches.ModelCacheScope)
            .Watches<Pod>(static pod => OperatorCaches.RagIndexOf(pod) is { } index ? [index] : [], scope: OperatorCaches.OwnScope)
            .Watches<Secret>(keys => caches.RagIndexesIn(keys.Metadata.Namespace).Where(index => index.Spec?.Qdrant.Managed is not null).Select(index => ObjectKey.Of(index)), change => !caches.QdrantKeys.IsEcho(change), OperatorCaches.QdrantKeyScope)
            .Watches<LlmEndpoint>(RagIndexOf, RetrievalChanged)
            .Watches<LlmEndpoint>(endpoint => EmbeddedBy(caches, endpoint), EmbedderChanged)
            .Watches<LlmModel>(model => caches.EndpointsOf(ObjectKey.Of(model)).SelectMany(endpoint => EmbeddedBy(caches, endpoint)).Distinct(), VectorsChanged)
            .Workers(workers));
        return new(snapshots, access, texts);
    }

    /// <summary>The endpoint that makes the vectors of an index; null where it names none, or there is none yet.</summary>
    private static OpenAiTextEmbedder? Embedder(OperatorCaches caches, HttpClient http, RagIndex index)
    {
        if (index.Spec?.Embedding is not { EndpointRef.Name: { } name, Model: var wanted })
        {
            return null;
        }

        var key = new ObjectKey(index.Metadata.Namespace, name);
        return caches.Endpoints.Get(key) is { Status: { Url: { } url, ServedModelName: { } model } }
            ? new(http, new(url[..^"/v1".Length]), model, whyNot: () => caches.Endpoints.Get(key) is { } endpoint ? EmbedderCheck.WhyNot(endpoint, caches.PodsOf(key), wanted) : null)
            : null;
    }

    /// <summary>The index an endpoint retrieves from.</summary>
    private static IEnumerable<ObjectKey> RagIndexOf(LlmEndpoint endpoint) => endpoint.Spec?.Rag is { } rag ? [new(endpoint.Metadata.Namespace, rag.IndexRef.Name)] : [];

    private static IEnumerable<ObjectKey> EmbeddedBy(OperatorCaches caches, LlmEndpoint endpoint) => caches.RagIndexesEmbeddedBy(ObjectKey.Of(endpoint)).Select(index => ObjectKey.Of(index));

    /// <summary>What indexes make of the endpoint of their vectors: that it is there, what it serves, and whether it answers.</summary>
    private static bool EmbedderChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmEndpoint before, Object: LlmEndpoint after }
        || before.Spec?.ModelRef.Name != after.Spec?.ModelRef.Name
        || before.Status?.Url != after.Status?.Url
        || before.Status?.ServedModelName != after.Status?.ServedModelName
        || before.Status?.Conditions.Find(ConditionTypes.Ready)?.Status != after.Status?.Conditions.Find(ConditionTypes.Ready)?.Status;

    /// <summary>What indexes make of the model behind that endpoint: its task and the length of its vectors.</summary>
    private static bool VectorsChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmModel before, Object: LlmModel after }
        || before.Spec?.Task != after.Spec?.Task
        || before.Spec?.Architecture?.HiddenSize != after.Spec?.Architecture?.HiddenSize
        || before.Status?.Registry?.Architecture?.HiddenSize != after.Status?.Registry?.Architecture?.HiddenSize;

    private static bool RetrievalChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmEndpoint before, Object: LlmEndpoint after }
        || before.Spec?.Rag?.IndexRef.Name != after.Spec?.Rag?.IndexRef.Name
        || before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp;

    /// <summary>Whether an object has the name of a namespace's gateway, whoever made it.</summary>
    private static bool IsGateways(ObjectEvent change) => change.Object.Metadata.Name == GatewayObjects.Name;

    private static IEnumerable<ObjectKey> GatewayOf(IKubeObject obj) => [new(obj.Metadata.Namespace, GatewayObjects.Name)];

    /// <summary>What gateways are made of: that there are endpoints, and what of theirs is to be read. The model or the engine of one is none of their business.</summary>
    private static bool GatewayAsks(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmEndpoint before, Object: LlmEndpoint after } || GatewayPlanner.Differs(before, after);

    private static bool GatewayAsksForIndex(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: RagIndex before, Object: RagIndex after } || GatewayPlanner.Differs(before, after);

    private static bool RefreshAsked(ObjectEvent change) =>
        change is { Type: ObjectEventType.Updated, Old: LlmModel before, Object: LlmModel after } && ModelPin.Refresh(before) != ModelPin.Refresh(after);

    /// <summary>Which pods fetch or load a model concerns its cache alone.</summary>
    private static IEnumerable<ObjectKey> CachedModelOf(OperatorCaches caches, Pod pod) =>
        OperatorCaches.ModelOf(pod) is { } model && caches.Models.Get(model) is { } known && (known.Spec?.Cache is not null || known.Status?.Cache is not null) ? [model] : [];

    /// <summary>The status of a budget changes with every pod and decides nothing.</summary>
    private static readonly Func<ObjectEvent, bool> NotStatusAlone = Predicates.Or(Predicates.GenerationChanged, Predicates.LabelsChanged, Predicates.AnnotationsChanged, OwnersChanged);

    private static bool OwnersChanged(ObjectEvent change) =>
        change.Old?.Metadata.OwnerReferences?.Count != change.Object.Metadata.OwnerReferences?.Count;

    private static IEnumerable<ObjectKey> ModelOf(LlmEndpoint endpoint) =>
        endpoint.Spec is { } spec ? [new(endpoint.Metadata.Namespace, spec.ModelRef.Name)] : [];

    /// <summary>Endpoints that want the name of an object that is gone.</summary>
    private static IEnumerable<ObjectKey> Namesakes(OperatorCaches caches, IKubeObject gone)
    {
        var key = ObjectKey.Of(gone);
        return ObjectNames.Child(key.Name) == key.Name
            ? [key, .. Hashed()]
            : Hashed();

        // Names made into a label are longer than what they are made of; few names look like one.
        IEnumerable<ObjectKey> Hashed() => key.Name.StartsWith(ObjectNames.HashedPrefix, StringComparison.Ordinal)
            ? caches.AllEndpoints.Select(endpoint => ObjectKey.Of(endpoint)).Where(endpoint => endpoint.Namespace == key.Namespace && ObjectNames.Child(endpoint.Name) == key.Name)
            : [];
    }

    private static bool IsDeletion(ObjectEvent change) => change.Type == ObjectEventType.Deleted;

    /// <summary>Only endpoints that have not all their pods placed, or nothing to fit on, care about nodes.</summary>
    private static IEnumerable<ObjectKey> WaitingForNodes(OperatorCaches caches) =>
        caches.AllEndpoints
            .Where(endpoint => endpoint.Status is { } status && (!status.Conditions.IsTrue(ConditionTypes.Scheduled) || status.Conditions.Find(ConditionTypes.Fits)?.Status == ConditionStatus.False))
            .Select(endpoint => ObjectKey.Of(endpoint));

    private static bool ReferenceChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmEndpoint before, Object: LlmEndpoint after }
        || before.Spec?.ModelRef.Name != after.Spec?.ModelRef.Name
        || before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp;

    /// <summary>What endpoints make of an index: that it is there, what collections it has, and whether it is ready.</summary>
    private static bool IndexChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: RagIndex before, Object: RagIndex after }
        || before.Metadata.Generation != after.Metadata.Generation
        || before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp
        || before.Status?.Conditions.Find(ConditionTypes.Ready) is var was && after.Status?.Conditions.Find(ConditionTypes.Ready) is var now
            && (was?.Status != now?.Status || was?.Message != now?.Message);

    private static bool NodeChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, Old: Node before, Object: Node after } || CacheTransforms.Differs(before, after);

    /// <summary>What endpoints make of a model; that another endpoint uses it is none of their business.</summary>
    private static bool ModelChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmModel before, Object: LlmModel after }
        || before.Metadata.Generation != after.Metadata.Generation
        || before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp
        || before.Status?.ObservedGeneration != after.Status?.ObservedGeneration
        || before.Status?.WeightsBytes != after.Status?.WeightsBytes
        || before.Status?.KvBytesPerToken != after.Status?.KvBytesPerToken
        || before.Status?.ContextLength != after.Status?.ContextLength
        || before.Status?.Registry?.Architecture != after.Status?.Registry?.Architecture
        || before.Status?.ResolvedRevision != after.Status?.ResolvedRevision
        || !Equals(before.Status?.Cache?.Serving is { } loaded ? CachePlanner.SetName(loaded) : null, after.Status?.Cache?.Serving is { } loads ? CachePlanner.SetName(loads) : null)
        || !(before.Status?.Adapters ?? []).SequenceEqual(after.Status?.Adapters ?? [])
        || before.Status?.Registry != after.Status?.Registry
        || before.Status?.Conditions.Find(ConditionTypes.Ready) is var was && after.Status?.Conditions.Find(ConditionTypes.Ready) is var now
            && (was?.Status != now?.Status || was?.Message != now?.Message);

    /// <summary>Several things that are disposed of together.</summary>
    private sealed class Disposables(params IDisposable[] all) : IDisposable
    {
        public void Dispose()
        {
            foreach (var one in all)
            {
                one.Dispose();
            }
        }
    }
}
