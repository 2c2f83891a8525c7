using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// What a CustomResourceDefinition must satisfy: names, versions, columns, subresources, and structural schemas. What all
/// versions share is reported once, under <c>spec.validation</c>, <c>spec.subresources</c> and
/// <c>spec.additionalPrinterColumns</c>, as the API server does.
/// </summary>
internal static partial class DefinitionRules
{
    private const string Approval = "api-approved.kubernetes.io";

    private const string LabelText =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    private const string SubdomainText =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];

    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    /// <summary>Checks a definition.</summary>
    /// <param name="definition">Defaulted.</param>
    /// <param name="old">Present state; null on create.</param>
    /// <param name="errors">Where breaches go.</param>
    public static void Validate(JsonObject definition, JsonObject? old, FieldErrors errors)
    {
        if (definition["spec"] is not JsonObject spec)
        {
            errors.Required("spec");
            return;
        }

        var names = spec["names"] as JsonObject ?? [];
        var group = Text(spec, "group");
        var name = Text(definition["metadata"] as JsonObject ?? [], "name");
        if (name != $"{Text(names, "plural")}.{group}")
        {
            errors.Invalid("metadata.name", JsonScalars.Quote(name), "must be spec.names.plural+\".\"+spec.group");
        }

        CheckApproval(definition, group, errors);
        CheckGroup(group, errors);
        var scope = Text(spec, "scope");
        if (scope.Length == 0)
        {
            errors.Required("spec.scope");
        }
        else if (scope is not ("Cluster" or "Namespaced"))
        {
            errors.NotSupported("spec.scope", JsonScalars.Quote(scope), ["Cluster", "Namespaced"]);
        }

        if (JsonScalars.TryBoolean(spec["preserveUnknownFields"], out var preserve) && preserve)
        {
            errors.Invalid("spec.preserveUnknownFields", "true", "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }

        CheckNames(names, errors);
        var versions = (spec["versions"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        CheckVersions(spec, versions, errors);
        CheckConversion(spec, errors);
        if (old is not null)
        {
            CheckUpdate(spec, old, errors);
        }

        CheckStoredVersions(definition, versions, errors);
    }

    private static void CheckApproval(JsonObject definition, string group, FieldErrors errors)
    {
        if (!(group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal)))
        {
            return;
        }

        var field = $"metadata.annotations[{Approval}]";
        var approval = Text(definition["metadata"]?["annotations"] as JsonObject ?? [], Approval);
        if (approval.Length == 0)
        {
            errors.Required(field, $"protected groups must have approval annotation \"{Approval}\", see https://github.com/kubernetes/enhancements/pull/1111");
        }
        else if (!approval.StartsWith("unapproved", StringComparison.Ordinal) && !(Uri.TryCreate(approval, UriKind.Absolute, out var uri) && uri.Host.Length > 0))
        {
            errors.Invalid(field, JsonScalars.Quote(approval), $"protected groups must have approval annotation \"{Approval}\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111");
        }
    }

    private static void CheckGroup(string group, FieldErrors errors)
    {
        if (group.Length == 0)
        {
            errors.Required("spec.group");
        }
        else if (!Formats.IsValid("k8s-long-name", group))
        {
            errors.Invalid("spec.group", JsonScalars.Quote(group), SubdomainText);
        }
        else if (!group.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid("spec.group", JsonScalars.Quote(group), "should be a domain with at least one dot");
        }
    }

    private static void CheckNames(JsonObject names, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["plural", "singular", "kind", "listKind"])
        {
            var value = Text(names, field);
            var mixedCase = field is "kind" or "listKind";
            if (value.Length == 0)
            {
                errors.Required($"spec.names.{field}");
            }
            else if (!IsLabel(mixedCase ? value.ToLowerInvariant() : value))
            {
                errors.Invalid($"spec.names.{field}", JsonScalars.Quote(value), (mixedCase ? "may have mixed case, but should otherwise match: " : "") + LabelText);
            }
        }

        var kind = Text(names, "kind");
        if (kind.Length > 0 && kind == Text(names, "listKind"))
        {
            errors.Invalid("spec.names.listKind", JsonScalars.Quote(kind), "kind and listKind may not be the same");
        }

        foreach (var field in (ReadOnlySpan<string>)["shortNames", "categories"])
        {
            var index = 0;
            foreach (var item in names[field] as JsonArray ?? [])
            {
                JsonScalars.TryString(item, out var value);
                if (!IsLabel(value))
                {
                    errors.Invalid($"spec.names.{field}[{index}]", JsonScalars.Quote(value), LabelText);
                }

                index++;
            }
        }
    }

    private static void CheckVersions(JsonObject spec, List<JsonObject> versions, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var unique = true;
        for (var index = 0; index < versions.Count; index++)
        {
            var name = Text(versions[index], "name");
            unique &= seen.Add(name);
            if (!IsLabel(name))
            {
                errors.Invalid($"spec.versions[{index}].name", JsonScalars.Quote(name), LabelText);
            }

            if (Flag(versions[index], "deprecated") is false && versions[index].ContainsKey("deprecationWarning"))
            {
                errors.Invalid($"spec.versions[{index}].deprecationWarning", JsonScalars.Quote(versions[index]["deprecationWarning"]), "can only be set for deprecated versions");
            }
        }

        if (!unique)
        {
            errors.Invalid("spec.versions", JsonScalars.Quote(spec["versions"]), "must contain unique version names");
        }

        if (versions.Count(version => Flag(version, "storage")) != 1)
        {
            errors.Invalid("spec.versions", JsonScalars.Quote(spec["versions"]), "must have exactly one version marked as storage version");
        }

        Each(versions, "schema", "spec.validation", (schema, path, version) => CheckSchema(schema, path, version, errors), $"schema", errors);
        Each(versions, "subresources", "spec.subresources", (value, path, _) => CheckScale(value?["scale"] as JsonObject, $"{path}.scale", errors));
        Each(versions, "additionalPrinterColumns", "spec.additionalPrinterColumns", (value, path, _) => CheckColumns(value as JsonArray, path, errors));
    }

    /// <summary>Checks a part of each version, or once where all versions have the same.</summary>
    private static void Each(List<JsonObject> versions, string field, string shared, Action<JsonNode?, string, JsonObject> check, string? required = null, FieldErrors? errors = null)
    {
        if (versions.Count == 0)
        {
            return;
        }

        var identical = versions.TrueForAll(version => JsonNode.DeepEquals(version[field], versions[0][field]));
        if (required is not null && versions.Exists(version => version[field]?["openAPIV3Schema"] is not JsonObject))
        {
            for (var index = 0; index < versions.Count; index++)
            {
                if (versions[index][field]?["openAPIV3Schema"] is not JsonObject)
                {
                    errors!.Required($"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required");
                }
            }

            return;
        }

        if (identical)
        {
            check(versions[0][field], shared, versions[0]);
            return;
        }

        for (var index = 0; index < versions.Count; index++)
        {
            check(versions[index][field], $"spec.versions[{index}].{field}", versions[index]);
        }
    }

    private static void CheckSchema(JsonNode? schema, string path, JsonObject version, FieldErrors errors)
    {
        if (schema?["openAPIV3Schema"] is JsonObject openApi)
        {
            StructuralSchemaRules.Validate(openApi, $"{path}.openAPIV3Schema", version["subresources"]?["status"] is not null, errors);
        }
    }

    private static void CheckScale(JsonObject? scale, string path, FieldErrors errors)
    {
        if (scale is null)
        {
            return;
        }

        Check("specReplicasPath", ".spec", required: true);
        Check("statusReplicasPath", ".status", required: true);
        Check("labelSelectorPath", ".status", required: false);

        void Check(string field, string under, bool required)
        {
            var value = Text(scale, field);
            if (value.Length == 0)
            {
                if (required)
                {
                    errors.Required($"{path}.{field}");
                }
            }
            else if (value[0] != '.')
            {
                errors.Invalid($"{path}.{field}", JsonScalars.Quote(value), "must be a simple json path starting with .");
            }
            else if (!value.StartsWith(under + ".", StringComparison.Ordinal) && !(field == "labelSelectorPath" && value.StartsWith(".spec.", StringComparison.Ordinal)))
            {
                errors.Invalid($"{path}.{field}", JsonScalars.Quote(value), $"should be a json path under {(field == "labelSelectorPath" ? "either .status or .spec" : under)}");
            }
        }
    }

    private static void CheckColumns(JsonArray? columns, string path, FieldErrors errors)
    {
        for (var index = 0; index < (columns?.Count ?? 0); index++)
        {
            var column = columns![index] as JsonObject ?? [];
            var at = $"{path}[{index}]";
            if (Text(column, "name").Length == 0)
            {
                errors.Required($"{at}.name");
            }

            var type = Text(column, "type");
            if (type.Length == 0)
            {
                errors.Required($"{at}.type", $"must be one of {string.Join(",", ColumnTypes)}");
            }
            else if (!ColumnTypes.Contains(type))
            {
                errors.Invalid($"{at}.type", JsonScalars.Quote(type), $"must be one of {string.Join(",", ColumnTypes)}");
            }

            var format = Text(column, "format");
            if (format.Length > 0 && !ColumnFormats.Contains(format))
            {
                errors.Invalid($"{at}.format", JsonScalars.Quote(format), $"must be one of {string.Join(",", ColumnFormats)}");
            }

            CheckColumnPath(Text(column, "jsonPath"), $"{at}.jsonPath", errors);
        }
    }

    private static void CheckColumnPath(string value, string path, FieldErrors errors)
    {
        if (value.Length == 0)
        {
            errors.Required(path);
        }
        else if (value[0] != '.')
        {
            errors.Invalid(path, JsonScalars.Quote(value), "must be a simple json path starting with .");
        }
        else if (!SimplePath().IsMatch(value))
        {
            errors.Invalid(path, JsonScalars.Quote(value), "is an invalid path: unterminated or unrecognized characters in expression");
        }
    }

    private static void CheckConversion(JsonObject spec, FieldErrors errors)
    {
        var strategy = Text(spec["conversion"] as JsonObject ?? [], "strategy");
        if (strategy.Length > 0 && strategy is not ("None" or "Webhook"))
        {
            errors.NotSupported("spec.conversion.strategy", JsonScalars.Quote(strategy), ["None", "Webhook"]);
        }
        else if (strategy == "Webhook" && spec["conversion"]?["webhook"]?["clientConfig"] is null)
        {
            errors.Required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook");
        }
    }

    private static void CheckStoredVersions(JsonObject definition, List<JsonObject> versions, FieldErrors errors)
    {
        var stored = definition["status"]?["storedVersions"] as JsonArray ?? [];
        for (var index = 0; index < stored.Count; index++)
        {
            JsonScalars.TryString(stored[index], out var version);
            if (!versions.Exists(candidate => Text(candidate, "name") == version))
            {
                errors.Invalid(
                    $"status.storedVersions[{index}]",
                    JsonScalars.Quote(version),
                    $"missing from spec.versions; {version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {version} and removes {version} from status.storedVersions");
            }
        }
    }

    private static void CheckUpdate(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var established = (old["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>()
            .Any(condition => Text(condition, "type") == "Established" && Text(condition, "status") == "True");
        if (established)
        {
            Immutable(spec, "scope");
            Immutable(spec, "names", "kind");
        }

        Immutable(spec, "group");
        Immutable(spec, "names", "plural");

        void Immutable(JsonObject now, params ReadOnlySpan<string> path)
        {
            JsonNode? after = now, before = old["spec"];
            foreach (var step in path)
            {
                after = after?[step];
                before = before?[step];
            }

            if (!JsonNode.DeepEquals(after, before))
            {
                errors.Invalid($"spec.{string.Join('.', path!)}", JsonScalars.Quote(after), "field is immutable");
            }
        }
    }

    private static bool IsLabel(string text) => text.Length <= 63 && Label().IsMatch(text);

    private static string Text(JsonObject obj, string name) => JsonScalars.TryString(obj[name], out var text) ? text : "";

    private static bool Flag(JsonObject obj, string name) => JsonScalars.TryBoolean(obj[name], out var flag) && flag;

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex("""^(\.\.?([A-Za-z_$][^.\[\]{}"' ]*|\*|(?=\[))|\.\z|\[(-?\d+|\*|'[^']*'|"[^"]*"|(-?\d*:-?\d*(:-?\d+)?)|\?\(.+\)|-?\d+(,-?\d+)*)\])+\z""", RegexOptions.Singleline)]
    private static partial Regex SimplePath();
}
