using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Tables;

/// <summary>Columns of a custom kind, from its definition's printer columns.</summary>
internal static class CustomColumns
{
    private const string NameDescription =
        "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

    private const string AgeDescription =
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

    /// <summary>The name column and those of a definition's version; its age when it declares none.</summary>
    public static IReadOnlyList<Column> Of(JsonObject version)
    {
        var columns = new List<Column>
        {
            new("Name", "string", "name", NameDescription, 0, (obj, _) => obj.Text("metadata", "name")),
        };
        if (version["additionalPrinterColumns"] is not JsonArray { Count: > 0 })
        {
            var path = JsonPath.Parse(".metadata.creationTimestamp");
            columns.Add(new("Age", "date", "", AgeDescription, 0, (obj, now) => Cell(path, "date", obj, now)));
            return columns;
        }

        foreach (var column in version.Objects("additionalPrinterColumns"))
        {
            var text = column.Text("jsonPath") ?? "";
            var type = column.Text("type") ?? "string";
            var path = JsonPath.Parse(text);
            columns.Add(new(
                column.Text("name") ?? "",
                type,
                column.Text("format") ?? "",
                column.Text("description") is { Length: > 0 } description ? description : $"Custom resource definition column (in JSONPath format): {text}",
                (int)(column.Integer("priority") ?? 0),
                (obj, now) => Cell(path, type, obj, now)));
        }

        return columns;
    }

    private static JsonNode? Cell(JsonPath path, string type, JsonObject obj, DateTimeOffset now)
    {
        if (path.Find(obj).FirstOrDefault() is not { } value)
        {
            return type == "string" && path.FindsNull(obj) ? "<no value>" : null;
        }

        var kind = value.GetValueKind();
        switch (type)
        {
            case "string":
                return kind == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
            case "integer" when kind == JsonValueKind.Number:
                return (long)decimal.Parse(value.ToJsonString(), NumberStyles.Float);
            case "number" when kind == JsonValueKind.Number:
            case "boolean" when kind is JsonValueKind.True or JsonValueKind.False:
                return value.DeepClone();
            case "date" when kind == JsonValueKind.String:
                return DateTimeOffset.TryParse(value.GetValue<string>(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var then)
                    ? HumanTime.Since(then, now)
                    : "<invalid>";
            default:
                return null;
        }
    }
}
