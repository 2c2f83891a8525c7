using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Which behaviour and which selectable fields each built-in kind has.</summary>
internal static class KindBehaviors
{
    /// <summary>Behaviour of a kind.</summary>
    public static KindBehavior Of(string group, string version, string kind, Schema schema) =>
        Behavior(group, kind).For(kind, version, schema, Fields(group, kind));

    private static BuiltinBehavior Behavior(string group, string kind) => (group, kind) switch
    {
        _ => new BuiltinBehavior(),
    };

    private static string[] Fields(string group, string kind) => (group, kind) switch
    {
        ("", "Pod") =>
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP",
            "status.podIPs", "status.nominatedNodeName",
        ],
        ("", "Event") =>
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
        ],
        ("events.k8s.io", "Event") =>
        [
            "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion",
            "regarding.fieldPath", "reason", "reportingController", "type",
        ],
        ("", "Secret") => ["type"],
        ("", "Node") => ["spec.unschedulable"],
        ("", "Namespace") => ["status.phase"],
        ("", "Service") => ["spec.clusterIP", "spec.type"],
        ("", "PersistentVolume" or "PersistentVolumeClaim") => ["name"],
        ("", "ReplicationController") or ("apps", "ReplicaSet") => ["status.replicas"],
        ("batch", "Job") => ["status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest") => ["spec.signerName"],
        ("resource.k8s.io", "ResourceSlice") => ["spec.driver", "spec.nodeName"],
        ("networking.k8s.io", "IPAddress") => ["spec.parentRef.resource", "spec.parentRef.group", "spec.parentRef.namespace", "spec.parentRef.name"],
        _ => [],
    };
}
