using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Controllers.Caching;

/// <summary>The caches all controllers of the operator share, with their indexes.</summary>
internal sealed class OperatorCaches
{
    public const string ByModel = "model";
    private const string ByEndpoint = "endpoint";

    private readonly Informer<LlmEndpoint> _endpoints;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Node> _nodes;

    public OperatorCaches(InformerSet informers, AcceleratorCatalogue catalogue)
    {
        var labels = catalogue.Classes.SelectMany(known => known.Terms).SelectMany(term => term.Matches).Select(match => match.Key).Append("nvidia.com/gpu.product").ToHashSet(StringComparer.Ordinal);
        var resources = catalogue.Classes.Select(known => known.Resource).ToHashSet(StringComparer.Ordinal);

        _endpoints = informers.Get<LlmEndpoint>()
            .AddIndex(ByModel, static endpoint => endpoint.Spec is { } spec ? [Indexes.Reference(endpoint.Metadata.Namespace, spec.ModelRef.Name)] : [])
            .Transform(static endpoint => endpoint with { Metadata = CacheTransforms.Trimmed(endpoint.Metadata) });
        var models = informers.Get<LlmModel>().Transform(static model => model with { Metadata = CacheTransforms.Trimmed(model.Metadata) });
        _pods = informers.Get<Pod>(PodScope)
            .AddIndex(ByEndpoint, static pod => EndpointOf(pod) is { } endpoint ? [endpoint.ToString()] : [])
            .Transform(CacheTransforms.Pod);
        _nodes = informers.Get<Node>().Transform(CacheTransforms.Node(labels, resources));

        Endpoints = new(_endpoints);
        Models = new(models);
        Deployments = new(informers.Get<Deployment>().Transform(CacheTransforms.Deployment));
        Services = new(informers.Get<Service>().Transform(CacheTransforms.Service));
        OwnedDeployments = informers.Get<Deployment>().OwnedBy;
        OwnedServices = informers.Get<Service>().OwnedBy;
    }

    /// <summary>Only pods the operator made are watched.</summary>
    public static InformerScope PodScope { get; } = new(LabelSelector: ObjectNames.ManagedBySelector);

    public OwnWrites<LlmEndpoint> Endpoints { get; }

    public OwnWrites<LlmModel> Models { get; }

    public OwnWrites<Deployment> Deployments { get; }

    public OwnWrites<Service> Services { get; }

    /// <summary>Deployments that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<Deployment>> OwnedDeployments { get; }

    /// <summary>Services that name an owner, by its uid.</summary>
    public Func<string, IReadOnlyList<Service>> OwnedServices { get; }

    /// <summary>Nodes of the cluster.</summary>
    public IReadOnlyList<Node> Nodes => _nodes.List();

    /// <summary>Every endpoint there is.</summary>
    public IReadOnlyList<LlmEndpoint> AllEndpoints => _endpoints.List();

    /// <summary>Endpoints that name a model, whether it is there or not.</summary>
    public IReadOnlyList<LlmEndpoint> EndpointsOf(ObjectKey model) => _endpoints.ByIndex(ByModel, model.ToString());

    /// <summary>Pods of an endpoint.</summary>
    public IReadOnlyList<Pod> PodsOf(ObjectKey endpoint) => _pods.ByIndex(ByEndpoint, endpoint.ToString());

    /// <summary>The endpoint a pod serves; null when its label is gone.</summary>
    public static ObjectKey? EndpointOf(Pod pod) =>
        pod.Metadata.Labels is { } labels && labels.TryGetValue(Api.ApiGroup.EndpointLabel, out var name) ? new(pod.Metadata.Namespace, name) : null;
}
