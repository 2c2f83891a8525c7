using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>
/// The part of a kubelet that speaks for its node: fills in what an administrator left out of the status, and renews the node's
/// lease. A Ready condition that someone set stays as it is, so that a node can be made to fail.
/// </summary>
internal sealed class NodeAgent(ClusterRuntime runtime) : Controller(runtime)
{
    /// <summary>How often the lease is renewed. A real kubelet does it every 10 s; here nobody waits for it.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(5);

    /// <summary>Annotation of nodes; <c>none</c> leaves node and pods to a kubelet of the user's own.</summary>
    public const string KubeletAnnotation = "sandbox.llmops.dev/kubelet";

    private static readonly ResourceName Leases = new("coordination.k8s.io", "leases");

    private static readonly (string Type, string Reason, string Message)[] Pressures =
    [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ];

    private int _addresses;

    /// <inheritdoc/>
    public override string Name => "kubelet";

    /// <summary>Whether someone else runs the node's pods.</summary>
    public static bool IsForeign(JsonObject node) => node.Annotation(KubeletAnnotation) == "none";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Nodes && change.Type == WatchEventType.Added)
        {
            Enqueue(change.Ref);
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } node || IsForeign(node))
        {
            return;
        }

        Complete(key);
        Renew(node);
        EnqueueAfter(key, Heartbeat);
    }

    private void Complete(ObjectRef key) => Cluster.Update(
        key,
        node =>
        {
            var status = node.Child("status");
            var time = Storage.Cluster.Timestamp(Now);
            if (status.Object("allocatable") is null && status.Object("capacity") is { } capacity)
            {
                status["allocatable"] = capacity.DeepClone();
            }

            if (node.Condition("Ready") is null)
            {
                foreach (var (type, reason, message) in Pressures)
                {
                    AddCondition(status, type, "False", reason, message, time);
                }

                AddCondition(status, "Ready", "True", "KubeletReady", "kubelet is posting ready status", time);
            }

            if (status["addresses"] is not JsonArray { Count: > 0 })
            {
                var number = ++_addresses;
                status["addresses"] = new JsonArray(
                    new JsonObject { ["type"] = "InternalIP", ["address"] = $"10.0.{number / 250}.{(number % 250) + 1}" },
                    new JsonObject { ["type"] = "Hostname", ["address"] = node.Name() });
            }

            if (status.Object("nodeInfo") is null)
            {
                status["nodeInfo"] = new JsonObject
                {
                    ["machineID"] = "",
                    ["systemUUID"] = node.Uid(),
                    ["bootID"] = "",
                    ["kernelVersion"] = "6.12.40",
                    ["osImage"] = "Amazon Linux 2023 (simulated)",
                    ["containerRuntimeVersion"] = "containerd://2.1.4",
                    ["kubeletVersion"] = Server.ServerVersion.GitVersion,
                    ["kubeProxyVersion"] = "",
                    ["operatingSystem"] = node.Label("kubernetes.io/os") ?? "linux",
                    ["architecture"] = node.Label("kubernetes.io/arch") ?? "amd64",
                };
            }
        },
        Name,
        "status");

    private void Renew(JsonObject node)
    {
        var key = new ObjectRef(Leases, "kube-node-lease", node.Name());
        var now = Now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");
        if (Cluster.Update(key, lease => lease.Child("spec")["renewTime"] = now, Name) is null)
        {
            Cluster.Create(
                Leases,
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = node.Name(),
                        ["namespace"] = "kube-node-lease",
                        ["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node.Name(), ["uid"] = node.Uid() }),
                    },
                    ["spec"] = new JsonObject { ["holderIdentity"] = node.Name(), ["leaseDurationSeconds"] = (int)Heartbeat.TotalSeconds * 2, ["renewTime"] = now },
                },
                Name);
        }
    }

    private static void AddCondition(JsonObject status, string type, string value, string reason, string message, string time)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        conditions.RemoveAll(condition => condition.Text("type") == type);
        conditions.Add(new JsonObject
        {
            ["type"] = type,
            ["status"] = value,
            ["lastHeartbeatTime"] = time,
            ["lastTransitionTime"] = time,
            ["reason"] = reason,
            ["message"] = message,
        });
    }
}
