using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Networking;

/// <summary>
/// Forwards TCP connections made to a Service to its endpoints, as kube-proxy has the kernel do: to ready ones in turn, to those that are ending and still serve when there are no others.
/// A port nobody serves is closed. Connections live on when the endpoints change.
/// </summary>
internal sealed class ServiceProxy(ClusterRuntime runtime, SandboxNetwork network) : Controller(runtime), IAsyncDisposable
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    private readonly Dictionary<ObjectRef, Dictionary<int, PortForwarder>> _services = [];
    private readonly ObjectIndex _slices = runtime.AddIndex(
        Resources.EndpointSlices, slice => slice.Label(ServiceLabel) is { } service ? [$"{slice.Namespace()}/{service}"] : []);

    /// <inheritdoc/>
    public override string Name => "kube-proxy";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Services)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.EndpointSlices && change.Object.Label(ServiceLabel) is { } service)
        {
            Enqueue(new ObjectRef(Resources.Services, change.Ref.Namespace, service));
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        var service = Cluster.Get(key);
        var ip = service.Text("spec", "clusterIP");
        var forwarders = _services.TryGetValue(key, out var present) ? present : [];
        var slices = _slices.Get($"{key.Namespace}/{key.Name}");
        if (service is null || !IPAddress.TryParse(ip, out var address))
        {
            // A headless Service is the name of its pods.
            Close(forwarders, _ => true);
            _services.Remove(key);
            network.Name(key.Namespace ?? "", key.Name, ip == "None" && Ready(slices, null) is [var first, ..] ? first.Address : null);
            return;
        }

        network.Name(key.Namespace ?? "", key.Name, address);
        _services[key] = forwarders;
        var wanted = new HashSet<int>();
        foreach (var port in service.Objects("spec", "ports").Where(port => port.Text("protocol") is null or "TCP"))
        {
            var number = (int)(port.Integer("port") ?? 0);
            var targets = Ready(slices, port.Text("name") ?? "");
            if (targets.Count == 0)
            {
                continue;
            }

            wanted.Add(number);
            if (forwarders.TryGetValue(number, out var forwarder))
            {
                forwarder.Targets = targets;
            }
            else
            {
                forwarders[number] = new PortForwarder(network.ListenAt(address, number), network, targets);
            }
        }

        Close(forwarders, number => !wanted.Contains(number));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var forwarders in _services.Values)
        {
            Close(forwarders, _ => true, breakOff: true);
        }

        return ValueTask.CompletedTask;
    }

    private static List<IPEndPoint> Ready(IReadOnlyList<JsonObject> slices, string? portName)
    {
        var all = new List<(IPEndPoint At, bool Ready, bool Serving)>();
        foreach (var slice in slices)
        {
            var port = portName is null ? 0 : slice.Objects("ports").FirstOrDefault(port => (port.Text("name") ?? "") == portName).Integer("port");
            foreach (var endpoint in port is null ? [] : slice.Objects("endpoints"))
            {
                var conditions = endpoint.Object("conditions");
                foreach (var text in endpoint.Texts("addresses"))
                {
                    if (IPAddress.TryParse(text, out var address))
                    {
                        all.Add((new(address, (int)port!), conditions.Flag("ready") != false, conditions.Flag("serving") != false));
                    }
                }
            }
        }

        var ready = all.Where(endpoint => endpoint.Ready).Select(endpoint => endpoint.At).ToList();
        return ready.Count > 0 ? ready : [.. all.Where(endpoint => endpoint.Serving).Select(endpoint => endpoint.At)];
    }

    private static void Close(Dictionary<int, PortForwarder> forwarders, Func<int, bool> which, bool breakOff = false)
    {
        foreach (var number in forwarders.Keys.Where(which).ToList())
        {
            forwarders[number].Close(breakOff);
            forwarders.Remove(number);
        }
    }
}
