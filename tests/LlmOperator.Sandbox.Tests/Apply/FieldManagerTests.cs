using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Tests.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Apply;

/// <summary>The request sequences and field sets are those of recordings of a real API server, unless a test says otherwise.</summary>
public sealed class FieldManagerTests
{
    private const string Created = """{"f:spec":{".":{},"f:limits":{".":{},"f:max":{},"f:min":{}},"f:mode":{},"f:replicas":{},"f:size":{}}}""";

    [Fact]
    public void A_create_owns_everything_it_brings_and_what_is_defaulted()
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":5,"bogus":1,"blob":{"free":{"form":1}},"nick":null,"steps":[{"name":"s1"}]}"""));
        Assert.Equal(
            ["""unknown Update {"f:spec":{".":{},"f:blob":{".":{},"f:free":{".":{},"f:form":{}}},"f:limits":{".":{},"f:max":{},"f:min":{}},"f:mode":{},"f:nick":{},"f:replicas":{},"f:size":{},"f:steps":{".":{},"k:{\"name\":\"s1\"}":{".":{},"f:name":{},"f:weight":{}}}}}"""],
            Widgets.Owners(widget));
    }

    [Fact]
    public void Patches_move_ownership_with_the_values()
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":1,"tags":["x","y"],"labels":{"k":"v"}}"""));
        widget = Widgets.Patch(widget, """{"spec":{"labels":{"k":null},"tags":["only"]}}""");
        Assert.Equal(
            ["""unknown Update {"f:spec":{".":{},"f:labels":{},"f:limits":{".":{},"f:max":{},"f:min":{}},"f:mode":{},"f:replicas":{},"f:size":{},"f:tags":{".":{},"v:\"only\"":{}}}}"""],
            Widgets.Owners(widget));
    }

    [Fact]
    public void Status_is_owned_apart_from_the_rest()
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":3}"""));
        widget = Widgets.Patch(widget, """{"status":{"note":"kept"},"metadata":{"labels":{"a":"b"}}}""", subresource: "status", seconds: 1);
        Assert.Equal(["unknown Update " + Created, """unknown Update/status {"f:status":{".":{},"f:note":{}}}"""], Widgets.Owners(widget));
    }

    [Fact]
    public void Apply_owns_what_it_names_and_not_what_is_defaulted()
    {
        var widget = Widgets.Apply(null, """{"size":5,"title":"hello"}""", "one");
        Assert.Equal(["""one Apply {"f:spec":{"f:size":{},"f:title":{}}}"""], Widgets.Owners(widget));
        Widgets.Same("""{"limits":{"max":5,"min":1},"mode":"safe","replicas":1,"size":5,"title":"hello"}""", widget["spec"]);
    }

    [Fact]
    public void A_field_no_longer_applied_goes()
    {
        var widget = Widgets.Apply(null, """{"size":6,"title":"hello"}""", "one");
        widget = Widgets.Apply(widget, """{"size":6}""", "one", seconds: 1);
        Assert.Null(widget["spec"]!["title"]);
        Assert.Equal(["""one Apply {"f:spec":{"f:size":{}}}"""], Widgets.Owners(widget));
    }

    [Fact]
    public void Two_appliers_conflict_share_force_and_give_up()
    {
        var widget = Widgets.Apply(null, """{"size":5,"title":"hello"}""", "one");
        var conflict = Assert.Throws<StatusException>(() => Widgets.Apply(widget, """{"size":6}""", "two"));
        Assert.Equal((409, "Conflict", "Apply failed with 1 conflict: conflict with \"one\": .spec.size"), (conflict.Code, conflict.Reason, conflict.Message));
        Widgets.Same("""{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"one\"","field":".spec.size"}]}""", conflict.Details);

        widget = Widgets.Apply(widget, """{"size":5}""", "two", seconds: 1);
        Assert.Equal(["""two Apply never {"f:spec":{"f:size":{}}}""", """one Apply {"f:spec":{"f:size":{},"f:title":{}}}"""], Widgets.Owners(widget));

        widget = Widgets.Apply(widget, """{"size":7}""", "two", force: true, seconds: 2);
        Assert.Equal(["""one Apply {"f:spec":{"f:title":{}}}""", """two Apply {"f:spec":{"f:size":{}}}"""], Widgets.Owners(widget));

        widget = Widgets.Apply(widget, """{"title":"hello","size":7}""", "one", seconds: 3);
        Assert.Equal(["""one Apply {"f:spec":{"f:size":{},"f:title":{}}}""", """two Apply {"f:spec":{"f:size":{}}}"""], Widgets.Owners(widget));

        widget = Widgets.Apply(widget, """{"title":"hello"}""", "one", seconds: 4);
        Assert.Equal(7, widget["spec"]!["size"]!.GetValue<long>());
        Assert.Equal(["""one Apply {"f:spec":{"f:title":{}}}""", """two Apply {"f:spec":{"f:size":{}}}"""], Widgets.Owners(widget));

        widget = Widgets.Patch(widget, """{"spec":{"title":"mine"}}""", "kubectl-edit", seconds: 5);
        Assert.Equal(["""two Apply {"f:spec":{"f:size":{}}}""", """kubectl-edit Update {"f:spec":{"f:title":{}}}"""], Widgets.Owners(widget));

        conflict = Assert.Throws<StatusException>(() => Widgets.Apply(widget, """{"title":"hello"}""", "one"));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"kubectl-edit\" using conformance.example.com/v1: .spec.title", conflict.Message);
    }

    [Fact]
    public void Map_lists_merge_by_key_sets_by_value_and_atomic_ones_as_one()
    {
        var widget = Widgets.Apply(null, """{"size":1,"steps":[{"name":"s1","weight":1,"args":["x"]},{"name":"s2"}],"tags":["a","b"],"pair":{"a":"1"}}""", "one");
        widget = Widgets.Apply(widget, """{"size":1,"steps":[{"name":"s3","weight":3}],"tags":["c"]}""", "two", seconds: 1);
        Widgets.Same("""[{"args":["x"],"name":"s1","weight":1},{"name":"s2","weight":10},{"name":"s3","weight":3}]""", widget["spec"]!["steps"]);
        Widgets.Same("""["a","b","c"]""", widget["spec"]!["tags"]);

        widget = Widgets.Apply(widget, """{"size":1,"steps":[{"name":"s2"}],"tags":["b"],"pair":{"b":"2"}}""", "one", seconds: 2);
        Widgets.Same("""[{"name":"s2","weight":10},{"name":"s3","weight":3}]""", widget["spec"]!["steps"]);
        Widgets.Same("""["b","c"]""", widget["spec"]!["tags"]);
        Widgets.Same("""{"b":"2"}""", widget["spec"]!["pair"]);

        var conflict = Assert.Throws<StatusException>(() => Widgets.Apply(widget, """{"size":1,"pair":{"a":"9"}}""", "two"));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .spec.pair", conflict.Message);

        widget = Widgets.Apply(widget, """{"size":1,"steps":[{"name":"s2","args":["y"]}]}""", "two", seconds: 3);
        Widgets.Same("""[{"args":["y"],"name":"s2","weight":10}]""", widget["spec"]!["steps"]);
        Widgets.Same("""["b"]""", widget["spec"]!["tags"]);
        Assert.Equal(
            [
                """one Apply {"f:spec":{"f:pair":{},"f:size":{},"f:steps":{"k:{\"name\":\"s2\"}":{".":{},"f:name":{}}},"f:tags":{"v:\"b\"":{}}}}""",
                """two Apply {"f:spec":{"f:size":{},"f:steps":{"k:{\"name\":\"s2\"}":{".":{},"f:args":{},"f:name":{}}}}}""",
            ],
            Widgets.Owners(widget));
    }

    [Fact]
    public void Conflicts_with_several_managers_are_listed_by_manager()
    {
        // Not recorded.
        var widget = Widgets.Apply(null, """{"size":5}""", "one");
        widget = Widgets.Apply(widget, """{"title":"hello","mode":"fast"}""", "two", seconds: 1);
        var conflict = Assert.Throws<StatusException>(() => Widgets.Apply(widget, """{"size":6,"title":"other","mode":"safe"}""", "three"));
        Assert.Equal("Apply failed with 3 conflicts: conflicts with \"one\":\n- .spec.size\nconflicts with \"two\":\n- .spec.mode\n- .spec.title", conflict.Message);
    }

    [Fact]
    public void An_applier_that_does_not_name_a_field_leaves_it_to_whoever_sets_it()
    {
        var widget = Widgets.Apply(null, """{"size":5}""", "op");
        widget = Widgets.Patch(widget, """{"spec":{"replicas":5}}""", subresource: "scale", seconds: 1);
        Assert.Equal(["""op Apply {"f:spec":{"f:size":{}}}""", """unknown Update/scale {"f:spec":{"f:replicas":{}}}"""], Widgets.Owners(widget));
        widget = Widgets.Apply(widget, """{"size":6}""", "op", seconds: 2);
        Assert.Equal(5, widget["spec"]!["replicas"]!.GetValue<long>());
    }

    [Fact]
    public void Items_another_writer_added_to_an_applied_list_stay_when_the_applier_drops_it()
    {
        var widget = Widgets.Apply(null, """{"size":1,"tags":["a"]}""", "one");
        widget = Widgets.Patch(widget, """{"spec":{"tags":["a","c"]}}""", "editor", seconds: 1);
        widget = Widgets.Apply(widget, """{"size":1}""", "one", seconds: 2);
        Widgets.Same("""["c"]""", widget["spec"]!["tags"]);
    }

    [Fact]
    public void A_list_whose_last_item_goes_goes_too()
    {
        var widget = Widgets.Apply(null, """{"size":1,"tags":["a"]}""", "one");
        widget = Widgets.Apply(widget, """{"size":1}""", "one", seconds: 1);
        Assert.False(widget["spec"]!.AsObject().ContainsKey("tags"));
    }

    [Fact]
    public void Items_follow_the_configured_order_and_others_stay_behind_their_neighbours()
    {
        var widget = Widgets.Apply(null, """{"size":1,"tags":["a","b"]}""", "one");
        widget = Widgets.Apply(widget, """{"size":1,"tags":["x"]}""", "two", seconds: 1);
        widget = Widgets.Apply(widget, """{"size":1,"tags":["b","a"]}""", "one", seconds: 2);
        Widgets.Same("""["b","x","a"]""", widget["spec"]!["tags"]);
    }

    [Fact]
    public void What_was_written_before_ownership_was_tracked_belongs_to_before_first_apply()
    {
        var widget = Widgets.Of("""{"size":5}""", """{"name":"a","uid":"u"}""");
        var conflict = Assert.Throws<StatusException>(() => Widgets.Apply(widget, """{"size":6}""", "one"));
        Assert.StartsWith("Apply failed with 1 conflict: conflict with \"before-first-apply\" using conformance.example.com/v1", conflict.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["""one Apply never {"f:spec":{"f:size":{}}}""", """before-first-apply Update {"f:spec":{".":{},"f:size":{}}}"""],
            Widgets.Owners(Widgets.Apply(widget, """{"size":5}""", "one")));
    }

    [Fact]
    public void An_empty_list_from_a_client_forgets_all_managers()
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":3}"""));
        foreach (var reset in (string[])["[]", "[{}]"])
        {
            var forgotten = Widgets.Update(widget, obj => obj["metadata"]!["managedFields"] = JsonNode.Parse(reset));
            Assert.Empty(Widgets.Owners(forgotten));
            Assert.Empty(Widgets.Owners(Widgets.Patch(forgotten, """{"spec":{"size":4}}""")));
        }
    }

    [Theory]
    [InlineData("""[{"manager":"x","operation":"Steal","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]""")]
    [InlineData("""[{"manager":"x","operation":"Update","fieldsType":"FieldsV1"}]""")]
    [InlineData("""[5]""")]
    [InlineData("""null""")]
    public void Malformed_managers_from_a_client_are_passed_over(string managers)
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":3}"""));
        var updated = Widgets.Update(widget, obj => obj["metadata"]!["managedFields"] = JsonNode.Parse(managers));
        Assert.Equal(["unknown Update " + Created], Widgets.Owners(updated));
    }

    [Fact]
    public void An_update_that_changes_nothing_leaves_the_managers_and_their_times_alone()
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":3}"""));
        Assert.True(JsonNode.DeepEquals(widget, Widgets.Patch(widget, """{"spec":{"size":3}}""", "other", seconds: 60)));
    }

    [Fact]
    public void Only_ten_updaters_are_told_apart()
    {
        var widget = Widgets.Create(Widgets.Of("""{"size":1,"labels":{}}"""), "creator");
        for (var index = 1; index <= 12; index++)
        {
            var key = $"m{index:00}";
            widget = Widgets.Update(widget, obj => (obj["metadata"]!["labels"] ??= new JsonObject())[key] = "x", key, seconds: index);
        }

        var owners = Widgets.Owners(widget);
        Assert.Equal(10, owners.Count);
        Assert.StartsWith("ancient-changes Update", owners[0], StringComparison.Ordinal);
        Assert.Contains("f:m03", owners[0], StringComparison.Ordinal);
        Assert.StartsWith("m04 Update", owners[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"size":1,"bogus":2}""", ".spec.bogus: field not declared in schema")]
    [InlineData("""{"size":"big"}""", ".spec.size: expected numeric (int or float), got &value.valueUnstructured{Value:\"big\"}")]
    [InlineData("""{"size":1,"steps":[{"weight":1}]}""", ".spec.steps: element 0: associative list with keys has an element that omits key field \"name\" (and doesn't have default value)")]
    [InlineData("""{"size":1,"tags":["a","a"]}""", ".spec.tags: duplicate entries for key [=\"a\"]")]
    public void A_configuration_that_does_not_fit_the_schema_is_refused(string spec, string fault)
    {
        var refusal = Assert.Throws<StatusException>(() => FieldManager.CheckConfig(Widgets.Of(spec), Widgets.Kind));
        Assert.Equal((500, $"failed to create typed patch object (/a; conformance.example.com/v1, Kind=Widget): {fault}"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public void A_configuration_may_not_bring_managers_or_another_version()
    {
        var config = Widgets.Of("""{"size":1}""", """{"name":"a","managedFields":[]}""");
        Assert.Equal(400, Assert.Throws<StatusException>(() => FieldManager.CheckConfig(config, Widgets.Kind)).Code);
        config = Widgets.Of("""{"size":1}""");
        config["apiVersion"] = "conformance.example.com/v2";
        Assert.Equal(400, Assert.Throws<StatusException>(() => FieldManager.CheckConfig(config, Widgets.Kind)).Code);
    }

    [Fact]
    public void Kubectl_takes_over_what_it_applied_client_side()
    {
        var widget = Widgets.Create(
            Widgets.Of("""{"size":5}""", """{"name":"a","uid":"u","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":{\"size\":5}}"}}"""),
            "kubectl-client-side-apply");
        var applied = Widgets.Apply(widget, """{"size":6}""", "kubectl", seconds: 1);
        Assert.Equal(6, applied["spec"]!["size"]!.GetValue<long>());
        Assert.Contains("\"size\":6", applied["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Throws<StatusException>(() => Widgets.Apply(widget, """{"size":6}""", "other"));
    }

    [Fact]
    public void An_applier_that_wants_nothing_is_forgotten()
    {
        var widget = Widgets.Apply(null, """{"size":5,"title":"hello"}""", "one");
        widget = Widgets.Apply(widget, """{"size":5}""", "two", seconds: 1);
        var empty = Widgets.Of("{}");
        empty.Remove("spec");
        widget = FieldManager.Apply(widget, empty, Widgets.Kind, "one", null, false, Widgets.Start.AddSeconds(2));
        Assert.Equal(["""two Apply never {"f:spec":{"f:size":{}}}"""], Widgets.Owners(widget));
        Widgets.Same("""{"limits":{"max":5,"min":1},"mode":"safe","replicas":1,"size":5}""", widget["spec"]);
    }
}
