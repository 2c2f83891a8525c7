using System.Text.Json;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary>One Deployment, one Service, then the status: three requests an object, none when nothing differs.</summary>
internal sealed class EchoReconciler(ControllerManager manager, string readyType) : IReconciler
{
    public const string FieldManager = "echo-operator";

    private static readonly JsonElement True = JsonDocument.Parse("true").RootElement;
    private static readonly JsonElement Text = JsonDocument.Parse("\"true\"").RootElement;

    private readonly ObjectApplier _applier = new(manager.Client, FieldManager, "bench.example.com/applied-hash");
    private readonly OwnWrites<Echo> _echoes = new(manager.Informers.Get<Echo>());
    private readonly OwnWrites<Deployment> _deployments = new(manager.Informers.Get<Deployment>());
    private readonly OwnWrites<Service> _services = new(manager.Informers.Get<Service>());

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_echoes.Get(key) is not { Spec: { } spec, Metadata.DeletionTimestamp: null } echo)
        {
            return ReconcileResult.Done;
        }

        var labels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = "echo", ["app.kubernetes.io/instance"] = key.Name };
        var metadata = new ObjectMeta { Name = key.Name, Namespace = key.Namespace, Labels = labels, OwnerReferences = [echo.ControllerReference()] };
        await ApplyAsync(_deployments, Deployment(spec, metadata, labels), key, cancellationToken);
        await ApplyAsync(_services, Service(metadata, labels), key, cancellationToken);

        var ready = readyType switch
        {
            "integer" or "number" => JsonSerializer.SerializeToElement(spec.Replicas ?? 1, EchoJson.Default.Int32),
            "string" => Text,
            _ => True,
        };
        var status = new Echo { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = new() { Ready = ready } };
        var told = await _applier.ApplyStatusIfChangedAsync(status, echo, cancellationToken);
        if (told.Written)
        {
            _echoes.Wrote(told.Object);
        }

        return ReconcileResult.Done;
    }

    private async Task ApplyAsync<T>(OwnWrites<T> cache, T wanted, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        var applied = await _applier.ApplyIfChangedAsync(wanted, cache.Get(key), cancellationToken);
        if (applied.Written)
        {
            cache.Wrote(applied.Object);
        }
    }

    private static Deployment Deployment(EchoSpec spec, ObjectMeta metadata, Dictionary<string, string> labels) => new()
    {
        Metadata = metadata,
        Spec = new()
        {
            Replicas = spec.Replicas ?? 1,
            Selector = new() { MatchLabels = labels },
            Template = new()
            {
                Metadata = new() { Labels = labels },
                Spec = new() { Containers = [new() { Name = "echo", Image = spec.Image ?? "echo:1", Ports = [new() { Name = "http", Port = 8080 }] }] },
            },
        },
    };

    private static Service Service(ObjectMeta metadata, Dictionary<string, string> labels) => new()
    {
        Metadata = metadata,
        Spec = new() { Selector = labels, Ports = [new() { Name = "http", Port = 80, TargetPort = "http" }] },
    };
}
