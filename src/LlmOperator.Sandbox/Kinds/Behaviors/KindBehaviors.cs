using LlmOperator.Sandbox.Admission;
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
        ("", "Pod") => new PodBehavior(),
        ("", "PodTemplate") => new PodTemplateBehavior(),
        ("", "ReplicationController") => new ReplicationControllerBehavior(),
        ("", "Service") => new ServiceBehavior(),
        ("", "ConfigMap") => new ConfigMapBehavior(),
        ("", "Secret") => new SecretBehavior(),
        ("", "Namespace") => new NamespaceBehavior(),
        ("", "Node") => new NodeBehavior(),
        ("", "PersistentVolumeClaim") => new ClaimBehavior(),
        ("", "PersistentVolume") => new VolumeBehavior(),
        (_, "Event") => new EventBehavior(),
        ("apps", "Deployment") => new DeploymentBehavior(),
        ("apps", "ReplicaSet") => new ReplicaSetBehavior(),
        ("apps", "StatefulSet") => new StatefulSetBehavior(),
        ("apps", "DaemonSet") => new DaemonSetBehavior(),
        ("apps", "ControllerRevision") => new ControllerRevisionBehavior(),
        ("batch", "Job") => new JobBehavior(),
        ("batch", "CronJob") => new CronJobBehavior(),
        ("autoscaling", "HorizontalPodAutoscaler") => new AutoscalerBehavior(),
        ("policy", "PodDisruptionBudget") => new DisruptionBudgetBehavior(),
        ("coordination.k8s.io", "Lease") => new LeaseBehavior(),
        ("networking.k8s.io", "NetworkPolicy") => new NetworkPolicyBehavior(),
        ("networking.k8s.io", "Ingress") => new IngressBehavior(),
        ("discovery.k8s.io", "EndpointSlice") => new EndpointSliceBehavior(),
        ("rbac.authorization.k8s.io", "Role" or "ClusterRole") => new RoleBehavior(),
        ("rbac.authorization.k8s.io", _) => new RoleBindingBehavior(),
        ("storage.k8s.io", "StorageClass") => new StorageClassBehavior(),
        ("scheduling.k8s.io", "PriorityClass") => new PriorityClassBehavior(),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => new DefinitionBehavior(),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" or "MutatingWebhookConfiguration") => new WebhookConfigurationBehavior(),
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
