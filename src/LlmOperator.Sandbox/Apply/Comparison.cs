using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>Which fields differ between two states of an object.</summary>
internal sealed class Comparison
{
    private readonly List<PathElement> _path = [];

    private Comparison()
    {
    }

    /// <summary>Fields of the new state that the old one lacks, containers included.</summary>
    public FieldSet Added { get; } = new();

    /// <summary>Leaves whose value changed.</summary>
    public FieldSet Modified { get; } = new();

    /// <summary>Fields of the old state that the new one lacks, containers included.</summary>
    public FieldSet Removed { get; } = new();

    /// <summary>Compares two states.</summary>
    /// <param name="old">Old state; null when there was none.</param>
    /// <param name="obj">New state.</param>
    /// <param name="schema">Schema of both.</param>
    /// <param name="isTracked">Which fields of the root to look at.</param>
    public static Comparison Of(JsonObject? old, JsonObject obj, Schema schema, Func<string, bool> isTracked)
    {
        var comparison = new Comparison();
        comparison.Fields(old, obj, schema, isTracked);
        return comparison;
    }

    private void Compare(Side left, Side right, Schema? schema)
    {
        if (!right.IsPresent)
        {
            Descend(Shapes.Of(schema, left.Node), left, right, schema);
            return;
        }

        var shape = Shapes.Of(schema, right.Node);
        if (left.IsPresent && Shapes.Of(schema, left.Node) is var other && other != shape && left.Node is not null && right.Node is not null)
        {
            // The type changed: what was below is gone, and the field itself is another.
            if (other is Shape.Map or Shape.Set or Shape.ListMap)
            {
                Descend(other, left, default, schema, belowOnly: true);
            }

            Modified.Insert(Path);
            if (shape is Shape.Map or Shape.Set or Shape.ListMap)
            {
                Descend(shape, default, right, schema, belowOnly: true);
            }

            return;
        }

        Descend(shape, left, right, schema);
    }

    private void Descend(Shape shape, Side left, Side right, Schema? schema, bool belowOnly = false)
    {
        var isLeaf = shape switch
        {
            Shape.Map => left.Node is not JsonObject { Count: > 0 } && right.Node is not JsonObject { Count: > 0 },
            Shape.Set or Shape.ListMap => left.Node is not JsonArray { Count: > 0 } && right.Node is not JsonArray { Count: > 0 },
            _ => true,
        };
        if (isLeaf)
        {
            if (!belowOnly)
            {
                Leaf(left, right);
            }

            return;
        }

        if (shape == Shape.Map)
        {
            Fields(left.Node as JsonObject, right.Node as JsonObject, schema, null);
        }
        else
        {
            Items(left.Node as JsonArray, right.Node as JsonArray, schema!, shape);
        }

        if (!belowOnly && !left.IsPresent)
        {
            Added.Insert(Path);
        }
        else if (!belowOnly && !right.IsPresent)
        {
            Removed.Insert(Path);
        }
    }

    private void Leaf(Side left, Side right)
    {
        if (!left.IsPresent)
        {
            Added.Insert(Path);
        }
        else if (!right.IsPresent)
        {
            Removed.Insert(Path);
        }
        else if (!JsonNode.DeepEquals(left.Node, right.Node))
        {
            Modified.Insert(Path);
        }
    }

    private void Fields(JsonObject? left, JsonObject? right, Schema? schema, Func<string, bool>? filter)
    {
        foreach (var (name, value) in right ?? [])
        {
            if (IsSkipped(name, filter))
            {
                continue;
            }

            var before = left is not null && left.TryGetPropertyValue(name, out var old) ? new Side(old) : default;
            Enter(PathElement.Field(name));
            Shapes.TryField(schema, name, out var field, out _);
            Compare(before, new Side(value), field);
            Leave();
        }

        foreach (var (name, value) in left ?? [])
        {
            if (IsSkipped(name, filter) || (right is not null && right.ContainsKey(name)))
            {
                continue;
            }

            Enter(PathElement.Field(name));
            Shapes.TryField(schema, name, out var field, out _);
            Compare(new Side(value), default, field);
            Leave();
        }
    }

    /// <summary>managedFields are no field anybody owns.</summary>
    private bool IsSkipped(string name, Func<string, bool>? filter) =>
        filter is not null ? !filter(name) : name == "managedFields" && _path.Count == 1 && _path[0].FieldName == "metadata";

    private void Items(JsonArray? left, JsonArray? right, Schema schema, Shape shape)
    {
        var before = Index(left, schema, shape);
        var after = Index(right, schema, shape);
        foreach (var (element, items) in after)
        {
            Enter(element);
            if (!before.TryGetValue(element, out var old))
            {
                Compare(default, new Side(items[0]), schema.Items);
            }
            else if (items.Count == 1 && old.Count == 1)
            {
                Compare(new Side(old[0]), new Side(items[0]), schema.Items);
            }
            else if (items.Count != old.Count || !items.Zip(old).All(pair => JsonNode.DeepEquals(pair.First, pair.Second)))
            {
                // Items that share a key cannot be told apart: they change as one.
                Modified.Insert(Path);
            }

            Leave();
        }

        foreach (var (element, items) in before)
        {
            if (!after.ContainsKey(element))
            {
                Enter(element);
                Compare(new Side(items[0]), default, schema.Items);
                Leave();
            }
        }
    }

    private static Dictionary<PathElement, List<JsonNode?>> Index(JsonArray? array, Schema schema, Shape shape)
    {
        var index = new Dictionary<PathElement, List<JsonNode?>>(array?.Count ?? 0);
        foreach (var item in array ?? [])
        {
            if (Shapes.TryItem(schema, shape, item, out var element) is null)
            {
                ref var items = ref CollectionsMarshal.GetValueRefOrAddDefault(index, element, out _);
                (items ??= []).Add(item);
            }
        }

        return index;
    }

    private ReadOnlySpan<PathElement> Path => CollectionsMarshal.AsSpan(_path);

    private void Enter(PathElement element) => _path.Add(element);

    private void Leave() => _path.RemoveAt(_path.Count - 1);

    /// <summary>A value on one side, or none; JSON null is a value.</summary>
    private readonly record struct Side(JsonNode? Node)
    {
        public bool IsPresent { get; } = true;
    }
}
