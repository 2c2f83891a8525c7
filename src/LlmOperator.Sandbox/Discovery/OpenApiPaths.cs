using System.Text.Json;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Discovery;

/// <summary>Writes the paths of a kind: what kubectl looks up to learn which parameters a write takes and where a kind lives.</summary>
internal static class OpenApiPaths
{
    private static readonly string[] WriteParameters = ["dryRun", "fieldManager", "fieldValidation"];

    /// <summary>Writes all paths of a kind.</summary>
    public static void Write(Utf8JsonWriter writer, KindDefinition kind)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
        var collection = kind.Namespaced ? $"{root}/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/{kind.Plural}";
        var type = (kind.Group, kind.Version, kind.Kind);
        Path(writer, kind, collection, false, [("get", "list", type), ("post", "create", type), ("delete", "deletecollection", type)]);
        Path(writer, kind, $"{collection}/{{name}}", true, [("get", "get", type), ("put", "update", type), ("patch", "patch", type), ("delete", "delete", type)]);
        if (kind.Namespaced)
        {
            Path(writer, kind, $"{root}/{kind.Plural}", false, [("get", "list", type)]);
        }

        foreach (var subresource in Subresource.Of(kind))
        {
            var answer = (subresource.Group, subresource.Version, subresource.Kind);
            Path(writer, kind, $"{collection}/{{name}}/{subresource.Name}", true, [.. subresource.Verbs.Select(verb => (Method(verb), verb, answer))], subresource: true);
        }
    }

    private static void Path(
        Utf8JsonWriter writer,
        KindDefinition kind,
        string path,
        bool named,
        (string Method, string Verb, (string Group, string Version, string Kind) Type)[] operations,
        bool subresource = false)
    {
        var served = operations.Where(operation => subresource || kind.Verbs.Contains(operation.Verb)).ToList();
        if (served.Count == 0)
        {
            return;
        }

        writer.WriteStartObject(path);
        foreach (var (method, verb, type) in served)
        {
            writer.WriteStartObject(method);
            writer.WriteString("description", $"{verb} {kind.Kind}");
            writer.WriteString("operationId", $"{verb}{kind.Group}{kind.Version}{path.Replace('/', '_')}");
            writer.WriteStartArray("parameters");
            if (method is "post" or "put" or "patch")
            {
                foreach (var name in WriteParameters)
                {
                    Parameter(writer, name, "query");
                }
            }
            else if (method == "delete")
            {
                Parameter(writer, "dryRun", "query");
            }

            writer.WriteEndArray();
            Response(writer, kind, verb, subresource);
            writer.WriteString("x-kubernetes-action", verb == "create" ? "post" : verb == "update" ? "put" : verb);
            writer.WriteStartObject("x-kubernetes-group-version-kind");
            writer.WriteString("group", type.Group);
            writer.WriteString("version", type.Version);
            writer.WriteString("kind", type.Kind);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteStartArray("parameters");
        if (named)
        {
            Parameter(writer, "name", "path");
        }

        if (path.Contains("{namespace}", StringComparison.Ordinal))
        {
            Parameter(writer, "namespace", "path");
        }

        Parameter(writer, "pretty", "query");
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Response(Utf8JsonWriter writer, KindDefinition kind, string verb, bool subresource)
    {
        writer.WriteStartObject("responses");
        writer.WriteStartObject("200");
        writer.WriteString("description", "OK");
        if (!subresource && verb is "get" or "list" or "create" or "update" or "patch")
        {
            writer.WriteStartObject("content");
            writer.WriteStartObject("application/json");
            writer.WriteStartObject("schema");
            writer.WriteString("$ref", OpenApiSchemas.Reference(OpenApiSchemas.NameOf(kind) + (verb == "list" ? "List" : "")));
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Parameter(Utf8JsonWriter writer, string name, string place)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("in", place);
        if (place == "path")
        {
            writer.WriteBoolean("required", true);
        }

        writer.WriteStartObject("schema");
        writer.WriteString("type", "string");
        writer.WriteBoolean("uniqueItems", true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string Method(string verb) => verb switch { "create" => "post", "update" => "put", _ => verb };
}
