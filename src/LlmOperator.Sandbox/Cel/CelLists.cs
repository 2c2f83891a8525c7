namespace LlmOperator.Sandbox.Cel;

/// <summary>Functions of lists, and of lists as sets.</summary>
internal static class CelLists
{
    /// <summary>Calls a function of a list; null when there is none for these values.</summary>
    public static object? Call(string function, CelList list, IReadOnlyList<object> args) => (function, args) switch
    {
        ("size", [_]) => (long)list.Items.Count,
        ("isSorted", [_]) => list.Items.Zip(list.Items.Skip(1)).All(pair => CelEquality.Compare(pair.First, pair.Second) <= 0),
        ("sum", [_]) => list.Items.Count == 0 ? 0L : list.Items.Skip(1).Aggregate(list.Items[0], (sum, item) => CelOperators.Call("_+_", [sum, item])),
        ("min", [_]) => Extreme(list, "min", -1),
        ("max", [_]) => Extreme(list, "max", 1),
        ("indexOf", [_, var value]) => (long)Indices(list, value).DefaultIfEmpty(-1).First(),
        ("lastIndexOf", [_, var value]) => (long)Indices(list, value).DefaultIfEmpty(-1).Last(),
        ("join", [_]) => Join(list, ""),
        ("join", [_, string separator]) => Join(list, separator),
        ("sets.contains", [_, CelList other]) => other.Items.All(item => Contains(list, item)),
        ("sets.equivalent", [_, CelList other]) => other.Items.All(item => Contains(list, item)) && list.Items.All(item => Contains(other, item)),
        ("sets.intersects", [_, CelList other]) => other.Items.Any(item => Contains(list, item)),
        _ => null,
    };

    /// <summary>
    /// Two lists as one. A set takes in only what it does not have; in a list with keys an item of the right one replaces the
    /// item with its key.
    /// </summary>
    public static CelList Concat(CelList left, CelList right)
    {
        if (left.Type is { IsSet: true })
        {
            return new CelList([.. left.Items, .. right.Items.Where(item => !Contains(left, item))], left.Type);
        }

        if (left.Type is not { MapKeys: { } keys })
        {
            return new CelList([.. left.Items, .. right.Items]);
        }

        var items = left.Items.ToList();
        foreach (var item in right.Items)
        {
            var at = items.FindIndex(other => other is CelObject a && item is CelObject b && keys.All(key => System.Text.Json.Nodes.JsonNode.DeepEquals(a.Json[key], b.Json[key])));
            if (at < 0)
            {
                items.Add(item);
            }
            else
            {
                items[at] = item;
            }
        }

        return new CelList(items, left.Type);
    }

    private static object Extreme(CelList list, string function, int sign)
    {
        if (list.Items.Count == 0)
        {
            throw new CelEvaluationException($"{function} called on empty list");
        }

        return list.Items.Aggregate((best, item) => CelEquality.Compare(item, best) * sign > 0 ? item : best);
    }

    private static IEnumerable<int> Indices(CelList list, object value) => Enumerable.Range(0, list.Items.Count).Where(index => CelEquality.AreEqual(list.Items[index], value));

    private static string Join(CelList list, string separator) =>
        string.Join(separator, list.Items.Select(item => item as string ?? throw CelEvaluationException.NoOverload));

    private static bool Contains(CelList list, object value) => list.Items.Any(item => CelEquality.AreEqual(item, value));
}
