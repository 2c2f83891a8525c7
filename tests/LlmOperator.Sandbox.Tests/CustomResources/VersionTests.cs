using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Server;
using Xunit;
using static LlmOperator.Sandbox.Tests.Server.RunningServer;

namespace LlmOperator.Sandbox.Tests.CustomResources;

public sealed class VersionTests : IAsyncLifetime
{
    private const string Gears = "/apis/example.com/v1/namespaces/default/gears";
    private const string NewGears = "/apis/example.com/v2/namespaces/default/gears";
    private const string Definition = $"{Definitions}/gears.example.com";

    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_new_definition_remembers_its_storage_version_before_anything_else_of_its_status()
    {
        var created = await Define();
        Assert.Equal("""{"conditions":null,"acceptedNames":{"plural":"","kind":""},"storedVersions":["v1"]}""", created.At("status")!.ToJsonString());
        Assert.Null((await _server.Get(Definition)).At("metadata", "finalizers"));
    }

    [Fact]
    public async Task A_version_shows_and_keeps_no_more_than_its_schema_and_that_of_storage_declare()
    {
        await Define();
        await Create("""{"a":"1"}""");
        Assert.Equal("""{"a":"1","b":"bee"}""", await Spec(Gears));
        Assert.Equal("""{"a":"1"}""", await Spec(NewGears));

        await _server.Send("PATCH", $"{NewGears}/g", """{"spec":{"a":"2","c":"lost"}}""", Merge);
        Assert.Equal("""{"a":"2"}""", await Spec(NewGears));
    }

    [Fact]
    public async Task Objects_stay_usable_in_every_version_when_storage_moves_to_another()
    {
        await Define();
        await Create("""{"a":"1"}""");
        var definition = await Change(versions => (versions[0]!["storage"], versions[1]!["storage"]) = (false, true));
        Assert.Equal(["v1", "v2"], definition.Texts("status", "storedVersions"));

        var (code, gear) = await _server.Send("PATCH", $"{NewGears}/g", """{"spec":{"c":"kept"}}""", Merge);
        Assert.Equal((200, "example.com/v2"), (code, gear.Text("apiVersion")));
        Assert.Equal("""{"a":"1","c":"kept"}""", await Spec(NewGears));
    }

    [Fact]
    public async Task A_version_that_objects_may_be_stored_in_cannot_be_dropped()
    {
        await Define();
        await Change(versions => (versions[0]!["storage"], versions[1]!["storage"]) = (false, true));
        var definition = await _server.Get(Definition);
        definition["spec"]!["versions"]!.AsArray().RemoveAt(0);
        var (code, status) = await _server.Send("PUT", Definition, definition.ToJsonString());
        Assert.Equal((422, "status.storedVersions[0]"), (code, status.Objects("details", "causes").Single().Text("field")));
    }

    [Fact]
    public async Task What_is_read_follows_the_present_schema_and_is_written_with_the_next_change()
    {
        await Define();
        await Create("""{"a":"1"}""");
        await Change(versions =>
        {
            var properties = versions[0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!.AsObject();
            properties.Remove("a");
            properties["n"] = new JsonObject { ["type"] = "string", ["default"] = "new" };
        });

        var read = await _server.Get($"{Gears}/g");
        Assert.Equal("""{"b":"bee","n":"new"}""", Sorted(read));
        var (_, written) = await _server.Send("PATCH", $"{Gears}/g", "{}", Merge);
        Assert.NotEqual(read.Text("metadata", "resourceVersion"), written.Text("metadata", "resourceVersion"));
        Assert.Equal(1, written.Integer("metadata", "generation"));
        var (_, again) = await _server.Send("PATCH", $"{Gears}/g", "{}", Merge);
        Assert.Equal(written.Text("metadata", "resourceVersion"), again.Text("metadata", "resourceVersion"));
    }

    [Fact]
    public async Task A_deleted_definition_is_answered_with_as_it_begins_to_end()
    {
        await Define();
        var (code, marked) = await _server.Send("DELETE", Definition);
        Assert.Equal((200, "CustomResourceDefinition"), (code, marked.Text("kind")));
        Assert.Equal(["customresourcecleanup.apiextensions.k8s.io"], marked.Texts("metadata", "finalizers"));
        Assert.Contains(marked.Objects("status", "conditions"), condition => condition.Text("reason") == "InstanceDeletionPending");
        Assert.Equal(404, (await _server.Send("GET", Definition)).Code);
    }

    [Fact]
    public async Task Names_are_accepted_one_by_one()
    {
        await Define();
        await Define("cogs", "Gear");
        var cogs = await _server.Get($"{Definitions}/cogs.example.com");
        Assert.Equal("""{"plural":"cogs","kind":""}""", cogs.At("status", "acceptedNames")!.ToJsonString());
        Assert.Equal(
            ("ListKindConflict", "\"GearList\" is already in use"),
            cogs.Objects("status", "conditions").Where(condition => condition.Text("type") == "NamesAccepted").Select(condition => (condition.Text("reason"), condition.Text("message"))).Single());
    }

    private Task<JsonNode> Define(string plural = "gears", string kind = "Gear") => _server.Created(Definitions, $$"""
        {
          "metadata": { "name": "{{plural}}.example.com" },
          "spec": {
            "group": "example.com", "scope": "Namespaced", "names": { "plural": "{{plural}}", "kind": "{{kind}}" },
            "versions": [{{Version("v1", true, "b", "bee")}}, {{Version("v2", false, "c", "sea")}}]
          }
        }
        """);

    private static string Version(string name, bool storage, string field, string value) => $$$$$$$$"""
        {"name":"{{{{{{{{name}}}}}}}}","served":true,"storage":{{{{{{{{(storage ? "true" : "false")}}}}}}}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
         "a":{"type":"string"},"{{{{{{{{field}}}}}}}}":{"type":"string","default":"{{{{{{{{value}}}}}}}}"}}}}}}}
        """;

    private Task<JsonNode> Create(string spec) =>
        _server.Created(Gears, $$$"""{"apiVersion":"example.com/v1","kind":"Gear","metadata":{"name":"g"},"spec":{{{spec}}}}""");

    private async Task<JsonNode> Change(Action<JsonArray> change)
    {
        var definition = await _server.Get(Definition);
        change(definition["spec"]!["versions"]!.AsArray());
        var (code, changed) = await _server.Send("PUT", Definition, definition.ToJsonString());
        Assert.Equal(200, code);
        return changed!;
    }

    private async Task<string> Spec(string path) => Sorted(await _server.Get($"{path}/g"));

    private static string Sorted(JsonNode gear) =>
        new JsonObject(gear.Object("spec")!.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))).ToJsonString();
}
