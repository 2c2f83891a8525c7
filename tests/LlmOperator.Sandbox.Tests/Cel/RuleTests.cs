using System.Text.Json.Nodes;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Cel;

public sealed class RuleTests
{
    private const string At = "spec.validation.openAPIV3Schema.properties[spec]";

    private static readonly ResourceName Gears = new("example.com", "gears");

    private readonly Cluster _cluster = new(BuiltinKinds.All, new ManualTimeProvider());

    public RuleTests() => BootstrapObjects.Create(_cluster);

    [Fact]
    public void A_broken_rule_refuses_the_object_with_its_message_and_place()
    {
        Define("""{"type":"object","properties":{"min":{"type":"integer"},"max":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.min <= self.max","message":"min above max"}]}""");

        Create("""{"min":1,"max":2}""");
        Assert.Equal("Gear.example.com \"a\" is invalid: spec: Invalid value: \"object\": min above max", Refused("""{"min":3,"max":2}"""));
    }

    [Theory]
    [InlineData("""{"rule":"self.x > 1"}""", "spec: Invalid value: \"object\": failed rule: self.x > 1")]
    [InlineData("""{"rule":"self.x > 1","message":" too small "}""", "spec: Invalid value: \"object\": too small")]
    [InlineData("""{"rule":"self.x > 1","message":"small","reason":"FieldValueForbidden"}""", "spec: Forbidden: small")]
    [InlineData("""{"rule":"self.x > 1","message":"small","reason":"FieldValueRequired","fieldPath":".x"}""", "spec.x: Required value: small")]
    [InlineData("""{"rule":"self.x > 1","message":"small","reason":"FieldValueDuplicate"}""", "spec: Duplicate value: \"object\"")]
    [InlineData("""{"rule":"self.x > 1","messageExpression":"'x is %d'.format([self.x])"}""", "spec: Invalid value: \"object\": x is 1")]
    [InlineData("""{"rule":"self.x > 1","message":"fixed","messageExpression":"''"}""", "spec: Invalid value: \"object\": fixed")]
    [InlineData("""{"rule":"self.m['a'] > 1","message":"no a"}""", "spec: Invalid value: \"object\": no such key: a evaluating rule: no a")]
    public void A_breach_is_worded_as_the_rule_says(string rule, string error)
    {
        Define($$$"""{"type":"object","properties":{"x":{"type":"integer"},"m":{"type":"object","additionalProperties":{"type":"integer"} } },"x-kubernetes-validations":[{{{rule}}}]}""");
        Assert.EndsWith($"is invalid: {error}", Refused("""{"x":1,"m":{}}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_hold_in_items_maps_and_scalars_and_at_the_root()
    {
        Define(
            """
            {"type":"object","properties":{
              "list":{"type":"array","maxItems":5,"items":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 0"}]}},
              "map":{"type":"object","maxProperties":5,"additionalProperties":{"type":"string","maxLength":9,"x-kubernetes-validations":[{"rule":"self != 'bad'"}]}}}}
            """,
            """[{"rule":"self.metadata.name != 'forbidden'","message":"not that name"}]""");

        Assert.EndsWith("spec.list[1]: Invalid value: \"integer\": failed rule: self > 0", Refused("""{"list":[1,0]}"""), StringComparison.Ordinal);
        Assert.EndsWith("spec.map[k]: Invalid value: \"string\": failed rule: self != 'bad'", Refused("""{"map":{"k":"bad"}}"""), StringComparison.Ordinal);
        Assert.EndsWith("<nil>: Invalid value: \"object\": not that name", Refused("{}", "forbidden"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_about_a_change_holds_only_where_there_was_a_value()
    {
        Define("""{"type":"object","properties":{"class":{"type":"string","maxLength":20,"x-kubernetes-validations":[{"rule":"self == oldSelf","message":"fixed"}]}}}""");

        Create("{}");
        Change(spec => spec["class"] = "one");
        Assert.EndsWith("spec.class: Invalid value: \"string\": fixed", RefusedChange(spec => spec["class"] = "two"), StringComparison.Ordinal);
        Change(spec => spec.Remove("class"));
    }

    [Fact]
    public void Items_of_a_list_with_keys_are_compared_with_the_item_of_the_same_key()
    {
        Define(
            """
            {"type":"object","properties":{"items":{"type":"array","maxItems":5,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
             "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"size":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.size >= oldSelf.size","message":"may not shrink"}]}}}}
            """);
        Create("""{"items":[{"name":"a","size":3},{"name":"b","size":1}]}""");

        Change(spec => spec["items"] = JsonNode.Parse("""[{"name":"b","size":2},{"name":"a","size":3},{"name":"c","size":0}]"""));
        Assert.EndsWith("spec.items[1]: Invalid value: \"object\": may not shrink", RefusedChange(spec => spec["items"]![1]!["size"] = 1), StringComparison.Ordinal);
    }

    [Fact]
    public void An_optional_old_value_lets_the_rule_run_on_create_too()
    {
        Define("""{"type":"object","properties":{"n":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"oldSelf.hasValue() ? self.n > oldSelf.value().n : self.n == 1","optionalOldSelf":true,"message":"count up from 1"}]}""");

        Assert.EndsWith("count up from 1", Refused("""{"n":2}"""), StringComparison.Ordinal);
        Create("""{"n":1}""");
        Change(spec => spec["n"] = 2);
        Assert.EndsWith("count up from 1", RefusedChange(spec => spec["n"] = 1), StringComparison.Ordinal);
    }

    [Fact]
    public void What_did_not_change_stays_accepted_when_a_rule_is_added_later_and_is_warned_of()
    {
        Define("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}""");
        Create("""{"a":-1,"b":1}""");
        _cluster.Update(
            new ObjectRef(DefinitionLifecycle.Definitions, null, "gears.example.com"),
            definition => definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["a"]!["x-kubernetes-validations"] = JsonNode.Parse("""[{"rule":"self > 0"}]"""),
            "test");

        var request = new WriteRequest("test");
        var kind = _cluster.Registry.Storage(Gears)!;
        var changed = _cluster.Writer.Update(
            kind,
            "default",
            "a",
            present =>
            {
                var copy = present.Copy();
                copy["spec"]!["b"] = 2;
                return copy;
            },
            request);

        Assert.Equal(2, changed.Integer("spec", "b"));
        Assert.Equal(["spec.a: Invalid value: \"integer\": failed rule: self > 0"], request.Warnings);
        Assert.EndsWith("spec.a: Invalid value: \"integer\": failed rule: self > 0", RefusedChange(spec => spec["a"] = -2), StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_are_not_looked_at_while_the_object_breaks_its_schema()
    {
        Define("""{"type":"object","required":["x"],"properties":{"x":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.x > 1"}]}""");
        Assert.EndsWith(
            "[spec.x: Required value, <nil>: Invalid value: \"null\": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]",
            Refused("{}"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_of_the_status_is_checked_too()
    {
        Define("""{"type":"object"}""", status: """{"type":"object","properties":{"phase":{"type":"string","maxLength":9,"x-kubernetes-validations":[{"rule":"self in ['Up', 'Down']"}]}}}""");
        Create("{}");

        var refusal = Assert.Throws<StatusException>(() => _cluster.Update(new ObjectRef(Gears, "default", "a"), obj => obj.Child("status")["phase"] = "Odd", "test", "status"));
        Assert.EndsWith("status.phase: Invalid value: \"string\": failed rule: self in ['Up', 'Down']", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rule":"self.y > 1"}""", At + ".x-kubernetes-validations[0].rule: Invalid value: apiextensions.ValidationRule{Rule:\"self.y > 1\", Message:\"\", MessageExpression:\"\", Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:\"\", OptionalOldSelf:(*bool)(nil)}: compilation failed: ERROR: <input>:1:5: undefined field 'y'\n | self.y > 1\n | ....^")]
    [InlineData("""{"rule":"self.x"}""", "cel expression must evaluate to a bool")]
    [InlineData("""{"rule":" "}""", At + ".x-kubernetes-validations[0].rule: Required value: rule is not specified")]
    [InlineData("""{"rule":"true","message":"a\nb"}""", At + ".x-kubernetes-validations[0].message: Invalid value: \"a\\nb\": message must not contain line breaks")]
    [InlineData("""{"rule":"true ||\nfalse"}""", At + ".x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line breaks")]
    [InlineData("""{"rule":"true","messageExpression":"1"}""", "messageExpression must evaluate to a string")]
    [InlineData("""{"rule":"true","fieldPath":".y"}""", At + ".x-kubernetes-validations[0].fieldPath: Invalid value: \".y\": fieldPath must be a valid path: does not refer to a valid field")]
    [InlineData("""{"rule":"true","reason":"Because"}""", At + ".x-kubernetes-validations[0].reason: Unsupported value: \"Because\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"")]
    [InlineData("""{"rule":"true","optionalOldSelf":true}""", At + ".x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule")]
    public void A_rule_that_cannot_work_makes_the_definition_invalid(string rule, string error)
    {
        var refusal = Assert.Throws<StatusException>(() => Define($$$"""{"type":"object","properties":{"x":{"type":"integer"}},"x-kubernetes-validations":[{{{rule}}}]}"""));
        Assert.EndsWith(error, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_about_a_change_needs_a_place_where_values_have_predecessors()
    {
        var refusal = Assert.Throws<StatusException>(() => Define("""{"type":"object","properties":{"l":{"type":"array","maxItems":3,"items":{"type":"integer","x-kubernetes-validations":[{"rule":"self == oldSelf"}]}}}}"""));
        Assert.EndsWith(
            At + ".properties[l].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within " + At + ".properties[l]",
            refusal.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_that_could_cost_too_much_makes_the_definition_invalid()
    {
        const string Unbounded = """{"type":"object","properties":{"l":{"type":"array","items":{"type":"string"},"x-kubernetes-validations":[{"rule":"self.all(a, self.exists_one(b, a == b))"}]}}}""";
        var refusal = Assert.Throws<StatusException>(() => Define(Unbounded));
        Assert.Contains(
            At + ".properties[l].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)",
            refusal.Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x",
            refusal.Message,
            StringComparison.Ordinal);

        Define(Unbounded.Replace("\"items\":{\"type\":\"string\"}", "\"maxItems\":64,\"items\":{\"type\":\"string\",\"maxLength\":64}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_message_made_of_a_converted_number_counts_as_text_without_bound()
    {
        var refusal = Assert.Throws<StatusException>(() => Define("""{"type":"object","properties":{"x":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.x > 1","messageExpression":"'x is ' + string(self.x)"}]}"""));
        Assert.Contains("x-kubernetes-validations[0].messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_default_keeps_the_rules_of_its_schema()
    {
        var refusal = Assert.Throws<StatusException>(() => Define("""{"type":"object","properties":{"x":{"type":"integer","default":0,"x-kubernetes-validations":[{"rule":"self > 0"}]}}}"""));
        Assert.EndsWith(At + ".properties[x].default: Invalid value: \"integer\": failed rule: self > 0", refusal.Message, StringComparison.Ordinal);
    }

    private void Define(string spec, string rules = "[]", string status = """{"type":"object"}""") => _cluster.Create(
        DefinitionLifecycle.Definitions,
        JsonNode.Parse(
            $$$"""
            {"metadata":{"name":"gears.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"gears","kind":"Gear"},
             "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-validations":{{{rules}}},
              "properties":{"spec":{{{spec}}},"status":{{{status}}} } } } }]}}
            """)!.AsObject(),
        "test");

    private void Create(string spec, string name = "a") => _cluster.Create(
        Gears,
        new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" }, ["spec"] = JsonNode.Parse(spec) },
        "test");

    private string Refused(string spec, string name = "a")
    {
        var refusal = Assert.Throws<StatusException>(() => Create(spec, name));
        Assert.Equal(422, refusal.Code);
        return refusal.Message;
    }

    private void Change(Action<JsonObject> change) => Assert.NotNull(_cluster.Update(new ObjectRef(Gears, "default", "a"), obj => change(obj.Child("spec")), "test"));

    private string RefusedChange(Action<JsonObject> change) => Assert.Throws<StatusException>(() => Change(change)).Message;
}
