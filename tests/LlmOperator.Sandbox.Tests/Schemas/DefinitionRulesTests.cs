using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Schemas;

public sealed class DefinitionRulesTests
{
    private const string At = "spec.validation.openAPIV3Schema";

    [Fact]
    public void The_definition_of_the_recordings_is_valid() => Assert.Empty(Errors(Definition(), null));

    [Theory]
    [InlineData("""{"metadata":{"name":"other"}}""", "metadata.name: Invalid value: \"other\": must be spec.names.plural+\".\"+spec.group")]
    [InlineData("""{"spec":{"scope":"Galaxy"}}""", "spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\"")]
    [InlineData("""{"spec":{"names":{"kind":"Widget List"}}}""", "spec.names.kind: Invalid value: \"Widget List\": may have mixed case, but should otherwise match: a DNS-1035 label")]
    [InlineData("""{"spec":{"names":{"listKind":"Widget"}}}""", "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same")]
    [InlineData("""{"spec":{"names":{"shortNames":["w","W"]}}}""", "spec.names.shortNames[1]: Invalid value: \"W\": a DNS-1035 label")]
    [InlineData("""{"spec":{"names":{"singular":null}}}""", "spec.names.singular: Required value")]
    [InlineData("""{"spec":{"preserveUnknownFields":true}}""", "spec.preserveUnknownFields: Invalid value: true: cannot set to true")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Magic"}}}""", "spec.conversion.strategy: Unsupported value: \"Magic\": supported values: \"None\", \"Webhook\"")]
    public void Names_and_scope_follow_the_rules(string patch, string error) => Assert.Contains(Errors(Definition(patch), null), found => found.StartsWith(error, StringComparison.Ordinal));

    [Theory]
    [InlineData("""[]""", "must have exactly one version marked as storage version")]
    [InlineData("""[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},{"name":"v2","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]""", "must have exactly one version marked as storage version")]
    [InlineData("""[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]""", "must contain unique version names")]
    [InlineData("""[{"name":"1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]""", "spec.versions[0].name: Invalid value: \"1\"")]
    [InlineData("""[{"name":"v1","served":true,"storage":true}]""", "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required")]
    public void Versions_follow_the_rules(string versions, string error)
    {
        var definition = Definition();
        definition["spec"]!["versions"] = JsonNode.Parse(versions);
        Assert.Contains(Errors(definition, null), found => found.Contains(error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"name":"A","type":"text","jsonPath":".a"}""", "type: Invalid value: \"text\": must be one of boolean,date,integer,number,string")]
    [InlineData("""{"type":"string","jsonPath":".a"}""", "name: Required value")]
    [InlineData("""{"name":"A","type":"string","jsonPath":"a"}""", "jsonPath: Invalid value: \"a\": must be a simple json path starting with .")]
    [InlineData("""{"name":"A","type":"string","jsonPath":".a[?(@.b==1"}""", "jsonPath: Invalid value: \".a[?(@.b==1\": is an invalid path")]
    public void Columns_follow_the_rules(string column, string error)
    {
        var definition = Definition();
        definition["spec"]!["versions"]![0]!["additionalPrinterColumns"] = new JsonArray(JsonNode.Parse(column));
        Assert.StartsWith("spec.additionalPrinterColumns[0]." + error, Assert.Single(Errors(definition, null)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".status.conditions[?(@.type==\"Ready\")].status")]
    [InlineData(".metadata.annotations['example\\.com/x']")]
    [InlineData(".spec.a-b[*].c")]
    [InlineData(".metadata.creationTimestamp")]
    public void Columns_may_use_filters_and_keys(string path)
    {
        var definition = Definition();
        definition["spec"]!["versions"]![0]!["additionalPrinterColumns"] = new JsonArray(new JsonObject { ["name"] = "A", ["type"] = "string", ["jsonPath"] = path });
        Assert.Empty(Errors(definition, null));
    }

    [Theory]
    [InlineData("""{"specReplicasPath":".status.replicas","statusReplicasPath":".status.replicas"}""", "spec.subresources.scale.specReplicasPath: Invalid value: \".status.replicas\": should be a json path under .spec")]
    [InlineData("""{"specReplicasPath":".spec.replicas"}""", "spec.subresources.scale.statusReplicasPath: Required value")]
    [InlineData("""{"specReplicasPath":"spec.replicas","statusReplicasPath":".status.replicas"}""", "spec.subresources.scale.specReplicasPath: Invalid value: \"spec.replicas\": must be a simple json path starting with .")]
    public void Scale_paths_follow_the_rules(string scale, string error)
    {
        var definition = Definition();
        definition["spec"]!["versions"]![0]!["subresources"] = new JsonObject { ["scale"] = JsonNode.Parse(scale) };
        Assert.Equal([error], Errors(definition, null));
    }

    [Theory]
    [InlineData("""{}""", ".properties[x].type: Required value: must not be empty for specified object fields")]
    [InlineData("""{"type":"array"}""", ".properties[x].items: Required value: must be specified")]
    [InlineData("""{"type":"array","items":{}}""", ".properties[x].items.type: Required value: must not be empty for specified array items")]
    [InlineData("""{"type":"text"}""", ".properties[x].type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"")]
    [InlineData("""{"type":"string","anyOf":[{"type":"string"}]}""", ".properties[x].anyOf[0].type: Forbidden: must be empty to be structural")]
    [InlineData("""{"type":"object","oneOf":[{"properties":{"a":{"minLength":1}}}]}""", ".properties[x].properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.properties[x].oneOf[0].properties[a]")]
    [InlineData("""{"type":"integer","x-kubernetes-int-or-string":true}""", ".properties[x].type: Invalid value: \"integer\": must be empty if x-kubernetes-int-or-string is true")]
    [InlineData("""{"type":"string","pattern":"("}""", ".properties[x].pattern: Invalid value: \"(\": must be a valid regular expression")]
    [InlineData("""{"type":"array","uniqueItems":true,"items":{"type":"string"}}""", ".properties[x].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}""", ".properties[x].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"map","items":{"type":"object","properties":{"k":{"type":"string"}}}}""", ".properties[x].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"}}}}""", ".properties[x].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["z"],"items":{"type":"object","properties":{"k":{"type":"string"}}}}""", ".properties[x].x-kubernetes-list-map-keys: Invalid value: \"z\": entries must all be names of item properties")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"set","items":{"type":"object","properties":{"k":{"type":"string"}}}}""", ".properties[x].items.x-kubernetes-map-type: Required value: must be atomic as item of a list with x-kubernetes-list-type=set")]
    [InlineData("""{"type":"string","x-kubernetes-list-type":"set"}""", ".properties[x].type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified")]
    [InlineData("""{"type":"object","x-kubernetes-embedded-resource":true}""", ".properties[x].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields")]
    [InlineData("""{"type":"integer","default":"x"}""", ".properties[x].default: Invalid value: \"string\": spec.validation.openAPIV3Schema.properties[x].default in body must be of type integer: \"string\"")]
    [InlineData("""{"type":"object","default":{"b":1},"properties":{"a":{"type":"string"}}}""", ".properties[x].default: Invalid value: {\"b\":1}: must not have unknown fields")]
    [InlineData("""{"type":"string","$ref":"#/x"}""", ".properties[x].$ref: Forbidden: $ref is not supported")]
    public void A_schema_must_be_structural(string property, string error)
    {
        var definition = Definition();
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = Widgets.Json($$$"""{"type":"object","properties":{"x":{{{property}}}}}""");
        Assert.Equal([At + error], Errors(definition, null));
    }

    [Theory]
    [InlineData("""{"x-kubernetes-int-or-string":true}""")]
    [InlineData("""{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}""")]
    [InlineData("""{"x-kubernetes-int-or-string":true,"allOf":[{"anyOf":[{"type":"integer"},{"type":"string"}]},{"minimum":1}]}""")]
    [InlineData("""{"x-kubernetes-preserve-unknown-fields":true}""")]
    [InlineData("""{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}""")]
    [InlineData("""{"type":"object","additionalProperties":true}""")]
    public void The_forms_that_need_no_type_are_structural_too(string property)
    {
        var definition = Definition();
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = Widgets.Json($$$"""{"type":"object","properties":{"x":{{{property}}}}}""");
        Assert.Empty(Errors(definition, null));
    }

    [Fact]
    public void Metadata_may_only_be_narrowed_by_name()
    {
        var definition = Definition();
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["metadata"] =
            Widgets.Json("""{"type":"object","properties":{"labels":{"type":"object"}}}""");
        Assert.Equal([At + ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"], Errors(definition, null));
    }

    [Fact]
    public void What_differs_between_versions_is_reported_at_the_version()
    {
        var definition = Definition();
        var second = (JsonObject)definition["spec"]!["versions"]![0]!.DeepClone();
        second["name"] = "v2";
        second["storage"] = false;
        second["schema"] = Widgets.Json("""{"openAPIV3Schema":{"type":"object","properties":{"x":{}}}}""");
        definition["spec"]!["versions"]!.AsArray().Add(second);
        Assert.Equal(["spec.versions[1].schema.openAPIV3Schema.properties[x].type: Required value: must not be empty for specified object fields"], Errors(definition, null));
    }

    [Fact]
    public void Groups_of_Kubernetes_need_approval()
    {
        var definition = Definition("""{"metadata":{"name":"widgets.x.k8s.io"},"spec":{"group":"x.k8s.io"}}""");
        Assert.StartsWith("metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups", Assert.Single(Errors(definition, null)), StringComparison.Ordinal);
        definition["metadata"]!["annotations"] = new JsonObject { ["api-approved.kubernetes.io"] = "https://github.com/kubernetes/enhancements/pull/1" };
        Assert.Empty(Errors(definition, null));
    }

    [Fact]
    public void Scope_and_names_of_an_established_definition_stay()
    {
        var old = Definition("""{"status":{"conditions":[{"type":"Established","status":"True"}],"storedVersions":["v1"]}}""");
        var changed = (JsonObject)old.DeepClone();
        changed["spec"]!["scope"] = "Cluster";
        changed["status"]!["storedVersions"] = new JsonArray("v0");
        Assert.Collection(
            Errors(changed, old),
            error => Assert.Equal("spec.scope: Invalid value: \"Cluster\": field is immutable", error),
            error => Assert.StartsWith("status.storedVersions[0]: Invalid value: \"v0\": missing from spec.versions", error, StringComparison.Ordinal));
    }

    [Fact]
    public void Definitions_of_well_known_projects_are_valid()
    {
        if (SharedData.Contract("crds") is not { } folder)
        {
            Assert.Skip("the contract data is not here");
            return;
        }

        var definitions = Directory.EnumerateFiles(folder, "*.yaml")
            .SelectMany(file => YamlText.ParseAll(File.ReadAllText(file)))
            .OfType<JsonObject>()
            .Where(document => document["kind"]?.GetValue<string>() == "CustomResourceDefinition")
            .ToList();
        Assert.NotEmpty(definitions);
        Assert.All(definitions, definition => Assert.Empty(Errors(definition, null)));
    }

    private static JsonObject Definition(string patch = "{}")
    {
        var definition = Widgets.Json("""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.conformance.example.com"},
             "spec":{"group":"conformance.example.com","scope":"Namespaced",
              "names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList","shortNames":["wd"],"categories":["all"]},
              "versions":[{"name":"v1","served":true,"storage":true,
               "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
               "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"},{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]}]}}
            """);
        definition["spec"]!["versions"]![0]!["schema"] = new JsonObject { ["openAPIV3Schema"] = Widgets.OpenApi.DeepClone() };
        MergePatch.Apply(definition, Widgets.Json(patch));
        return definition;
    }

    private static List<string> Errors(JsonObject definition, JsonObject? old)
    {
        var errors = new FieldErrors();
        DefinitionRules.Validate(definition, old, errors);
        return [.. errors.All.Select(error => $"{error.Field}: {error.Message}")];
    }
}
