using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

/// <summary>A cluster of the built-in kinds with one namespace, written to as a client would.</summary>
internal sealed class BuiltinCluster
{
    public const string Namespace = "default";

    public BuiltinCluster()
    {
        Cluster = new Cluster(BuiltinKinds.All, Time);
        Create("namespaces", """{"metadata":{"name":"default"}}""");
    }

    public ManualTimeProvider Time { get; } = new();

    public Cluster Cluster { get; }

    /// <summary>Creates an object, in the namespace where its kind has one.</summary>
    public JsonObject Create(string resource, string json)
    {
        var name = Resource(resource);
        var obj = JsonNode.Parse(json)!.AsObject();
        if (Kind(resource).Namespaced)
        {
            obj.Child("metadata")["namespace"] ??= Namespace;
        }

        return Cluster.Create(name, obj, "test");
    }

    /// <summary>Merges fields into an object.</summary>
    public JsonObject Change(string resource, string name, Action<JsonObject> change, string? subresource = null) =>
        Cluster.Update(new ObjectRef(Resource(resource), Kind(resource).Namespaced ? Namespace : null, name), change, "test", subresource)!;

    /// <summary>The refusal of a create: code and the fields it names.</summary>
    public StatusException Refusal(string resource, string json) => Assert.Throws<StatusException>(() => Create(resource, json));

    /// <summary>The refusal of a change.</summary>
    public StatusException RefusedChange(string resource, string name, Action<JsonObject> change, string? subresource = null) =>
        Assert.Throws<StatusException>(() => Change(resource, name, change, subresource));

    public static KindDefinition Kind(string resource) => BuiltinKinds.All.First(kind => kind.Name == Resource(resource));

    /// <summary>Cells of an object's row by heading.</summary>
    public Dictionary<string, string> Row(string resource, JsonObject obj) =>
        Kind(resource).Columns.ToDictionary(column => column.Name, column => column.Value(obj, Time.GetUtcNow())?.ToString() ?? "");

    private static ResourceName Resource(string resource)
    {
        var dot = resource.IndexOf('.');
        return dot < 0 ? new ResourceName("", resource) : new ResourceName(resource[(dot + 1)..], resource[..dot]);
    }
}

internal static class Refusals
{
    public static string[] Fields(this StatusException refusal) =>
        [.. refusal.Details!["causes"]!.AsArray().Select(cause => (string)cause!["field"]!)];
}
