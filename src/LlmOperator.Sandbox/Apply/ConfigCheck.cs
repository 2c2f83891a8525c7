using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>What an applied configuration must satisfy before it can be merged: declared fields, right types, told-apart items.</summary>
internal sealed class ConfigCheck
{
    private readonly List<string> _errors = [];

    /// <summary>Null, or what is wrong, in the words of the API server.</summary>
    public static string? Fault(JsonObject config, Schema schema)
    {
        var check = new ConfigCheck();
        check.Fields(config, schema, "");
        return check._errors switch
        {
            [] => null,
            [var one] => one,
            var several => string.Join("\n  ", several.Prepend("errors:")),
        };
    }

    private void Check(JsonNode? node, Schema? schema, string path)
    {
        if (node is null)
        {
            return;
        }

        switch (Shapes.Of(schema, node))
        {
            case Shape.Map or Shape.AtomicMap:
                if (node is JsonObject obj)
                {
                    Fields(obj, schema, path);
                }
                else
                {
                    Add(path, $"expected map, got {Describe(node)}");
                }

                break;
            case Shape.Set or Shape.ListMap or Shape.AtomicList:
                if (node is JsonArray array)
                {
                    Items(array, schema, path);
                }
                else
                {
                    Add(path, $"expected list, got {Describe(node)}");
                }

                break;
            default:
                Scalar(node, schema, path);
                break;
        }
    }

    private void Fields(JsonObject obj, Schema? schema, string path)
    {
        foreach (var (name, value) in obj)
        {
            var next = $"{path}.{name}";
            if (Shapes.TryField(schema, name, out var field, out _))
            {
                Check(value, field, next);
            }
            else
            {
                Add(next, "field not declared in schema");
            }
        }
    }

    private void Items(JsonArray array, Schema? schema, string path)
    {
        var shape = Shapes.Of(schema, array);
        var seen = new HashSet<PathElement>();
        for (var index = 0; index < array.Count; index++)
        {
            var next = $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]";
            if (shape != Shape.AtomicList)
            {
                if (Shapes.TryItem(schema!, shape, array[index], out var element) is { } reason)
                {
                    Add(path, $"element {index}: {reason}");
                    continue;
                }

                if (!seen.Add(element))
                {
                    Add(path, $"duplicate entries for key {element}");
                }

                next = path + element;
            }

            Check(array[index], schema?.Items, next);
        }
    }

    private void Scalar(JsonNode node, Schema? schema, string path)
    {
        if (schema?.Type is not { } type || (type == "string" && schema.Format == "quantity"))
        {
            return;
        }

        var kind = node.GetValueKind();
        var wanted = type switch
        {
            "string" when kind != JsonValueKind.String => "string",
            "integer" or "number" when kind != JsonValueKind.Number => "numeric (int or float)",
            "boolean" when kind is not (JsonValueKind.True or JsonValueKind.False) => "boolean",
            _ => null,
        };
        if (wanted is not null)
        {
            Add(path, $"expected {wanted}, got {Describe(node)}");
        }
    }

    private void Add(string path, string message) => _errors.Add(new StringBuilder(path).Append(": ").Append(message).ToString());

    private static string Describe(JsonNode node) => $"&value.valueUnstructured{{Value:{node.ToJsonString()}}}";
}
