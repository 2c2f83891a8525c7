using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Testing;

namespace LlmOperator.Planning.Tests.Objects;

/// <summary>The schemas of Kubernetes' own kinds and of the CRDs among the contract data. A field a schema does not know is a fault here, as it is under strict validation.</summary>
internal sealed class ObjectSchemas
{
    private readonly JsonObject _definitions;
    private readonly Dictionary<(string ApiVersion, string Kind), JsonObject> _roots = [];

    private ObjectSchemas(JsonObject openApi, IEnumerable<JsonObject> definitions)
    {
        _definitions = openApi["definitions"]!.AsObject();
        foreach (var (_, schema) in _definitions)
        {
            foreach (var kind in schema!["x-kubernetes-group-version-kind"]?.AsArray() ?? [])
            {
                var group = (string)kind!["group"]!;
                _roots.TryAdd(($"{(group.Length == 0 ? "" : group + "/")}{kind["version"]}", (string)kind["kind"]!), schema.AsObject());
            }
        }

        foreach (var definition in definitions)
        {
            var spec = definition["spec"]!;
            foreach (var version in spec["versions"]!.AsArray())
            {
                _roots[($"{spec["group"]}/{version!["name"]}", (string)spec["names"]!["kind"]!)] = version["schema"]!["openAPIV3Schema"]!.AsObject();
            }
        }
    }

    /// <summary>The schemas; null where the contract data is absent.</summary>
    /// <param name="definitions">Further definitions of kinds, as YAML.</param>
    public static ObjectSchemas? Load(IEnumerable<string>? definitions = null) =>
        SharedData.Contract("kubernetes-openapi.json") is { } openApi && SharedData.Contract("crds") is { } folder
            ? new(JsonNode.Parse(File.ReadAllText(openApi))!.AsObject(), Directory.EnumerateFiles(folder, "*.yaml").Select(File.ReadAllText).Concat(definitions ?? []).SelectMany(YamlJson.Parse))
            : null;

    /// <summary>What is wrong with an object.</summary>
    public IEnumerable<string> Problems(JsonObject obj)
    {
        var (version, kind) = ((string)obj["apiVersion"]!, (string)obj["kind"]!);
        if (!_roots.TryGetValue((version, kind), out var schema))
        {
            return [$"there is no kind {kind} in {version}"];
        }

        // A CRD's schema leaves metadata to the server; its shape is that of every object.
        var metadata = Check(obj["metadata"], _definitions["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]!.AsObject(), "metadata");
        return [.. metadata, .. obj.Where(field => field.Key != "metadata").SelectMany(field => Field(field.Key, field.Value, schema, ""))];
    }

    private List<string> Check(JsonNode? value, JsonObject schema, string path)
    {
        schema = Resolved(schema);
        if (value is null)
        {
            return [$"{path} is null"];
        }

        if (schema["format"]?.ToString() == "int-or-string" || schema["x-kubernetes-int-or-string"] is not null)
        {
            return value.GetValueKind() is System.Text.Json.JsonValueKind.String or System.Text.Json.JsonValueKind.Number ? [] : [$"{path} is neither a number nor a text"];
        }

        var problems = new List<string>();
        if (schema["enum"] is JsonArray allowed && !allowed.Any(word => JsonNode.DeepEquals(word, value)))
        {
            problems.Add($"{path} is {value.ToJsonString()}, which is not one of {allowed.ToJsonString()}");
        }

        if (schema["pattern"] is { } pattern && value.GetValueKind() == System.Text.Json.JsonValueKind.String && !Regex.IsMatch(value.ToString(), pattern.ToString()))
        {
            problems.Add($"{path} is {value.ToJsonString()}, which does not match {pattern}");
        }

        problems.AddRange((schema["type"]?.ToString(), value) switch
        {
            ("object" or null, JsonObject map) => Map(map, schema, path),
            ("array", JsonArray list) => list.SelectMany((item, index) => Check(item, schema["items"]!.AsObject(), $"{path}[{index}]")),
            ("string", JsonValue text) when text.GetValueKind() == System.Text.Json.JsonValueKind.String => [],
            ("boolean", JsonValue flag) when flag.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => [],
            ("integer", JsonValue number) when number.GetValueKind() == System.Text.Json.JsonValueKind.Number && number.TryGetValue<long>(out _) => [],
            ("number", JsonValue number) when number.GetValueKind() == System.Text.Json.JsonValueKind.Number => [],
            var (type, _) => [$"{path} must be of type {type} and is {value.ToJsonString()}"],
        });
        return problems;
    }

    private List<string> Map(JsonObject map, JsonObject schema, string path)
    {
        var missing = (schema["required"]?.AsArray() ?? []).Select(name => name!.ToString()).Where(name => !map.ContainsKey(name)).Select(name => $"{path}.{name} is missing");
        return [.. missing, .. map.SelectMany(field => Field(field.Key, field.Value, schema, path))];
    }

    private List<string> Field(string name, JsonNode? value, JsonObject schema, string path)
    {
        var at = path.Length == 0 ? name : $"{path}.{name}";
        return schema["properties"]?[name] is JsonObject property ? Check(value, property, at)
            : schema["additionalProperties"] is JsonObject additional ? Check(value, additional, at)
            : schema["x-kubernetes-preserve-unknown-fields"] is not null ? []
            : [$"{at} is not in the schema"];
    }

    private JsonObject Resolved(JsonObject schema) =>
        schema["$ref"]?.ToString() is { } reference ? Resolved(_definitions[reference[(reference.LastIndexOf('/') + 1)..]]!.AsObject())
        : schema["allOf"] is JsonArray { Count: 1 } one ? Resolved(one[0]!.AsObject())
        : schema;
}
