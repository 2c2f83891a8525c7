using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>Collections the controllers work with.</summary>
internal static class Resources
{
    public static readonly ResourceName Pods = new("", "pods");
    public static readonly ResourceName Nodes = new("", "nodes");
    public static readonly ResourceName Namespaces = new("", "namespaces");
    public static readonly ResourceName Services = new("", "services");
    public static readonly ResourceName Events = new("", "events");
    public static readonly ResourceName ConfigMaps = new("", "configmaps");
    public static readonly ResourceName ServiceAccounts = new("", "serviceaccounts");
    public static readonly ResourceName Claims = new("", "persistentvolumeclaims");
    public static readonly ResourceName Volumes = new("", "persistentvolumes");
    public static readonly ResourceName StorageClasses = new("storage.k8s.io", "storageclasses");
    public static readonly ResourceName Deployments = new("apps", "deployments");
    public static readonly ResourceName ReplicaSets = new("apps", "replicasets");
    public static readonly ResourceName StatefulSets = new("apps", "statefulsets");
    public static readonly ResourceName DaemonSets = new("apps", "daemonsets");
    public static readonly ResourceName Revisions = new("apps", "controllerrevisions");
    public static readonly ResourceName Jobs = new("batch", "jobs");
    public static readonly ResourceName CronJobs = new("batch", "cronjobs");
    public static readonly ResourceName EndpointSlices = new("discovery.k8s.io", "endpointslices");
    public static readonly ResourceName Budgets = new("policy", "poddisruptionbudgets");
}
