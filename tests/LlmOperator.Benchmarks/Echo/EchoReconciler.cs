using System.Text.Json.Nodes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary>One Deployment, one Service, then the status: three requests an object, none when nothing differs.</summary>
internal sealed class EchoReconciler(IKubeClient client, Informer<Echo> echoes, Informer<Deployment> deployments, Informer<Service> services, string readyType) : IReconciler
{
    private readonly ObjectApplier _applier = new(client, "echo-operator", "bench.example.com/applied-hash");

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (echoes.Get(key) is not { Spec: { } spec, Metadata.DeletionTimestamp: null } echo)
        {
            return ReconcileResult.Done;
        }

        var labels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = "echo", ["app.kubernetes.io/instance"] = key.Name };
        var metadata = new ObjectMeta { Name = key.Name, Namespace = key.Namespace, Labels = labels, OwnerReferences = [echo.ControllerReference()] };
        var deployment = new Deployment
        {
            Metadata = metadata,
            Spec = new()
            {
                Replicas = spec.Replicas ?? 1,
                Selector = new() { MatchLabels = labels },
                Template = new()
                {
                    Metadata = new() { Labels = labels },
                    Spec = new() { Containers = [new() { Name = "echo", Image = spec.Image ?? "echo:1", Ports = [new() { Name = "http", ContainerPort = 8080 }] }] },
                },
            },
        };
        var service = new Service
        {
            Metadata = metadata,
            Spec = new() { Selector = labels, Ports = [new() { Name = "http", Port = 80, TargetPort = "http" }] },
        };
        await _applier.ApplyIfChangedAsync(deployment, deployments.Get(key), cancellationToken);
        await _applier.ApplyIfChangedAsync(service, services.Get(key), cancellationToken);

        JsonNode ready = readyType == "integer" ? JsonValue.Create(spec.Replicas ?? 1) : JsonValue.Create(true);
        var status = new Echo { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = new() { Ready = ready } };
        await _applier.ApplyStatusIfChangedAsync(status, echo, cancellationToken);
        return ReconcileResult.Done;
    }
}
