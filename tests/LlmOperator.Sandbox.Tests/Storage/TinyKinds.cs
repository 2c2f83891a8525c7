using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;

namespace LlmOperator.Sandbox.Tests.Storage;

/// <summary>A cluster of two kinds that any object fits, for tests of the store and the write pipeline alone.</summary>
internal static class TinyKinds
{
    public static readonly ResourceName Things = new("", "things");

    public static Cluster NewCluster(ManualTimeProvider? time = null, int window = 100, int queue = 100)
    {
        var cluster = new Cluster(All(), time ?? new ManualTimeProvider(), window, queue);
        cluster.Create(Cluster.Namespaces, Named("default"), "test");
        return cluster;
    }

    public static System.Text.Json.Nodes.JsonObject Named(string name, string? ns = null)
    {
        var metadata = new System.Text.Json.Nodes.JsonObject { ["name"] = name };
        if (ns is not null)
        {
            metadata["namespace"] = ns;
        }

        return new System.Text.Json.Nodes.JsonObject { ["metadata"] = metadata };
    }

    public static KindDefinition[] All() => [Kind("Namespace", "namespaces", namespaced: false), Kind("Thing", "things", namespaced: true), Kind("Pod", "pods", namespaced: true)];

    private static KindDefinition Kind(string kind, string plural, bool namespaced) => new()
    {
        Group = "",
        Version = "v1",
        Kind = kind,
        Plural = plural,
        Namespaced = namespaced,
        Schema = new Schema { Type = "object", PreserveUnknownFields = true },
        HasGeneration = true,
        StatusSubresource = true,
        Columns = [],
    };
}
