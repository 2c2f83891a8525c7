using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;

namespace LlmOperator.Sandbox.Tests.Runtime;

/// <summary>A whole cluster on a clock that stands still: tests write objects, let time pass, and look.</summary>
internal sealed class SmallCluster
{
    public SmallCluster()
    {
        Cluster = new Cluster(BuiltinKinds.All, Time);
        Cluster.Create(Resources.Namespaces, Parse("""{"metadata":{"name":"default"}}"""), "test");
        Cluster.Create(Resources.Namespaces, Parse("""{"metadata":{"name":"kube-node-lease"}}"""), "test");
        Runtime = ControllerManager.Create(Cluster, Logs, "certificate");
        Runtime.RunUntilIdle();
    }

    public ManualTimeProvider Time { get; } = new();

    public PodLogs Logs { get; } = new();

    public Cluster Cluster { get; }

    public ClusterRuntime Runtime { get; }

    public static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    public void AddNode(string name, string labels = "{}", string taints = "[]", int gpus = 0, int cpu = 32)
    {
        var resources = $$$$$"""{"cpu":"{{{{{cpu}}}}}","memory":"128Gi","pods":"110","nvidia.com/gpu":"{{{{{gpus}}}}}"}""";
        Create(Resources.Nodes, $$$$$"""
            {"metadata":{"name":"{{{{{name}}}}}","labels":{{{{{labels}}}}}},"spec":{"taints":{{{{{taints}}}}}},
             "status":{"capacity":{{{{{resources}}}}},"allocatable":{{{{{resources}}}}},"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}}
            """);
    }

    public JsonObject Create(ResourceName resource, string json)
    {
        var obj = Parse(json);
        if (resource != Resources.Nodes && resource != Resources.Namespaces)
        {
            obj["metadata"]!["namespace"] ??= "default";
        }

        return Cluster.Create(resource, obj, "test");
    }

    public JsonObject? Get(ResourceName resource, string name) =>
        Cluster.Get(new ObjectRef(resource, resource == Resources.Nodes || resource == Resources.Namespaces ? null : "default", name));

    public void Change(ResourceName resource, string name, Action<JsonObject> change) =>
        Cluster.Update(new ObjectRef(resource, "default", name), change, "test");

    public List<JsonObject> Pods() => [.. Cluster.List(Resources.Pods)];

    /// <summary>Lets time pass, from one due moment to the next, doing at each what is due.</summary>
    public void Pass(double seconds)
    {
        var end = Time.GetUtcNow().AddSeconds(seconds);
        Runtime.RunUntilIdle();
        while (Runtime.NextDue is { } due && due <= end)
        {
            Time.Advance(due > Time.GetUtcNow() ? due - Time.GetUtcNow() : TimeSpan.Zero);
            Runtime.RunUntilIdle();
        }

        Time.Advance(end - Time.GetUtcNow());
        Runtime.RunUntilIdle();
    }

    public static string Deployment(string name, int replicas = 1, string image = "app:1", string podSpec = "", string spec = "") => $$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}"},"spec":{"replicas":{{{{{replicas}}}}},"selector":{"matchLabels":{"app":"{{{{{name}}}}}"}}{{{{{spec}}}}},
         "template":{"metadata":{"labels":{"app":"{{{{{name}}}}}"}},"spec":{"containers":[{"name":"main","image":"{{{{{image}}}}}"}]{{{{{podSpec}}}}}}}}}
        """;
}
