using System.Collections.Concurrent;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>Nobody listens where a webhook should.</summary>
internal sealed class WebhookUnreachable(string message) : Exception(message);

/// <summary>
/// Where services that are webhooks listen. Pods of the sandbox do not run, so a service is reachable only when somebody in
/// this process or on this machine plays it and is registered here.
/// </summary>
internal sealed class WebhookServices(ObjectStore store)
{
    private static readonly ResourceName Services = new("", "services");
    private static readonly ResourceName Slices = new("discovery.k8s.io", "endpointslices");

    private readonly ConcurrentDictionary<string, Uri> _listeners = new(StringComparer.Ordinal);

    /// <summary>Says where a service listens.</summary>
    /// <param name="service"><c>namespace/name</c>.</param>
    /// <param name="listener">Address, of which host and port count.</param>
    public void Register(string service, Uri listener) => _listeners[service] = listener;

    /// <summary>Where a service listens.</summary>
    /// <exception cref="WebhookUnreachable">Nowhere, and why.</exception>
    public Uri Resolve(WebhookService service)
    {
        if (_listeners.TryGetValue($"{service.Namespace}/{service.Name}", out var listener))
        {
            return listener;
        }

        if (store.Get(Services, service.Namespace, service.Name) is not { } found)
        {
            throw new WebhookUnreachable($"service \"{service.Name}\" not found");
        }

        if (!found.Object.Objects("spec", "ports").Any(port => port.Integer("port") == service.Port))
        {
            throw new WebhookUnreachable($"no service port {service.Port} found for service \"{service.Name}\"");
        }

        var ready = ObjectStore.Range(store.Latest(Slices), service.Namespace)
            .Where(slice => slice.Object.Text("metadata", "labels", "kubernetes.io/service-name") == service.Name)
            .SelectMany(slice => slice.Object.Objects("endpoints"))
            .Any(endpoint => endpoint.Flag("conditions", "ready") != false);
        throw new WebhookUnreachable(ready
            ? $"dial tcp {found.Object.Text("spec", "clusterIP")}:{service.Port}: connect: connection refused"
            : $"no endpoints available for service \"{service.Name}\"");
    }
}
