using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>The schema of a custom kind: what its definition says, with apiVersion, kind and metadata as for every object.</summary>
internal static class CustomSchema
{
    /// <summary>Completes the schema of a version of a definition.</summary>
    /// <param name="openApiV3Schema">The version's <c>schema.openAPIV3Schema</c>; null keeps everything but the envelope.</param>
    /// <param name="group">API group.</param>
    /// <param name="version">Version.</param>
    /// <param name="kind">Kind.</param>
    public static Schema Of(JsonObject? openApiV3Schema, string group, string version, string kind)
    {
        var schema = openApiV3Schema is null ? new Schema { Type = "object", PreserveUnknownFields = true } : SchemaReader.Read(openApiV3Schema);
        schema.TypeName = $"{string.Join('.', group.Split('.').Reverse())}.{version}.{kind}";
        schema.Properties.TryGetValue("metadata", out var restriction);
        schema.Properties.Remove("apiVersion", out var apiVersion);
        schema.Properties.Remove("kind", out var kindName);
        schema.Properties.Remove("metadata");
        schema.Properties.Insert(0, "apiVersion", apiVersion ?? new Schema
        {
            Type = "string",
            Description = "Group and version of the schema this object is written in.",
        });
        schema.Properties.Insert(1, "kind", kindName ?? new Schema { Type = "string", Description = "Name of the resource type, in CamelCase." });
        schema.Properties.Insert(2, "metadata", Metadata(restriction));
        return schema;
    }

    /// <summary>A definition may narrow name and generateName, nothing else.</summary>
    private static Schema Metadata(Schema? restriction)
    {
        if (restriction is null || restriction.Properties.Count == 0)
        {
            return ObjectMetaSchema.Instance;
        }

        // No type name: the type is no longer the shared one.
        var metadata = new Schema { Type = "object", Description = ObjectMetaSchema.Instance.Description };
        foreach (var (name, property) in ObjectMetaSchema.Instance.Properties)
        {
            metadata.Properties[name] = restriction.Properties.GetValueOrDefault(name) ?? property;
        }

        return metadata;
    }
}
