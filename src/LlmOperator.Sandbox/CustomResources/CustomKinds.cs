using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Cel;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tables;

namespace LlmOperator.Sandbox.CustomResources;

/// <summary>Makes kind definitions of a CustomResourceDefinition, one a version; a version that is not served has no verbs.</summary>
internal static class CustomKinds
{
    /// <summary>The order in which a real server lists them.</summary>
    private static readonly string[] Verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    /// <summary>All versions of a definition.</summary>
    public static IReadOnlyList<KindDefinition> Of(JsonObject definition)
    {
        var versions = definition.Objects("spec", "versions").ToList();
        var storage = versions.FirstOrDefault(version => version.Flag("storage") == true).Text("name") ?? "";
        var group = definition.Text("spec", "group")!;
        var kind = NamesOf(definition).Text("kind")!;
        var schemas = new Dictionary<string, Schema>(StringComparer.Ordinal);
        foreach (var version in versions)
        {
            var name = version.Text("name")!;
            schemas[$"{group}/{name}"] = CustomSchema.Of(version.Object("schema", "openAPIV3Schema"), group, name, kind);
        }

        // As long as a definition is as it was created and has one version, what is stored is what is shown.
        var converts = versions.Count > 1 || definition.Integer("metadata", "generation") > 1;
        return [.. versions.Select(version => Of(definition, version, storage, new VersionConversion(schemas, converts)))];
    }

    private static JsonObject NamesOf(JsonObject definition) =>
        definition.Object("status", "acceptedNames") is { } accepted && accepted.Text("kind") is { Length: > 0 } ? accepted : definition.Object("spec", "names")!;

    private static KindDefinition Of(JsonObject definition, JsonObject version, string storage, VersionConversion conversion)
    {
        var spec = definition.Object("spec")!;
        var names = NamesOf(definition);
        var group = spec.Text("group")!;
        var name = version.Text("name")!;
        var kind = names.Text("kind")!;
        var apiVersion = $"{group}/{name}";
        var status = version.Object("subresources", "status") is not null;
        return new KindDefinition
        {
            Group = group,
            Version = name,
            Kind = kind,
            ListKind = names.Text("listKind") ?? kind + "List",
            Plural = names.Text("plural")!,
            Singular = names.Text("singular") ?? kind.ToLowerInvariant(),
            Namespaced = spec.Text("scope") == "Namespaced",
            ShortNames = names.Texts("shortNames"),
            Categories = names.Texts("categories"),
            Schema = conversion.SchemaOf(apiVersion),
            StatusSubresource = status,
            Scale = ScaleOf(version),
            HasGeneration = true,
            Verbs = version.Flag("served") == true ? Verbs : [],
            Columns = CustomColumns.Of(version),
            Behavior = new CustomBehavior(status, SelectableFields(version), Deprecation(version, apiVersion, kind)),
            Custom = true,
            StorageVersion = name == storage,
            FromStorage = conversion.FromStorage(apiVersion),
            ToStorage = name == storage ? null : conversion.ToStorage($"{group}/{storage}"),
            Rules = new Lazy<CelRules?>(() => version.Object("schema", "openAPIV3Schema") is { } written ? CelRules.Of(SchemaReader.Read(written)) : null),
        };
    }

    private static ScalePaths? ScaleOf(JsonObject version)
    {
        if (version.Object("subresources", "scale") is not { } scale)
        {
            return null;
        }

        return new ScalePaths(
            Names(scale.Text("specReplicasPath"))!,
            Names(scale.Text("statusReplicasPath"))!,
            Names(scale.Text("labelSelectorPath")));
    }

    private static string[]? Names(string? path) => string.IsNullOrEmpty(path) ? null : path.TrimStart('.').Split('.');

    private static Dictionary<string, JsonPath> SelectableFields(JsonObject version)
    {
        var fields = new Dictionary<string, JsonPath>(StringComparer.Ordinal);
        foreach (var path in version.Objects("selectableFields").Select(field => field.Text("jsonPath")).OfType<string>())
        {
            fields[path.TrimStart('.')] = JsonPath.Parse(path);
        }

        return fields;
    }

    private static string? Deprecation(JsonObject version, string apiVersion, string kind) => version.Flag("deprecated") == true
        ? version.Text("deprecationWarning") ?? $"{apiVersion} {kind} is deprecated"
        : null;
}
