using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>Field sets of objects.</summary>
internal static class Ownership
{
    /// <summary>
    /// The fields a configuration speaks for: its leaves, its list items, and the keys of maps. Objects with declared fields are
    /// not themselves in the set unless they are empty.
    /// </summary>
    public static FieldSet Of(JsonObject obj, Schema schema) => Walk(obj, schema).Children ?? new FieldSet();

    /// <summary>The set with every declared field that has something below it.</summary>
    public static FieldSet WithNamedFields(FieldSet set, Schema? schema) => set.Select(node =>
    {
        var (below, declared) = Descend(schema, node.Element);
        var children = node.Children is null ? null : WithNamedFields(node.Children, below);
        return new FieldSet.Node(node.Element, node.IsMember || (declared && node.Children is not null), children);
    });

    /// <summary>A copy of an object without the members of a set and what is below them. A container that loses everything but itself stays, empty.</summary>
    public static JsonObject Without(JsonObject obj, FieldSet gone, Schema schema) => WithoutFields(obj, gone, schema);

    private static (bool IsMember, FieldSet? Children) Walk(JsonNode? node, Schema? schema)
    {
        switch (Shapes.Of(schema, node))
        {
            case Shape.Map:
                return (false, node is JsonObject obj ? Fields(obj, schema) : null);
            case Shape.Set or Shape.ListMap:
                return (false, node is JsonArray array ? Items(array, schema!) : null);
            default:
                return (true, null);
        }
    }

    private static FieldSet? Fields(JsonObject obj, Schema? schema)
    {
        var nodes = new List<FieldSet.Node>(obj.Count);
        foreach (var (name, value) in obj)
        {
            Shapes.TryField(schema, name, out var field, out var declared);
            var (member, children) = Walk(value, field);
            member |= !declared || value is null or JsonObject { Count: 0 };
            if (member || children is not null)
            {
                nodes.Add(new(PathElement.Field(name), member, children));
            }
        }

        return nodes.Count == 0 ? null : FieldSet.Of(nodes);
    }

    private static FieldSet? Items(JsonArray array, Schema schema)
    {
        var shape = schema.ListType == ListType.Set ? Shape.Set : Shape.ListMap;
        var nodes = new List<FieldSet.Node>(array.Count);
        foreach (var item in array)
        {
            if (Shapes.TryItem(schema, shape, item, out var element) is null)
            {
                nodes.Add(new(element, true, Walk(item, schema.Items).Children));
            }
        }

        return nodes.Count == 0 ? null : FieldSet.Of(nodes);
    }

    private static (Schema? Below, bool Declared) Descend(Schema? schema, PathElement element)
    {
        if (element.Kind != PathElementKind.Field)
        {
            return (schema?.Items, false);
        }

        Shapes.TryField(schema, element.FieldName, out var field, out var declared);
        return (field, declared);
    }

    private static JsonNode Without(JsonNode node, FieldSet gone, Schema? schema)
    {
        switch (Shapes.Of(schema, node))
        {
            case Shape.Map when node is JsonObject obj:
                return WithoutFields(obj, gone, schema);
            case (Shape.Set or Shape.ListMap) and var shape when node is JsonArray array:
                return WithoutItems(array, gone, schema!, shape);
            default:
                return node.DeepClone();
        }
    }

    private static JsonObject WithoutFields(JsonObject obj, FieldSet gone, Schema? schema)
    {
        var result = new JsonObject();
        foreach (var (name, value) in obj)
        {
            var element = PathElement.Field(name);
            if (gone.HasMember(element))
            {
                continue;
            }

            if (value is not null && gone.Below(element) is { } below)
            {
                Shapes.TryField(schema, name, out var field, out _);
                result[name] = Without(value, below, field);
            }
            else
            {
                result[name] = value?.DeepClone();
            }
        }

        return result;
    }

    private static JsonArray WithoutItems(JsonArray array, FieldSet gone, Schema schema, Shape shape)
    {
        var result = new JsonArray();
        foreach (var item in array)
        {
            if (Shapes.TryItem(schema, shape, item, out var element) is not null)
            {
                result.Add(item?.DeepClone());
            }
            else if (!gone.HasMember(element))
            {
                result.Add(item is not null && gone.Below(element) is { } below ? Without(item, below, schema.Items) : item?.DeepClone());
            }
        }

        return result;
    }
}
