using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Tables;

/// <summary>Server-side printing: objects as rows of a <c>meta.k8s.io/v1</c> Table.</summary>
internal static class TableWriter
{
    /// <summary>A table.</summary>
    /// <param name="kind">Kind of the objects; its columns.</param>
    /// <param name="objects">Rows.</param>
    /// <param name="now">Moment ages count to.</param>
    /// <param name="includeObject">Whether rows carry the whole object.</param>
    /// <param name="includeMetadata">Whether rows carry the metadata, when not the object.</param>
    /// <param name="version">resourceVersion of the table, null for none.</param>
    /// <param name="apiVersion">Version of <c>meta.k8s.io</c>.</param>
    public static JsonObject Table(
        KindDefinition kind, IEnumerable<JsonObject> objects, DateTimeOffset now, bool includeObject, bool includeMetadata, string? version, string apiVersion)
    {
        var definitions = new JsonArray();
        foreach (var column in kind.Columns)
        {
            definitions.Add(new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = column.Type,
                ["format"] = column.Format,
                ["description"] = column.Description,
                ["priority"] = column.Priority,
            });
        }

        var rows = new JsonArray();
        foreach (var obj in objects)
        {
            var cells = new JsonArray();
            foreach (var column in kind.Columns)
            {
                cells.Add(column.Value(obj, now));
            }

            rows.Add(new JsonObject { ["cells"] = cells, ["object"] = RowObject(obj, includeObject, includeMetadata, apiVersion) });
        }

        var metadata = new JsonObject();
        if (version is not null)
        {
            metadata["resourceVersion"] = version;
        }

        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = apiVersion,
            ["metadata"] = metadata,
            ["columnDefinitions"] = definitions,
            ["rows"] = rows,
        };
    }

    private static JsonNode? RowObject(JsonObject obj, bool includeObject, bool includeMetadata, string apiVersion) => includeObject ? obj.DeepClone()
        : includeMetadata ? new JsonObject
        {
            ["kind"] = "PartialObjectMetadata",
            ["apiVersion"] = apiVersion,
            ["metadata"] = obj["metadata"]?.DeepClone(),
        }
        : null;
}
