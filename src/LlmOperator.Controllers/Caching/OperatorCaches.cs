using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Gateways;
using LlmOperator.Planning.RagIndexes;

namespace LlmOperator.Controllers.Caching;

/// <summary>The caches all controllers of the operator share, with their indexes.</summary>
internal sealed class OperatorCaches
{
    public const string ByModel = "model";
    private const string ByEndpoint = "endpoint";
    private const string ByNode = "node";
    private const string ByRagIndex = "ragindex";
    private const string ByEmbedder = "embedder";
    private const string ByTemplate = "template";

    private readonly Informer<LlmEndpoint> _endpoints;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Node> _nodes;
    private readonly Informer<Deployment> _deployments;
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly Informer<Job> _jobs;
    private readonly Informer<LeaderWorkerSet> _leaderWorkerSets;
    private readonly Informer<ServiceAccount> _serviceAccounts;
    private readonly Informer<Role> _roles;
    private readonly Informer<RoleBinding> _roleBindings;
    private readonly Informer<RagIndex> _ragIndexes;
    private readonly Informer<StatefulSet> _statefulSets;
    private readonly Informer<Secret> _qdrantKeys;
    private readonly Informer<ServiceMonitor> _serviceMonitors;

    public OperatorCaches(InformerSet informers, AcceleratorCatalogue catalogue)
    {
        var labels = catalogue.Classes.SelectMany(known => known.Terms).SelectMany(term => term.Matches).Select(match => match.Key).Append("nvidia.com/gpu.product").ToHashSet(StringComparer.Ordinal);
        var resources = catalogue.Classes.Select(known => known.Resource).ToHashSet(StringComparer.Ordinal);

        _endpoints = informers.Get<LlmEndpoint>()
            .AddIndex(ByModel, static endpoint => endpoint.Spec is { } spec ? [Indexes.Reference(endpoint.Metadata.Namespace, spec.ModelRef.Name)] : [])
            .AddIndex(ByRagIndex, static endpoint => endpoint.Spec?.Rag is { } rag ? [Indexes.Reference(endpoint.Metadata.Namespace, rag.IndexRef.Name)] : [])
            .AddIndex(ByTemplate, static endpoint => endpoint.Spec?.Prompt?.TemplateRef is { } template ? [Indexes.Reference(endpoint.Metadata.Namespace, template.Name)] : [])
            .Transform(static endpoint => endpoint with { Metadata = CacheTransforms.Trimmed(endpoint.Metadata) });
        var models = informers.Get<LlmModel>().Transform(static model => model with { Metadata = CacheTransforms.Trimmed(model.Metadata) });
        _pods = informers.Get<Pod>(OwnScope)
            .AddIndex(ByEndpoint, static pod => EndpointOf(pod) is { } endpoint ? [endpoint.ToString()] : [])
            .AddIndex(ByModel, static pod => ModelOf(pod) is { } model ? [model.ToString()] : [])
            .AddIndex(ByRagIndex, static pod => RagIndexOf(pod) is { } index ? [index.ToString()] : [])
            .AddIndex(ByNode, static pod => pod.Spec?.NodeName is { } node ? [node] : [])
            .Transform(CacheTransforms.Pod(resources));
        _nodes = informers.Get<Node>().Transform(CacheTransforms.Node(labels, resources));

        Endpoints = new(_endpoints);
        Models = new(models);
        _deployments = informers.Get<Deployment>()
            .AddIndex(ByModel, static deployment => ModelOf(deployment) is { } model ? [model.ToString()] : [])
            .Transform(CacheTransforms.Deployment);
        Deployments = new(_deployments);
        _claims = informers.Get<PersistentVolumeClaim>(ModelCacheScope)
            .AddIndex(ByRagIndex, static claim => RagIndexOf(claim) is { } index ? [index.ToString()] : [])
            .Transform(static claim => claim with { Metadata = CacheTransforms.Trimmed(claim.Metadata) });
        _jobs = informers.Get<Job>(ModelCacheScope).Transform(static job => job with { Metadata = CacheTransforms.Trimmed(job.Metadata) });
        Claims = new(_claims);
        Jobs = new(_jobs);
        OwnedJobs = _jobs.OwnedBy;
        Services = new(informers.Get<Service>().Transform(CacheTransforms.Service));
        OwnedDeployments = _deployments.OwnedBy;
        DisruptionBudgets = new(informers.Get<PodDisruptionBudget>().Transform(CacheTransforms.DisruptionBudget));
        NetworkPolicies = new(informers.Get<NetworkPolicy>().Transform(CacheTransforms.NetworkPolicy));
        _leaderWorkerSets = informers.Get<LeaderWorkerSet>(GroupScope).Transform(CacheTransforms.LeaderWorkerSet);
        LeaderWorkerSets = new(_leaderWorkerSets);
        OwnedLeaderWorkerSets = _leaderWorkerSets.OwnedBy;
        OwnedDisruptionBudgets = informers.Get<PodDisruptionBudget>().OwnedBy;
        OwnedNetworkPolicies = informers.Get<NetworkPolicy>().OwnedBy;
        var configurations = informers.Get<ConfigMap>(OwnScope).Transform(CacheTransforms.PromptTraceConfiguration);
        PromptTraceConfigurations = new(configurations);
        OwnedPromptTraceConfigurations = configurations.OwnedBy;
        _serviceAccounts = informers.Get<ServiceAccount>(GatewayScope).Transform(CacheTransforms.ServiceAccount);
        _roles = informers.Get<Role>(GatewayScope).Transform(CacheTransforms.Role);
        _roleBindings = informers.Get<RoleBinding>(GatewayScope).Transform(CacheTransforms.RoleBinding);
        ServiceAccounts = new(_serviceAccounts);
        Roles = new(_roles);
        RoleBindings = new(_roleBindings);
        OwnedServices = informers.Get<Service>().OwnedBy;
        _ragIndexes = informers.Get<RagIndex>()
            .AddIndex(ByEmbedder, static index => index.Spec?.Embedding?.EndpointRef is { } embedder ? [Indexes.Reference(index.Metadata.Namespace, embedder.Name)] : [])
            .Transform(static index => index with { Metadata = CacheTransforms.Trimmed(index.Metadata) with { CreationTimestamp = index.Metadata.CreationTimestamp } });
        RagIndexes = new(_ragIndexes);
        _statefulSets = informers.Get<StatefulSet>(ModelCacheScope).Transform(static set => set with { Metadata = CacheTransforms.Trimmed(set.Metadata) });
        StatefulSets = new(_statefulSets);
        _qdrantKeys = informers.Get<Secret>(QdrantKeyScope);
        QdrantKeys = new(_qdrantKeys);
        _serviceMonitors = informers.Get<ServiceMonitor>(MonitorScope).Transform(CacheTransforms.ServiceMonitor);
        ServiceMonitors = new(_serviceMonitors);
    }

