using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Schemas;

/// <summary>Pruning, defaults, and schemas read and written.</summary>
public sealed class ShapingTests
{
    [Fact]
    public void Undeclared_fields_go_and_their_paths_are_told()
    {
        var widget = Widgets.Of(
            """{"size":5,"bogus":1,"steps":[{"name":"a","extra":{}}],"blob":{"free":{"form":1}},"labels":{"any":"thing"}}""",
            """{"name":"a","bad":1,"labels":{"x":"y"}}""");
        widget["more"] = 1;
        var unknown = new List<string>();
        Pruner.Prune(widget, Widgets.Schema, unknown);
        Assert.Equal(["metadata.bad", "more", "spec.bogus", "spec.steps[0].extra"], unknown);
        Widgets.Same("""{"size":5,"steps":[{"name":"a"}],"blob":{"free":{"form":1}},"labels":{"any":"thing"}}""", widget["spec"]);
        Widgets.Same("""{"name":"a","labels":{"x":"y"}}""", widget["metadata"]);
    }

    [Fact]
    public void Inside_kept_content_declared_fields_are_pruned_again()
    {
        var schema = SchemaReader.Read(Widgets.Json("""
            {"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"known":{"type":"object","properties":{"a":{"type":"string"}}}}}
            """));
        var obj = Widgets.Json("""{"free":{"x":[{"y":1}]},"known":{"a":"1","b":"2"}}""");
        Pruner.Prune(obj, schema, null);
        Widgets.Same("""{"free":{"x":[{"y":1}]},"known":{"a":"1"}}""", obj);
    }

    [Fact]
    public void An_embedded_resource_keeps_its_envelope()
    {
        var schema = SchemaReader.Read(Widgets.Json("""
            {"type":"object","properties":{"template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}
            """));
        var obj = Widgets.Json("""{"template":{"apiVersion":"v1","kind":"A","metadata":{"name":"x","wrong":1},"spec":{},"status":{}}}""");
        Pruner.Prune(obj, schema, null);
        Widgets.Same("""{"template":{"apiVersion":"v1","kind":"A","metadata":{"name":"x"},"spec":{}}}""", obj);
    }

    [Theory]
    [InlineData("""{"size":5,"limits":{"max":9}}""", """{"limits":{"max":9,"min":1},"mode":"safe","replicas":1,"size":5}""")]
    [InlineData("""{"mode":null,"size":null,"nick":null}""", """{"limits":{"max":5,"min":1},"mode":"safe","replicas":1,"nick":null}""")]
    [InlineData("""{"steps":[{"name":"a"},{"name":"b","weight":1}]}""", """{"limits":{"max":5,"min":1},"mode":"safe","replicas":1,"steps":[{"name":"a","weight":10},{"name":"b","weight":1}]}""")]
    public void Defaults_fill_in_where_the_parent_is_present(string spec, string expected)
    {
        var widget = Widgets.Of(spec);
        Defaulter.Apply(widget, Widgets.Schema);
        Widgets.Same(expected, widget["spec"]);
    }

    [Fact]
    public void No_default_makes_its_own_parent()
    {
        var widget = Widgets.Of("{}");
        widget.Remove("spec");
        Defaulter.Apply(widget, Widgets.Schema);
        Assert.False(widget.ContainsKey("spec"));
    }

    [Fact]
    public void A_default_is_a_copy_each_time()
    {
        JsonObject first = Widgets.Of("{}"), second = Widgets.Of("{}");
        Defaulter.Apply(first, Widgets.Schema);
        Defaulter.Apply(second, Widgets.Schema);
        first["spec"]!["limits"]!["max"] = 99;
        Assert.Equal(5, second["spec"]!["limits"]!["max"]!.GetValue<long>());
    }

    [Fact]
    public void A_schema_survives_reading_and_writing() => Assert.True(JsonNode.DeepEquals(Widgets.OpenApi, SchemaWriter.Inline.Write(SchemaReader.Read(Widgets.OpenApi))));

    [Fact]
    public void Every_keyword_survives_reading_and_writing()
    {
        var json = Widgets.Json("""
            {"type":"object","title":"t","description":"d","nullable":true,"required":["a"],"minProperties":1,"maxProperties":9,
             "properties":{
              "a":{"type":"string","format":"byte","minLength":1,"maxLength":2,"pattern":"^x","enum":["x"],"default":"x"},
              "b":{"type":"number","minimum":0.5,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":true,"multipleOf":0.25},
              "c":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":2,"x-kubernetes-list-type":"atomic"},
              "d":{"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-map-type":"atomic"},
              "e":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true},
              "f":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}],"allOf":[{"minimum":1}],"not":{"enum":[5]}}},
             "oneOf":[{"required":["a"]},{"required":["b"]}],
             "x-kubernetes-validations":[{"rule":"self.a != ''","message":"m"}]}
            """);
        Widgets.Same(json.ToJsonString(), SchemaWriter.Inline.Write(SchemaReader.Read(json)));
    }

