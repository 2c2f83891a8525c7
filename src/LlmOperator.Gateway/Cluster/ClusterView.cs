using System.Collections.Concurrent;
using System.Globalization;
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
    }

    /// <summary>Called when an endpoint has come, gone or changed; it must not block.</summary>
    public Action? Changed { get; set; }

    /// <summary>Whether all that was there at the start is known.</summary>
    public bool HasSynced => _informers.HasSynced;

    /// <summary>The endpoints.</summary>
    public IEnumerable<ServedEndpoint> All => _endpoints.Values;

    /// <summary>The endpoint of a name; null when there is none.</summary>
    public ServedEndpoint? Find(string name) => _endpoints.GetValueOrDefault(name);

    /// <summary>Names of the adapters of an endpoint's model.</summary>
    public IEnumerable<string> AdaptersOf(EndpointFacts facts) =>
        facts.Model is { } model && _models.Get(new(_ns, model)) is { Spec.Adapters: { } adapters } ? adapters.Select(adapter => adapter.Name) : [];

    /// <summary>Addresses of the gateways of the namespace, this one among them.</summary>
    public IReadOnlyCollection<string> Gateways => Addresses(_slices.ByIndex(ServiceIndex, GatewayObjects.Name));

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

    private void UpdatePods(ServedEndpoint served) =>
        served.Pods.Update(Addresses(_slices.ByIndex(ServiceIndex, ObjectNames.Child(served.Name))), served.Facts.Balancing);

    private static IEnumerable<string> ServicesOf(IKubeObject slice) => slice.Metadata.Labels?.TryGetValue(ServiceLabel, out var service) == true ? [service] : [];

    /// <summary>The pods that are ready; where all are stopping, those that still serve, as the network of the cluster itself does it.</summary>
    private static HashSet<string> Addresses(IReadOnlyList<EndpointSlice> slices)
    {
        var ready = Addresses(slices, conditions => conditions?.Ready != false && conditions?.Terminating != true);
        return ready.Count > 0 ? ready : Addresses(slices, conditions => conditions is { Serving: true, Terminating: true });
    }

    private static HashSet<string> Addresses(IReadOnlyList<EndpointSlice> slices, Func<EndpointConditions?, bool> isWanted)
    {
        var addresses = new HashSet<string>(StringComparer.Ordinal);
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
                    addresses.Add(string.Create(CultureInfo.InvariantCulture, $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}"));
                }
            }
        }

        return addresses;
    }
}