    /// <summary>Of pods and ConfigMaps only what the operator made is watched.</summary>
    public static InformerScope OwnScope { get; } = new(LabelSelector: ObjectNames.ManagedBySelector);

    /// <summary>Likewise of Jobs and volume claims, and only where a model has a cache.</summary>
    public static InformerScope ModelCacheScope { get; } = OwnScope with { OnDemand = true };

    /// <summary>Of identities and roles only those of gateways, and only where there is one.</summary>
    public static InformerScope GatewayScope { get; } = new(LabelSelector: GatewayObjects.Selector, OnDemand: true);

    /// <summary>Of Secrets only those with the keys of managed Qdrants, which have one name everywhere, and only where there is a managed one.</summary>
    public static InformerScope QdrantKeyScope { get; } = new(FieldSelector: QdrantNames.KeysSelector, OnDemand: true);

    /// <summary>The kind is an addition to Kubernetes that most clusters do without.</summary>
    public static InformerScope GroupScope { get; } = new(Optional: true);

    /// <summary>Likewise, and only where there is a managed Qdrant to be monitored.</summary>
    public static InformerScope MonitorScope { get; } = GroupScope with { OnDemand = true };

    public OwnWrites<RagIndex> RagIndexes { get; }

    public OwnWrites<StatefulSet> StatefulSets { get; }