    [Fact]
    public void Named_types_become_references_even_when_they_hold_themselves()
    {
        var node = new Schema { Type = "object", TypeName = "example.Node" };
        node.Properties["next"] = node;
        var writer = new SchemaWriter("#/components/schemas/");
        Widgets.Same("""{"$ref":"#/components/schemas/example.Node"}""", writer.Write(node));
        Widgets.Same("""{"type":"object","properties":{"next":{"$ref":"#/components/schemas/example.Node"}}}""", writer.WriteOut(node));
        Assert.Equal(["example.Node"], writer.Referenced.Keys);
    }

    [Fact]
    public void A_custom_schema_has_the_envelope_of_every_object()
    {
        Assert.Equal(["apiVersion", "kind", "metadata", "spec", "status"], Widgets.Schema.Properties.Keys);
        Assert.Equal("com.example.conformance.v1.Widget", Widgets.Schema.TypeName);
    }

    [Fact]
    public void A_definition_may_narrow_the_name()
    {
        var schema = CustomSchema.Of(
            Widgets.Json("""{"type":"object","properties":{"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":3}}}}}"""),
            "g.example.com",
            "v1",
            "T");
        Assert.Equal(["FieldValueTooLong metadata.name Too long: may not be more than 3 bytes"], Widgets.Causes(Widgets.Json("""{"metadata":{"name":"long","labels":{"a":"b"}}}"""), schema: schema));
    }

    [Theory]
    [InlineData("""{"data":{"k":5}}""", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    [InlineData("""{"data":[]}""", "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string")]
    [InlineData("""{"metadata":{"finalizers":["a",true]}}""", "json: cannot unmarshal bool into Go struct field ConfigMap.metadata.finalizers of type string")]
    [InlineData("""{"metadata":{"generation":1.5}}""", "json: cannot unmarshal number 1.5 into Go struct field ConfigMap.metadata.generation of type int64")]
    [InlineData("""{"metadata":{"creationTimestamp":"now"}}""", "parsing time \"now\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"now\" as \"2006\"")]
    public void A_built_in_field_of_the_wrong_type_cannot_be_decoded(string obj, string message) =>
        Assert.Equal(message, BuiltinDecoder.Decode("ConfigMap", Widgets.Json(obj), ConfigMap()));

    [Fact]
    public void Nulls_in_a_built_in_object_are_no_fields_and_quantities_are_strings()
    {
        var schema = ConfigMap();
        schema.Properties["limits"] = new Schema { Type = "object", AdditionalProperties = new Schema { Type = "string", Format = "quantity" } };
        var obj = Widgets.Json("""{"metadata":{"labels":null,"name":"a"},"limits":{"cpu":1,"memory":"1Gi","gpu":null}}""");
        Assert.Null(BuiltinDecoder.Decode("ConfigMap", obj, schema));
        Widgets.Same("""{"metadata":{"name":"a"},"limits":{"cpu":"1","memory":"1Gi"}}""", obj);
    }

    [Fact]
    public void Built_in_kinds_have_their_own_words_for_what_is_missing_or_not_supported()
    {
        var schema = new Schema { Type = "object", Required = { "name" } };
        schema.Properties["name"] = new Schema { Type = "string" };
        schema.Properties["policy"] = new Schema { Type = "string", Enum = [JsonValue.Create("Always"), JsonValue.Create("Never")] };
        var errors = new FieldErrors();
        BuiltinDecoder.Validate(Widgets.Json("""{"policy":"Maybe"}"""), schema, errors, "spec");
        Assert.Equal(
            [
                new FieldError("FieldValueRequired", "spec.name", "Required value"),
                new FieldError("FieldValueNotSupported", "spec.policy", "Unsupported value: \"Maybe\": supported values: \"Always\", \"Never\""),
            ],
            errors.All);
    }

    private static Schema ConfigMap()
    {
        var schema = new Schema { Type = "object" };
        schema.Properties["metadata"] = ObjectMetaSchema.Instance;
        schema.Properties["data"] = new Schema { Type = "object", AdditionalProperties = new Schema { Type = "string" } };
        return schema;
    }
}
