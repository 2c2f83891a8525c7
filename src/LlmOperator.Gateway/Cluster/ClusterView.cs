using System.Collections.Concurrent;
using System.Globalization;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Gateways;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Cluster;

/// <summary>The endpoints of the namespace and their pods, kept current by watches. While the API server cannot be reached, what was known last holds.</summary>
internal sealed class ClusterView
{
    private const string ServiceLabel = "kubernetes.io/service-name";
    private const string ServiceIndex = "service";
    private const string PortName = "http";

    private readonly InformerSet _informers;
    private readonly Informer<EndpointSlice> _slices;
    private readonly Informer<LlmModel> _models;
    private readonly Informer<PodMetadata> _pods;
    private readonly string _ns;
    private readonly Func<string, PodPool> _makePool;
    private readonly ConcurrentDictionary<string, ServedEndpoint> _endpoints = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Creates a view that knows nothing yet.</summary>
    /// <param name="client">Client of the cluster.</param>
    /// <param name="ns">Namespace.</param>
    /// <param name="makePool">Makes the pods of an endpoint.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    public ClusterView(IKubeClient client, string ns, Func<string, PodPool> makePool, TimeProvider time, ILogger logger)
    {
        (_makePool, _ns) = (makePool, ns);
        _informers = new(client, new() { Namespace = ns }, time, logger);
        _slices = _informers.Get<EndpointSlice>(new InformerScope(LabelSelector: ServiceLabel)).AddIndex(ServiceIndex, ServicesOf);
        _slices.AddHandler(change => SlicesChanged(change.Object));
        _informers.Get<LlmEndpoint>().AddHandler(EndpointChanged);
        _models = _informers.Get<LlmModel>();
        _pods = _informers.Get<PodMetadata>(new InformerScope(LabelSelector: ObjectNames.AnsweringPods)).Transform(Labelled);
        _pods.AddHandler(PodChanged);
    }

    /// <summary>Called when an endpoint has come, gone or changed; it must not block.</summary>
    public Action? Changed { get; set; }

    /// <summary>Whether all that was there at the start is known but the revisions of pods.</summary>
    public bool HasSynced => _informers.All.All(informer => informer == _pods || informer.HasSynced);

    /// <summary>Whether of the pods that were there at the start it is known which revision they are of.</summary>
    public bool KnowsRevisions => _pods.HasSynced;

    /// <summary>The endpoints.</summary>
    public IEnumerable<ServedEndpoint> All => _endpoints.Values;

    /// <summary>The endpoint of a name; null when there is none.</summary>
    public ServedEndpoint? Find(string name) => _endpoints.GetValueOrDefault(name);

    /// <summary>Names of the adapters of an endpoint's model.</summary>
    public IEnumerable<string> AdaptersOf(EndpointFacts facts) =>
        facts.Model is { } model && _models.Get(new(_ns, model)) is { Spec.Adapters: { } adapters } ? adapters.Select(adapter => adapter.Name) : [];

    /// <summary>Addresses of the gateways of the namespace, this one among them.</summary>
    public IReadOnlyCollection<string> Gateways => [.. Pods(_slices.ByIndex(ServiceIndex, GatewayObjects.Name)).Keys];

    /// <summary>Begins to watch, until the token fires.</summary>
    public void Start(CancellationToken cancellationToken) => _informers.Start(cancellationToken);

    /// <summary>Ends when no watch runs any more.</summary>
    public Task StoppedAsync() => _informers.StoppedAsync();

    private void EndpointChanged(ObjectEvent change)
    {
        var endpoint = (LlmEndpoint)change.Object;
        var name = endpoint.Metadata.Name!;
        lock (_gate)
        {
            if (change.Type == ObjectEventType.Deleted || endpoint.Spec is null or { Backend: not EndpointBackend.Kubernetes })
            {
                _endpoints.TryRemove(name, out _);
            }
            else
            {
                var facts = EndpointFacts.Of(endpoint);
                var served = _endpoints.GetOrAdd(name, _ => new(name, _makePool(name), facts));
                served.Facts = facts;
                UpdatePods(served);
            }
        }

        if (!change.IsResync)
        {
            Changed?.Invoke();
        }
    }

    private void SlicesChanged(IKubeObject slice)
    {
        lock (_gate)
        {
            foreach (var service in ServicesOf(slice))
            {
                foreach (var served in _endpoints.Values.Where(served => ObjectNames.Child(served.Name) == service))
                {
                    UpdatePods(served);
                }
            }
        }
    }

    private void PodChanged(ObjectEvent change)
    {
        // Most changes of a pod are of its state, which slices tell.
        if (change.Old is PodMetadata before && RevisionOf(before) == RevisionOf((PodMetadata)change.Object))
        {
            return;
        }

        lock (_gate)
        {
            if (change.Object.Metadata.Labels?.GetValueOrDefault(ApiGroup.EndpointLabel) is { } name && Find(name) is { } served)
            {
                UpdatePods(served);
            }
        }
    }

    private void UpdatePods(ServedEndpoint served) =>
        served.Pods.Update(Pods(_slices.ByIndex(ServiceIndex, ObjectNames.Child(served.Name))), served.Facts.Balancing);

    /// <summary>What is kept of a pod: which one it is, and whose.</summary>
    private static PodMetadata Labelled(PodMetadata pod) => new()
    {
        Metadata = new()
        {
            Name = pod.Metadata.Name,
            Namespace = pod.Metadata.Namespace,
            Uid = pod.Metadata.Uid,
            ResourceVersion = pod.Metadata.ResourceVersion,
            Labels = pod.Metadata.Labels?.Where(label => label.Key is ApiGroup.EndpointLabel or ApiGroup.RevisionLabel).ToDictionary(StringComparer.Ordinal),
        },
    };

    private string? RevisionOf(ObjectReference? pod) => pod is { Kind: "Pod", Name: { } name } && _pods.Get(new(_ns, name)) is { } known && (pod.Uid is null || pod.Uid == known.Metadata.Uid)
        ? RevisionOf(known)
        : null;

    private static string? RevisionOf(PodMetadata pod) => pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel);

    private static IEnumerable<string> ServicesOf(IKubeObject slice) => slice.Metadata.Labels?.TryGetValue(ServiceLabel, out var service) == true ? [service] : [];

    /// <summary>The pods that are ready; where all are stopping, those that still serve, as the network of the cluster itself does it.</summary>
    /// <returns>Their addresses, and the revision each is of.</returns>
    private Dictionary<string, string?> Pods(IReadOnlyList<EndpointSlice> slices)
    {
        var ready = Pods(slices, conditions => conditions?.Ready != false && conditions?.Terminating != true);
        return ready.Count > 0 ? ready : Pods(slices, conditions => conditions is { Serving: true, Terminating: true });
    }

    private Dictionary<string, string?> Pods(IReadOnlyList<EndpointSlice> slices, Func<EndpointConditions?, bool> isWanted)
    {
        var pods = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var slice in slices.Where(slice => slice.AddressType is "IPv4" or "IPv6"))
        {
            if (slice.Ports?.FirstOrDefault(port => port.Name == PortName)?.Port is not { } port)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints ?? [])
            {
                if (endpoint.Addresses is [var address, ..] && isWanted(endpoint.Conditions))
                {
                    pods[string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}")] = RevisionOf(endpoint.TargetRef);
                }
            }
        }

        return pods;
    }
}
