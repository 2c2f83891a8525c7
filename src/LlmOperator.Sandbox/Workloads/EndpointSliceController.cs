using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Keeps the endpoint slices of Services: the addresses of the pods they select, and whether these serve.</summary>
internal sealed class EndpointSliceController : Controller
{
    private const string Manager = "endpointslice-controller.k8s.io";
    private const string ServiceLabel = "kubernetes.io/service-name";
    private const int SliceSize = 100;

    private readonly ObjectIndex _services;
    private readonly ObjectIndex _slices;

    /// <summary>Creates the controller and the indexes it looks things up in.</summary>
    public EndpointSliceController(ClusterRuntime runtime)
        : base(runtime)
    {
        _services = runtime.AddIndex(Resources.Services, service => SelectorKey(service) is { } key ? [key] : []);
        _slices = runtime.AddIndex(Resources.EndpointSlices, slice => slice.ControllerRef()?.Text("uid") is { } uid ? [uid] : []);
    }

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Services)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.EndpointSlices && change.Type != WatchEventType.Added && change.Object.ControllerRef() is { } owner)
        {
            Enqueue(new ObjectRef(Resources.Services, change.Ref.Namespace, owner.Text("name") ?? ""));
        }
        else if (change.Ref.Resource == Resources.Pods && (change.Type != WatchEventType.Modified || Differs(change.Previous!, change.Object)))
        {
            EnqueueServices(change.Object);
            if (change.Previous is { } before && !JsonNode.DeepEquals(before["metadata"]?["labels"], change.Object["metadata"]?["labels"]))
            {
                EnqueueServices(before);
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } service || service.IsDeleting() || SelectorKey(service) is null)
        {
            return;
        }

        var selector = service.Object("spec", "selector")!;
        var pods = Runtime.PodsMatching(service.Namespace(), selector, LabelSelector.Everything)
            .Where(pod => pod.Text("status", "podIP") is { Length: > 0 } && !pod.IsTerminal() && Selects(selector, pod));
        var wanted = pods.GroupBy(pod => Ports(service, pod).ToJsonString())
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .SelectMany(group => group.Chunk(SliceSize))
            .Select(chunk => (Ports: Ports(service, chunk[0]), Endpoints: (JsonArray?)new JsonArray([.. chunk.Select(pod => Endpoint(service, pod))])))
            .ToList();
        if (wanted.Count == 0)
        {
            wanted.Add(([], null));
        }

        Write(service, wanted);
    }

    private static string? SelectorKey(JsonObject service)
    {
        if (service.Text("spec", "type") == "ExternalName" || service.Object("spec", "selector") is not { Count: > 0 } selector)
        {
            return null;
        }

        // One label finds the Service; the instance's or the longest is the one that fewest pods are likely to share.
        var (label, value) = selector.OrderByDescending(entry => entry.Key.EndsWith("/instance", StringComparison.Ordinal))
            .ThenByDescending(entry => entry.Value.Text()?.Length ?? 0)
            .ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .First();
        return ClusterRuntime.LabelKey(service.Namespace(), label, value.Text());
    }

    private static bool Selects(JsonObject selector, JsonObject pod) => selector.All(label => pod.Label(label.Key) == label.Value.Text());

    private static bool Differs(JsonObject before, JsonObject after) =>
        before.Text("status", "podIP") != after.Text("status", "podIP") || before.IsReady() != after.IsReady() || before.IsDeleting() != after.IsDeleting()
        || before.IsTerminal() != after.IsTerminal() || !JsonNode.DeepEquals(before["metadata"]?["labels"], after["metadata"]?["labels"]);

    private void EnqueueServices(JsonObject pod)
    {
        foreach (var (label, value) in pod.Object("metadata", "labels") ?? [])
        {
            foreach (var service in _services.Get(ClusterRuntime.LabelKey(pod.Namespace(), label, value.Text())))
            {
                if (Selects(service.Object("spec", "selector")!, pod))
                {
                    Enqueue(service.RefIn(Resources.Services));
                }
            }
        }
    }

    private void Write(JsonObject service, List<(JsonArray Ports, JsonArray? Endpoints)> wanted)
    {
        var present = _slices.Get(service.Uid()).Where(slice => slice.Label("endpointslice.kubernetes.io/managed-by") == Manager && !slice.IsDeleting()).ToList();

        // A slice keeps its ports: those who watch would otherwise see its pods nowhere for a moment. What no longer has any is filled with what has no slice yet, and only then deleted or joined by others.
        var slices = wanted.Select(one => Take(slice => JsonNode.DeepEquals(slice["ports"], one.Ports))).ToList();
        for (var i = 0; i < wanted.Count; i++)
        {
            var (ports, endpoints) = wanted[i];
            if ((slices[i] ?? Take(static _ => true)) is { } slice)
            {
                Cluster.Update(slice.RefIn(Resources.EndpointSlices), slice => Fill(slice, service, ports, endpoints), Name);
                continue;
            }

            var created = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["generateName"] = service.Name() + "-",
                    ["namespace"] = service.Namespace(),
                    ["ownerReferences"] = Objects.OwnedBy(service, "v1", "Service"),
                },
                ["addressType"] = service.Texts("spec", "ipFamilies") is ["IPv6", ..] ? "IPv6" : "IPv4",
            };
            Fill(created, service, ports, endpoints);
            Cluster.Create(Resources.EndpointSlices, created, Name);
        }

        foreach (var surplus in present)
        {
            Cluster.Delete(surplus.RefIn(Resources.EndpointSlices));
        }

        JsonObject? Take(Func<JsonObject, bool> isFit)
        {
            var at = present.FindIndex(slice => isFit(slice));
            var slice = at < 0 ? null : present[at];
            if (at >= 0)
            {
                present.RemoveAt(at);
            }

            return slice;
        }
    }

    private static void Fill(JsonObject slice, JsonObject service, JsonArray ports, JsonArray? endpoints)
    {
        var labels = slice.Child("metadata").Child("labels");
        foreach (var (name, value) in service.Object("metadata", "labels") ?? [])
        {
            labels[name] = value?.DeepClone();
        }

        labels[ServiceLabel] = service.Name();
        labels["endpointslice.kubernetes.io/managed-by"] = Manager;
        if (service.Text("spec", "clusterIP") == "None")
        {
            labels["service.kubernetes.io/headless"] = "";
        }

        slice["ports"] = endpoints is null || ports.Count == 0 ? null : ports.DeepClone();
        slice["endpoints"] = endpoints?.DeepClone();
    }

    private static JsonArray Ports(JsonObject service, JsonObject pod)
    {
        var ports = new JsonArray();
        foreach (var port in service.Objects("spec", "ports"))
        {
            var protocol = port.Text("protocol") ?? "TCP";
            var target = port.At("targetPort");
            var number = target.Text() is { } name
                ? pod.Objects("spec", "containers").Concat(pod.Objects("spec", "initContainers").Where(container => container.Text("restartPolicy") == "Always")).SelectMany(container => container.Objects("ports"))
                    .FirstOrDefault(each => each.Text("name") == name && (each.Text("protocol") ?? "TCP") == protocol).Integer("containerPort")
                : target.Integer() ?? port.Integer("port");
            if (number is null)
            {
                continue;
            }

            var entry = new JsonObject { ["name"] = port.Text("name") ?? "", ["protocol"] = protocol, ["port"] = number };
            if (port.Text("appProtocol") is { } application)
            {
                entry["appProtocol"] = application;
            }

            ports.Add(entry);
        }

        return ports;
    }

    private JsonObject Endpoint(JsonObject service, JsonObject pod)
    {
        var serving = pod.IsReady();
        var endpoint = new JsonObject
        {
            ["addresses"] = new JsonArray(pod.Text("status", "podIP")),
            ["conditions"] = new JsonObject
            {
                ["ready"] = (serving && !pod.IsDeleting()) || service.Flag("spec", "publishNotReadyAddresses") == true,
                ["serving"] = serving,
                ["terminating"] = pod.IsDeleting(),
            },
        };
        if (pod.Text("spec", "hostname") is { Length: > 0 } hostname && pod.Text("spec", "subdomain") == service.Name())
        {
            endpoint["hostname"] = hostname;
        }

        endpoint["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = pod.Namespace(), ["name"] = pod.Name(), ["uid"] = pod.Uid() };
        var node = pod.Text("spec", "nodeName") ?? "";
        endpoint["nodeName"] = node;
        if (Cluster.Get(new ObjectRef(Resources.Nodes, null, node))?.Label("topology.kubernetes.io/zone") is { } zone)
        {
            endpoint["zone"] = zone;
        }

        return endpoint;
    }
}
