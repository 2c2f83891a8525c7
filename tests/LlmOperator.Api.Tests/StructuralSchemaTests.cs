using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Api.Tests;

/// <summary>What an API server demands of a definition before it accepts it, and what we demand of ours beyond that.</summary>
public sealed partial class StructuralSchemaTests
{
    public static TheoryData<string> Files => ["llmops.dev_llmendpoints.yaml", "llmops.dev_llmmodels.yaml", "llmops.dev_ragindexes.yaml"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_field_is_described(string file) =>
        AssertAll(file, (path, schema) => path is "" or "metadata" || path.EndsWith("[]", StringComparison.Ordinal) || path.EndsWith("{}", StringComparison.Ordinal) || schema["description"] is not null ? null : "has no description");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_node_says_its_type(string file) =>
        AssertAll(file, (_, schema) => schema["type"] is not null || schema["x-kubernetes-int-or-string"] is not null ? null : "has no type");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_list_says_how_it_merges_and_its_keys_are_there(string file) => AssertAll(file, (_, schema) =>
    {
        if (schema["type"]?.GetValue<string>() != "array")
        {
            return null;
        }

        var items = schema["items"]!.AsObject();
        switch (schema["x-kubernetes-list-type"]?.GetValue<string>())
        {
            case "atomic":
                return null;
            case "set":
                return items["type"]!.GetValue<string>() is "object" or "array" ? "is a set of what is no scalar" : null;
            case "map":
                var keys = schema["x-kubernetes-list-map-keys"]!.AsArray().Select(key => key!.GetValue<string>()).ToList();
                return keys.Find(key => items["properties"]![key] is not { } field || (field["default"] is null && !Required(items).Contains(key))) is { } missing
                    ? $"has a key {missing} that is neither required nor defaulted"
                    : null;
            default:
                return "does not say how it merges";
        }
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Everything_that_can_grow_is_bounded_so_that_rules_stay_within_their_cost(string file) => AssertAll(file, (path, schema) =>
    {
        if (path.Length == 0 || path is "apiVersion" or "kind" or "metadata" || schema["x-kubernetes-preserve-unknown-fields"] is not null)
        {
            return null;
        }

        return schema["type"]?.GetValue<string>() switch
        {
            "array" => schema["maxItems"] is null ? "has no maxItems" : null,
            "object" when schema["additionalProperties"] is not null => schema["maxProperties"] is null ? "has no maxProperties" : null,
            "string" => schema["maxLength"] is null && schema["enum"] is null && schema["format"] is null ? "has no maxLength" : null,
            _ => null,
        };
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_default_is_a_value_its_schema_allows(string file) => AssertAll(file, (_, schema) =>
    {
        if (schema["default"] is not { } value)
        {
            return null;
        }

        if (schema["enum"] is JsonArray allowed && !allowed.Any(word => JsonNode.DeepEquals(word, value)))
        {
            return $"has a default {value} that is not in its enum";
        }

        var number = Number(value);
        return (number < Number(schema["minimum"])) || (number > Number(schema["maximum"]))
            ? $"has a default {value} outside its bounds"
            : schema["pattern"] is { } pattern && !Regex.IsMatch(value.GetValue<string>(), pattern.GetValue<string>()) ? $"has a default {value} that does not match its pattern" : null;
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Patterns_are_anchored_and_need_nothing_that_RE2_lacks(string file) => AssertAll(file, (_, schema) =>
    {
        if (schema["pattern"]?.GetValue<string>() is not { } pattern)
        {
            return null;
        }

        Assert.NotNull(new Regex(pattern, RegexOptions.NonBacktracking));
        return pattern.StartsWith('^') && pattern.EndsWith('$') ? null : $"has a pattern that matches anywhere: {pattern}";
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Required_fields_are_declared(string file) => AssertAll(file, (_, schema) =>
        Required(schema).FirstOrDefault(field => schema["properties"]?[field] is null) is { } missing ? $"requires {missing}, which it does not declare" : null);

    [Theory]
    [MemberData(nameof(Files))]
    public void Rules_speak_of_fields_there_are_and_say_what_to_do(string file) => AssertAll(file, (path, schema) =>
    {
        foreach (var rule in (schema["x-kubernetes-validations"] as JsonArray ?? []).OfType<JsonObject>())
        {
            foreach (Match reference in FieldReference().Matches(rule["rule"]!.GetValue<string>()))
            {
                var fields = reference.Value.Split('.')[1..];
                if (path.Length == 0 && fields[0] == "metadata")
                {
                    continue;
                }

                if (Resolve(schema, fields) is null)
                {
                    return $"has a rule on {reference.Value}, which is not declared";
                }
            }

            if (rule["fieldPath"]?.GetValue<string>() is { } fieldPath && Resolve(schema, fieldPath.Split('.')[1..]) is null)
            {
                return $"has a rule that reports at {fieldPath}, which is not declared";
            }

            if (rule["message"]!.GetValue<string>() is not { Length: > 20 and < 2048 } message || message.Contains('\n'))
            {
                return "has a rule with a message that is too short, too long or has a line break";
            }
        }

        return null;
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Rules_on_changes_are_where_old_and_new_can_be_matched(string file) => AssertAll(file, (path, schema) =>
    {
        var transitions = (schema["x-kubernetes-validations"] as JsonArray ?? []).Any(rule => rule!["rule"]!.GetValue<string>().Contains("oldSelf"));
        if (!transitions)
        {
            return null;
        }

        var root = Root(file);
        for (var at = path.IndexOf("[]", StringComparison.Ordinal); at >= 0; at = path.IndexOf("[]", at + 2, StringComparison.Ordinal))
        {
            if (At(root, path[..at])!["x-kubernetes-list-type"]!.GetValue<string>() != "map")
            {
                return "has a rule on changes below a list that is not a map";
            }
        }

        return null;
    });

    [Theory]
    [MemberData(nameof(Files))]
    public void Columns_and_scale_point_at_fields_there_are(string file)
    {
        var version = Definition(file)["spec"]!["versions"]![0]!;
        var root = Root(file);
        var paths = version["additionalPrinterColumns"]!.AsArray().Select(column => column!["jsonPath"]!.GetValue<string>())
            .Concat(version["subresources"]?["scale"]?.AsObject().Select(path => path.Value!.GetValue<string>()) ?? []);
        foreach (var path in paths.Where(path => !path.StartsWith(".metadata.", StringComparison.Ordinal)))
        {
            var plain = ConditionFilter().Replace(path, "[]");
            Assert.True(At(root, plain[1..]) is not null, $"{file}: no field {path}");
        }
    }

    [Theory]
    [InlineData("llmendpoint-twin-8b.yaml")]
    [InlineData("llmendpoint-qwen3-30b.yaml")]
    [InlineData("llmmodel-twin-8b.yaml")]
    [InlineData("llmmodel-qwen3-30b.yaml")]
    [InlineData("ragindex-twin.yaml")]
    public void Samples_have_only_fields_there_are(string sample)
    {
        var obj = YamlJson.Documents($"config/samples/{sample}").Single();
        var root = Root(obj["kind"]!.GetValue<string>() == "RagIndex" ? "llmops.dev_ragindexes.yaml" : $"llmops.dev_{obj["kind"]!.GetValue<string>().ToLowerInvariant()}s.yaml");
        AssertDeclared(obj["spec"]!, root["properties"]!["spec"]!.AsObject(), "spec");
    }

    private static void AssertDeclared(JsonNode value, JsonObject schema, string path)
    {
        switch (value)
        {
            case JsonObject map when schema["properties"] is JsonObject properties:
                Assert.Empty(Required(schema).Where(field => !map.ContainsKey(field)).Select(field => $"{path}.{field} is missing"));
                foreach (var (name, child) in map)
                {
                    Assert.True(properties[name] is not null, $"{path}.{name} is not declared");
                    AssertDeclared(child!, properties[name]!.AsObject(), $"{path}.{name}");
                }

                break;
            case JsonArray list:
                foreach (var element in list)
                {
                    AssertDeclared(element!, schema["items"]!.AsObject(), path + "[]");
                }

                break;
            case JsonValue when schema["enum"] is JsonArray allowed:
                Assert.True(allowed.Any(word => JsonNode.DeepEquals(word, value)), $"{path} is {value}, which is not allowed");
                break;
        }
    }

    private static void AssertAll(string file, Func<string, JsonObject, string?> fault)
    {
        var faults = new List<string>();
        Walk("", Root(file));
        Assert.Empty(faults);

        void Walk(string path, JsonObject schema)
        {
            if (fault(path, schema) is { } found)
            {
                faults.Add($"{path} {found}");
            }

            foreach (var (name, child) in schema["properties"] as JsonObject ?? [])
            {
                Walk(path.Length == 0 ? name : $"{path}.{name}", child!.AsObject());
            }

            if (schema["items"] is JsonObject items)
            {
                Walk(path + "[]", items);
            }

            if (schema["additionalProperties"] is JsonObject values)
            {
                Walk(path + "{}", values);
            }
        }
    }

    private static JsonObject? At(JsonObject schema, string path) => Resolve(schema, path.Replace("[]", ".[]", StringComparison.Ordinal).Split('.'));

    private static JsonObject? Resolve(JsonObject schema, IEnumerable<string> path)
    {
        JsonObject? at = schema;
        foreach (var field in path)
        {
            at = field == "[]" ? at?["items"] as JsonObject : at?["properties"]?[field] as JsonObject;
        }

        return at;
    }

    private static IEnumerable<string> Required(JsonObject schema) => (schema["required"] as JsonArray ?? []).Select(field => field!.GetValue<string>());

    private static double? Number(JsonNode? node) =>
        node?.GetValueKind() == System.Text.Json.JsonValueKind.Number ? double.Parse(node.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) : null;

    private static JsonObject Definition(string file) => YamlJson.Documents($"crds/{file}").Single();

    private static JsonObject Root(string file) => Definition(file)["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();

    [GeneratedRegex(@"(?:self|oldSelf)(?:\.[a-zA-Z]\w*(?!\w*\())+")]
    private static partial Regex FieldReference();

    [GeneratedRegex(@"\[\?\([^)]*\)\]")]
    private static partial Regex ConditionFilter();
}
