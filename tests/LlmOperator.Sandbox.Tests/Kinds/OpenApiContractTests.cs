using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

/// <summary>Compares our definitions with the OpenAPI document of a real API server.</summary>
public sealed class OpenApiContractTests
{
    private const string Reference = "#/definitions/";

    [Fact]
    public void Every_kind_has_exactly_the_fields_types_and_merge_rules_of_the_real_api()
    {
        var definitions = Definitions();
        var walk = new Walk(definitions);
        foreach (var kind in BuiltinKinds.All)
        {
            walk.Compare(kind.Schema, kind.Schema.TypeName!);
        }

        Assert.True(walk.Faults.Count == 0, string.Join('\n', walk.Faults.Take(60)));
        Assert.True(walk.Types > 400, $"only {walk.Types} types were compared");
    }

    [Fact]
    public void Types_used_by_subresources_are_those_of_the_real_api()
    {
        var definitions = Definitions();
        var walk = new Walk(definitions);
        foreach (var name in (string[])["io.k8s.api.autoscaling.v1.Scale", "io.k8s.api.policy.v1.Eviction", "io.k8s.api.authentication.v1.TokenRequest", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"])
        {
            walk.Compare(BuiltinKinds.Types[name], name);
        }

        Assert.True(walk.Faults.Count == 0, string.Join('\n', walk.Faults));
    }

    [Fact]
    public void Every_kind_is_served_where_the_real_api_serves_it()
    {
        var paths = Document()["paths"]!.AsObject().Select(path => path.Key.TrimEnd('/')).ToHashSet();
        foreach (var kind in BuiltinKinds.All)
        {
            var prefix = kind.Group.Length == 0 ? "/api/v1" : $"/apis/{kind.ApiVersion}";
            var collection = kind.Namespaced ? $"{prefix}/namespaces/{{namespace}}/{kind.Plural}" : $"{prefix}/{kind.Plural}";
            Assert.Contains(collection, paths);
            Assert.Equal(kind.StatusSubresource, paths.Contains($"{collection}/{{name}}/status"));
            Assert.Equal(kind.Scale is not null, paths.Contains($"{collection}/{{name}}/scale"));
            Assert.All(kind.Subresources, name => Assert.Contains($"{collection}/{{name}}/{name}", paths));
        }
    }

    private static JsonObject Definitions() => Document()["definitions"]!.AsObject();

    private static JsonObject Document()
    {
        var path = SharedData.Contract("kubernetes-openapi.json");
        Assert.SkipWhen(path is null, "the API server's OpenAPI document is not on this machine");
        using var file = File.OpenRead(path!);
        return JsonNode.Parse(file)!.AsObject();
    }

    private sealed class Walk(JsonObject definitions)
    {
        private readonly HashSet<string> _seen = [];

        public List<string> Faults { get; } = [];

        public int Types => _seen.Count;

        public void Compare(Schema schema, string typeName)
        {
            if (!_seen.Add(typeName))
            {
                return;
            }

            if (definitions[typeName] is not JsonObject definition)
            {
                Faults.Add($"{typeName}: not in the API");
                return;
            }

            var fields = definition["properties"]?.AsObject() ?? [];
            Equal($"{typeName}: fields", string.Join(' ', fields.Select(field => field.Key).Order()), string.Join(' ', schema.Properties.Select(field => field.Key).Order()));
            var required = (definition["required"]?.AsArray() ?? []).Select(name => (string)name!);
            Equal($"{typeName}: required", string.Join(' ', required.Order()), string.Join(' ', schema.Required.Order()));
            Equal($"{typeName}: map type", (string?)definition["x-kubernetes-map-type"], schema.AtomicMap ? "atomic" : null);
            foreach (var (name, field) in schema.Properties)
            {
                if (fields[name] is JsonObject expected)
                {
                    Field(expected, field, $"{typeName}.{name}");
                }
            }
        }

        private void Field(JsonObject expected, Schema field, string path)
        {
            Equal($"{path}: list type", (string?)expected["x-kubernetes-list-type"], field.ListTypeDeclared ? field.ListType.ToString().ToLowerInvariant() : null);
            Equal($"{path}: map keys", Keys(expected["x-kubernetes-list-map-keys"]?.AsArray().Select(key => (string)key!)), Keys(field.ListMapKeys));
            Equal($"{path}: merge key", (string?)expected["x-kubernetes-patch-merge-key"], field.PatchMergeKey);
            Equal($"{path}: patch strategy", (string?)expected["x-kubernetes-patch-strategy"], field.PatchStrategy);
            Value(expected, field, path);
        }

        private void Value(JsonObject expected, Schema field, string path)
        {
            if ((string?)expected["$ref"] is { } reference)
            {
                var name = reference[Reference.Length..];
                if (name.EndsWith(".apiextensions.v1.JSON", StringComparison.Ordinal))
                {
                    Equal($"{path}: any value", "True", field.PreserveUnknownFields.ToString());
                    return;
                }

                Equal($"{path}: type", name, field.TypeName);
                if (field.TypeName == name)
                {
                    Scalar(definitions[name]!.AsObject(), field, path);
                    Compare(BuiltinKinds.Types[name], name);
                    if (field.Properties.Count > 0)
                    {
                        Equal($"{path}: fields of the copy", string.Join(' ', BuiltinKinds.Types[name].Properties.Keys), string.Join(' ', field.Properties.Keys));
                    }
                }

                return;
            }

            Scalar(expected, field, path);
            if (expected["items"] is JsonObject items)
            {
                Value(items, field.Items!, $"{path}[]");
            }

            if (expected["additionalProperties"] is JsonObject values)
            {
                Value(values, field.AdditionalProperties!, $"{path}{{}}");
            }

            Equal($"{path}: map type", (string?)expected["x-kubernetes-map-type"] is "atomic" ? "atomic" : null, field.AtomicMap ? "atomic" : null);
        }

        private void Scalar(JsonObject expected, Schema field, string path)
        {
            Equal($"{path}: type", (string?)expected["type"], field.IntOrString ? "string" : field.Type);
            Equal($"{path}: format", (string?)expected["format"], field.Format == "quantity" ? null : field.Format);
        }

        private void Equal(string what, string? expected, string? actual)
        {
            if (expected != actual)
            {
                Faults.Add($"{what}: expected \"{expected}\", is \"{actual}\"");
            }
        }

        private static string? Keys(IEnumerable<string>? keys) => keys is null ? null : string.Join(',', keys);
    }
}
