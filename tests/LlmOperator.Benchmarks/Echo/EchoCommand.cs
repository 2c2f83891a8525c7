using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary><c>echo</c>: a tiny operator on this project's runtime, to be measured beside others on any control plane.</summary>
internal static class EchoCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var kubeconfig = arguments.Text("--kubeconfig");
        var workers = arguments.Number("--workers", 4);
        arguments.ThrowIfAnyLeft();

        using var client = new KubeClient(new ClusterConfigurationLoader().Load(kubeconfig));
        var readyType = await EchoDefinition.EnsureAsync(client, cancellationToken);
        using var manager = new ControllerManager(client, new ControllerManagerOptions { Name = "bench.example.com/echo" });
        manager.Informers.Get<Deployment>().Transform(Trimmed);
        manager.Informers.Get<Service>().Transform(Trimmed);
        manager.AddController("echo", new EchoReconciler(manager, readyType), controller => controller
            .For<Echo>(Predicates.GenerationChanged)
            .Owns<Deployment>(Predicates.GenerationChanged)
            .Owns<Service>()
            .Workers(workers));
        Console.WriteLine("echo operator running");
        return await manager.RunAsync(cancellationToken) == RunOutcome.Stopped ? 0 : 1;
    }

    // Only what is compared is kept: the status of children plays no part.
    private static Deployment Trimmed(Deployment deployment) => deployment with { Status = null };

    private static Service Trimmed(Service service) => service with { Status = null };
}
