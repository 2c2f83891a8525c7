using System.Text.Json.Nodes;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.CustomResources;

public sealed class DefinitionLifecycleTests
{
    private static readonly ResourceName Gears = new("example.com", "gears");

    private readonly Cluster _cluster = new(BuiltinKinds.All, new ManualTimeProvider());

    public DefinitionLifecycleTests() => BootstrapObjects.Create(_cluster);

    [Fact]
    public void A_definition_is_served_as_soon_as_it_is_stored()
    {
        _cluster.Create(DefinitionLifecycle.Definitions, Definition("gears", "Gear"), "test");

        var definition = _cluster.Get(new ObjectRef(DefinitionLifecycle.Definitions, null, "gears.example.com"))!;
        Assert.True(DefinitionStatus.IsTrue(definition, "Established"));
        Assert.Equal(["v1"], definition.Texts("status", "storedVersions"));
        Assert.Equal("Gear", _cluster.Create(Gears, Gear("a", 3), "test").Text("kind"));
    }

    [Fact]
    public void A_name_that_another_definition_has_is_not_accepted_until_that_one_goes()
    {
        _cluster.Create(DefinitionLifecycle.Definitions, Definition("gears", "Gear"), "test");
        _cluster.Create(DefinitionLifecycle.Definitions, Definition("cogs", "Gear"), "test");
        var cogs = new ObjectRef(DefinitionLifecycle.Definitions, null, "cogs.example.com");
        Assert.False(DefinitionStatus.IsTrue(_cluster.Get(cogs)!, "NamesAccepted"));
        Assert.Null(_cluster.Registry.Find("example.com", "v1", "cogs"));

        _cluster.Delete(new ObjectRef(DefinitionLifecycle.Definitions, null, "gears.example.com"));

        Assert.True(DefinitionStatus.IsTrue(_cluster.Get(cogs)!, "Established"));
        Assert.NotNull(_cluster.Registry.Find("example.com", "v1", "cogs"));
    }

    [Fact]
    public void A_deleted_definition_takes_its_objects_along_and_waits_for_their_finalizers()
    {
        var reference = new ObjectRef(DefinitionLifecycle.Definitions, null, "gears.example.com");
        _cluster.Create(DefinitionLifecycle.Definitions, Definition("gears", "Gear"), "test");
        _cluster.Create(Gears, Gear("free", 1), "test");
        var held = Gear("held", 1);
        held.Child("metadata")["finalizers"] = new JsonArray("example.com/hold");
        _cluster.Create(Gears, held, "test");

        _cluster.Delete(reference);
        Assert.Equal(["held"], _cluster.List(Gears).Select(gear => gear.Text("metadata", "name")));
        Assert.True(DefinitionStatus.IsTrue(_cluster.Get(reference)!, "Terminating"));

        _cluster.Update(new ObjectRef(Gears, "default", "held"), gear => gear.Child("metadata").Remove("finalizers"), "test");
        Assert.Null(_cluster.Get(reference));
        Assert.Null(_cluster.Registry.Find("example.com", "v1", "gears"));
    }

    [Fact]
    public void A_changed_schema_holds_for_the_next_write()
    {
        _cluster.Create(DefinitionLifecycle.Definitions, Definition("gears", "Gear"), "test");
        _cluster.Update(
            new ObjectRef(DefinitionLifecycle.Definitions, null, "gears.example.com"),
            definition => definition.Objects("spec", "versions").First()["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["teeth"]!["maximum"] = 10,
            "test");

        var refusal = Assert.Throws<StatusException>(() => _cluster.Create(Gears, Gear("a", 11), "test"));
        Assert.Equal(422, refusal.Code);
    }

    [Fact]
    public void Versions_show_the_same_object_under_their_own_name()
    {
        var definition = Definition("gears", "Gear");
        var second = definition["spec"]!["versions"]![0]!.DeepClone().AsObject();
        second["name"] = "v2";
        second["storage"] = false;
        definition["spec"]!["versions"]!.AsArray().Add(second);
        _cluster.Create(DefinitionLifecycle.Definitions, definition, "test");
        _cluster.Create(Gears, Gear("a", 3), "test");

        var v2 = _cluster.Registry.Find("example.com", "v2", "gears")!;
        var shown = Writer.View(v2, _cluster.Store.Get(Gears, "default", "a")!);

        Assert.Equal("example.com/v2", shown.Text("apiVersion"));
        Assert.Equal(3, shown.Integer("spec", "teeth"));
        Assert.Equal("example.com/v1", _cluster.Get(new ObjectRef(Gears, "default", "a"))!.Text("apiVersion"));
    }

    private static JsonObject Gear(string name, int teeth) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
        ["spec"] = new JsonObject { ["teeth"] = teeth },
    };

    private static JsonObject Definition(string plural, string kind) => JsonNode.Parse($$"""
        {
          "metadata": { "name": "{{plural}}.example.com" },
          "spec": {
            "group": "example.com", "scope": "Namespaced", "names": { "plural": "{{plural}}", "kind": "{{kind}}" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
              "type": "object", "properties": { "spec": { "type": "object", "properties": { "teeth": { "type": "integer" } } } } } } }]
          }
        }
        """)!.AsObject();
}