    /// <summary>Secrets with the keys of managed Qdrants.</summary>
    public OwnWrites<Secret> QdrantKeys { get; }

    public OwnWrites<ServiceMonitor> ServiceMonitors { get; }

    /// <summary>Whether the cluster has the kind ServiceMonitor.</summary>
    public bool HasServiceMonitors => _serviceMonitors.IsServed;

    /// <summary>Has the objects of managed Qdrants watched, and waits until they are known.</summary>
    public Task DemandQdrantsAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_statefulSets.DemandAsync(cancellationToken), _claims.DemandAsync(cancellationToken), _qdrantKeys.DemandAsync(cancellationToken), _serviceMonitors.DemandAsync(cancellationToken));

    /// <summary>Every index there is.</summary>
    public IReadOnlyList<RagIndex> AllRagIndexes => _ragIndexes.List();

    /// <summary>Indexes of a namespace.</summary>
    public IReadOnlyList<RagIndex> RagIndexesIn(string? ns) => _ragIndexes.List(ns);

    /// <summary>Indexes whose vectors an endpoint makes, whether it is there or not.</summary>
    public IReadOnlyList<RagIndex> RagIndexesEmbeddedBy(ObjectKey endpoint) => _ragIndexes.ByIndex(ByEmbedder, endpoint.ToString());

    /// <summary>Endpoints that retrieve from an index, whether it is there or not.</summary>
    public IReadOnlyList<LlmEndpoint> EndpointsOfRagIndex(ObjectKey index) => _endpoints.ByIndex(ByRagIndex, index.ToString());

    /// <summary>Endpoints whose prompt template is in a ConfigMap, whether it is there or not.</summary>
    public IReadOnlyList<LlmEndpoint> EndpointsOfTemplate(ObjectKey map) => _endpoints.ByIndex(ByTemplate, map.ToString());

    /// <summary>Pods of the Qdrant of an index.</summary>
    public IReadOnlyList<Pod> PodsOfRagIndex(ObjectKey index) => _pods.ByIndex(ByRagIndex, index.ToString());

    /// <summary>Volume claims of the Qdrant of an index.</summary>
    public IReadOnlyList<PersistentVolumeClaim> ClaimsOfRagIndex(ObjectKey index) => [.. _claims.ByIndex(ByRagIndex, index.ToString()).Select(claim => Claims.Get(ObjectKey.Of(claim)) ?? claim)];

    /// <summary>The index an object is for; null when its label is gone.</summary>
    public static ObjectKey? RagIndexOf(IKubeObject obj) =>
        obj.Metadata.Labels is { } labels && labels.TryGetValue(Api.ApiGroup.RagIndexLabel, out var name) ? new(obj.Metadata.Namespace, name) : null;

    public OwnWrites<LlmEndpoint> Endpoints { get; }

    public OwnWrites<LlmModel> Models { get; }

    public OwnWrites<Deployment> Deployments { get; }

    public OwnWrites<Service> Services { get; }

    public OwnWrites<PersistentVolumeClaim> Claims { get; }

    public OwnWrites<Job> Jobs { get; }

    /// <summary>Has the objects of model caches watched, and waits until they are known.</summary>
    public Task DemandModelCachesAsync(CancellationToken cancellationToken) => Task.WhenAll(_claims.DemandAsync(cancellationToken), _jobs.DemandAsync(cancellationToken));

    /// <summary>Jobs that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<Job>> OwnedJobs { get; }

    public OwnWrites<LeaderWorkerSet> LeaderWorkerSets { get; }

    public OwnWrites<PodDisruptionBudget> DisruptionBudgets { get; }

    public OwnWrites<NetworkPolicy> NetworkPolicies { get; }

    public OwnWrites<ServiceAccount> ServiceAccounts { get; }

    public OwnWrites<Role> Roles { get; }

    public OwnWrites<RoleBinding> RoleBindings { get; }

    /// <summary>Has the identities and roles of gateways watched, and waits until they are known.</summary>
    public Task DemandGatewaysAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_serviceAccounts.DemandAsync(cancellationToken), _roles.DemandAsync(cancellationToken), _roleBindings.DemandAsync(cancellationToken));

    /// <summary>Names of the configurations of sidecars.</summary>
    public OwnWrites<ConfigMap> PromptTraceConfigurations { get; }

    /// <summary>Configurations of sidecars that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<ConfigMap>> OwnedPromptTraceConfigurations { get; }

    /// <summary>Whether the cluster has the kind LeaderWorkerSet.</summary>
    public bool HasLeaderWorkerSets => _leaderWorkerSets.IsServed;

    /// <summary>LeaderWorkerSets that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<LeaderWorkerSet>> OwnedLeaderWorkerSets { get; }

    /// <summary>PodDisruptionBudgets that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<PodDisruptionBudget>> OwnedDisruptionBudgets { get; }

    /// <summary>NetworkPolicies that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<NetworkPolicy>> OwnedNetworkPolicies { get; }

    /// <summary>Deployments that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<Deployment>> OwnedDeployments { get; }

    /// <summary>Services that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<Service>> OwnedServices { get; }

    /// <summary>Nodes of the cluster.</summary>
    public IReadOnlyList<Node> Nodes => _nodes.List();

    /// <summary>Every endpoint there is.</summary>
    public IReadOnlyList<LlmEndpoint> AllEndpoints => _endpoints.List();

    /// <summary>Endpoints of a namespace.</summary>
    public IReadOnlyList<LlmEndpoint> EndpointsIn(string ns) => _endpoints.List(ns);

    /// <summary>Endpoints that name a model, whether it is there or not.</summary>
    public IReadOnlyList<LlmEndpoint> EndpointsOf(ObjectKey model) => _endpoints.ByIndex(ByModel, model.ToString());

    /// <summary>Pods that serve or fetch a model.</summary>
    public IReadOnlyList<Pod> PodsOfModel(ObjectKey model) => _pods.ByIndex(ByModel, model.ToString());

    /// <summary>Deployments that serve a model.</summary>
    public IReadOnlyList<Deployment> DeploymentsOfModel(ObjectKey model) => _deployments.ByIndex(ByModel, model.ToString());

    /// <summary>The model an object is about; null when its label is gone.</summary>
    public static ObjectKey? ModelOf(IKubeObject obj) =>
        obj.Metadata.Labels is { } labels && labels.TryGetValue(Api.ApiGroup.ModelLabel, out var name) ? new(obj.Metadata.Namespace, name) : null;

    /// <summary>Pods of an endpoint.</summary>
    public IReadOnlyList<Pod> PodsOf(ObjectKey endpoint) => _pods.ByIndex(ByEndpoint, endpoint.ToString());

    /// <summary>Pods of all endpoints on a node.</summary>
    public IReadOnlyList<Pod> PodsOn(string node) => _pods.ByIndex(ByNode, node);

    /// <summary>The endpoint a pod serves; null when its label is gone.</summary>
    public static ObjectKey? EndpointOf(Pod pod) =>
        pod.Metadata.Labels is { } labels && labels.TryGetValue(Api.ApiGroup.EndpointLabel, out var name) ? new(pod.Metadata.Namespace, name) : null;
}
