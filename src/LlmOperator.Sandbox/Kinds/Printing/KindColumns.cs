using LlmOperator.Sandbox.Kinds.Behaviors;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Which columns <c>kubectl get</c> shows of each built-in kind.</summary>
internal static class KindColumns
{
    /// <summary>Columns of a kind.</summary>
    public static IReadOnlyList<Column> Of(string group, string version, string kind) => (group, kind) switch
    {
        ("", "Pod") => PodCells.Columns,
        ("", "PodTemplate") => WorkloadCells.PodTemplate,
        ("", "ReplicationController") => WorkloadCells.ReplicationController,
        ("apps", "Deployment") => WorkloadCells.Deployment,
        ("apps", "ReplicaSet") => WorkloadCells.ReplicaSet,
        ("apps", "StatefulSet") => WorkloadCells.StatefulSet,
        ("apps", "DaemonSet") => WorkloadCells.DaemonSet,
        ("apps", "ControllerRevision") => WorkloadCells.ControllerRevision,
        ("batch", "Job") => WorkloadCells.Job,
        ("batch", "CronJob") => WorkloadCells.CronJob,
        ("", "ConfigMap") => CoreCells.ConfigMap,
        ("", "Secret") => CoreCells.Secret,
        ("", "ServiceAccount") => CoreCells.ServiceAccount,
        ("", "Namespace") => CoreCells.Namespace,
        ("", "Node") => CoreCells.Node,
        ("", "Service") => CoreCells.Service,
        ("", "Endpoints") => CoreCells.Endpoints,
        ("", "ResourceQuota") => CoreCells.ResourceQuota,
        ("", "LimitRange") => CoreCells.LimitRange,
        ("", "Event") => EventCells.Columns,
        ("events.k8s.io", "Event") => Converted(EventCells.Columns, EventConversion.ToCore),
        ("", "PersistentVolume") => StorageCells.Volume,
        ("", "PersistentVolumeClaim") => StorageCells.Claim,
        ("storage.k8s.io", "StorageClass") => StorageCells.StorageClass,
        ("storage.k8s.io", "VolumeAttributesClass") => StorageCells.AttributesClass,
        ("storage.k8s.io", "VolumeAttachment") => StorageCells.Attachment,
        ("storage.k8s.io", "CSIDriver") => StorageCells.Driver,
        ("storage.k8s.io", "CSINode") => StorageCells.DriverNode,
        ("storage.k8s.io", "CSIStorageCapacity") => StorageCells.Capacity,
        ("networking.k8s.io", "Ingress") => NetworkCells.Ingress,
        ("networking.k8s.io", "IngressClass") => NetworkCells.IngressClass,
        ("networking.k8s.io", "NetworkPolicy") => NetworkCells.NetworkPolicy,
        ("networking.k8s.io", "IPAddress") => NetworkCells.IPAddress,
        ("networking.k8s.io", "ServiceCIDR") => NetworkCells.ServiceCidr,
        ("discovery.k8s.io", "EndpointSlice") => NetworkCells.EndpointSlice,
        ("autoscaling", "HorizontalPodAutoscaler") => version == "v1" ? Converted(PolicyCells.Autoscaler, AutoscalerConversion.ToV2) : PolicyCells.Autoscaler,
        ("policy", "PodDisruptionBudget") => PolicyCells.DisruptionBudget,
        ("coordination.k8s.io", "Lease") => PolicyCells.Lease,
        ("rbac.authorization.k8s.io", "Role" or "ClusterRole") => PolicyCells.Role,
        ("rbac.authorization.k8s.io", _) => PolicyCells.RoleBinding,
        ("scheduling.k8s.io", "PriorityClass") => PolicyCells.PriorityClass,
        ("node.k8s.io", "RuntimeClass") => PolicyCells.RuntimeClass,
        ("apiextensions.k8s.io", _) => ExtensionCells.Definition,
        ("apiregistration.k8s.io", _) => ExtensionCells.ApiService,
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration" or "ValidatingWebhookConfiguration") => ExtensionCells.Webhooks,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => ExtensionCells.ValidatingPolicy,
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy") => ExtensionCells.MutatingPolicy,
        ("admissionregistration.k8s.io", _) => ExtensionCells.PolicyBinding,
        ("certificates.k8s.io", _) => ExtensionCells.SigningRequest,
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => ExtensionCells.FlowSchema,
        ("flowcontrol.apiserver.k8s.io", _) => ExtensionCells.PriorityLevel,
        ("resource.k8s.io", "ResourceClaim") => ExtensionCells.ResourceClaim,
        ("resource.k8s.io", "ResourceSlice") => ExtensionCells.ResourceSlice,
        _ => Cells.NameAndAge,
    };

    /// <summary>Columns written for another version's shape.</summary>
    private static Column[] Converted(IReadOnlyList<Column> columns, Func<System.Text.Json.Nodes.JsonObject, System.Text.Json.Nodes.JsonObject> convert) =>
        [.. columns.Select(column => column with { Value = (obj, now) => column.Value(convert(obj), now) })];
}
