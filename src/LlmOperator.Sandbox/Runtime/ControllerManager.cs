using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Lifecycle;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Scheduling;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Workloads;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>Puts together what makes workloads run: the controllers of a control plane, its scheduler, and the kubelets of its nodes.</summary>
internal static class ControllerManager
{
    /// <summary>Creates a runtime with every controller; nothing runs until it is started.</summary>
    /// <param name="cluster">The objects.</param>
    /// <param name="logs">Where container logs are kept; the server reads them from there.</param>
    /// <param name="certificateAuthority">Certificate of the authority of the API server, PEM.</param>
    /// <param name="logger">Where faults are logged.</param>
    /// <param name="containers">Runs containers that have a host; null to simulate all.</param>
    public static ClusterRuntime Create(ICluster cluster, PodLogs logs, string certificateAuthority, ILogger? logger = null, ContainerRuntime? containers = null)
    {
        var runtime = new ClusterRuntime(cluster, logger);
        var events = new EventRecorder(cluster);
        runtime.Add(new GarbageCollector(runtime));
        runtime.Add(new NamespaceController(runtime));
        runtime.Add(new NamespaceContents(runtime, certificateAuthority));
        runtime.Add(new DeploymentController(runtime, events));
        runtime.Add(new ReplicaSetController(runtime, events));
        runtime.Add(new StatefulSetController(runtime, events));
        runtime.Add(new DaemonSetController(runtime, events));
        runtime.Add(new JobController(runtime, events));
        runtime.Add(new CronJobController(runtime, events));
        runtime.Add(new EndpointSliceController(runtime));
        runtime.Add(new DisruptionController(runtime));
        runtime.Add(new EventExpiry(runtime));
        runtime.Add(new VolumeController(runtime, events));
        runtime.Add(new NodeAgent(runtime));
        runtime.Add(new NodeLifecycleController(runtime, events));
        runtime.Add(new Scheduler(runtime, events));
        runtime.Add(new Kubelet(runtime, events, logs, containers));
        if (cluster.List(Resources.StorageClasses).Count == 0)
        {
            cluster.Create(Resources.StorageClasses, VolumeController.DefaultClass(), "kube-controller-manager");
        }

        return runtime;
    }
}
