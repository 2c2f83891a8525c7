using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>
/// Kubernetes' strategic merge patch: like a merge patch, but lists whose schema says so merge by key or by value, and
/// <c>$patch</c>, <c>$deleteFromPrimitiveList</c>, <c>$setElementOrder</c> and <c>$retainKeys</c> direct how.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFromList = "$deleteFromPrimitiveList/";
    private const string ElementOrder = "$setElementOrder/";

    /// <summary>Applies a patch.</summary>
    /// <param name="target">Left as it was.</param>
    /// <param name="patch">The patch; left as it was.</param>
    /// <param name="schema">Schema of both.</param>
    /// <returns>The patched copy.</returns>
    /// <exception cref="PatchException">The patch contradicts itself, lacks a merge key or has an unknown directive.</exception>
    public static JsonObject Apply(JsonObject target, JsonObject patch, Schema schema) =>
        Merge((JsonObject)target.DeepClone(), (JsonObject)patch.DeepClone(), schema);

    /// <summary>Merges into <paramref name="original"/>, consuming both.</summary>
    private static JsonObject Merge(JsonObject original, JsonObject patch, Schema? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            JsonScalars.TryString(directive, out var word);
            switch (word)
            {
                case "replace":
                    patch.Remove(Directive);
                    return patch;
                case "delete":
                    return [];
                case "merge":
                    patch.Remove(Directive);
                    break;
                default:
                    throw new PatchException(500, $"unknown patch type: {word} in map: {patch.ToJsonString()}");
            }
        }

        Retain(original, patch);
        MergeOrdered(original, patch, schema);
        foreach (var (key, value) in patch.ToList())
        {
            patch.Remove(key);
            if (key.StartsWith(DeleteFromList, StringComparison.Ordinal))
            {
                DeleteScalars(original, key[DeleteFromList.Length..], value);
                continue;
            }

            if (value is null)
            {
                original.Remove(key);
                continue;
            }

            if (!original.TryGetPropertyValue(key, out var existing) || existing is null || existing.GetValueKind() != value.GetValueKind())
            {
                // As in the real server, directives inside a value that is new stay what they are unless they empty it.
                original[key] = WithoutDirectives(value);
                continue;
            }

            var (fieldSchema, strategy, mergeKey) = Lookup(schema, key);
            switch (value)
            {
                case JsonObject inner when strategy != "replace":
                    original.Remove(key);
                    original[key] = Merge((JsonObject)existing, inner, fieldSchema);
                    break;
                case JsonArray items when strategy == "merge":
                    original.Remove(key);
                    original[key] = MergeList(Take((JsonArray)existing), Take(items), fieldSchema, mergeKey);
                    break;
                default:
                    original[key] = value;
                    break;
            }
        }

        return original;
    }

    private static (Schema? Schema, string? Strategy, string? MergeKey) Lookup(Schema? schema, string key)
    {
        var field = schema is null ? null : schema.Properties.GetValueOrDefault(key) ?? schema.AdditionalProperties;
        var strategy = field?.PatchStrategy?.Split(',').FirstOrDefault(word => word != "retainKeys");
        return (field, strategy, field?.PatchMergeKey);
    }

    /// <summary>$retainKeys: fields not named go, and the patch may set only those that are.</summary>
    private static void Retain(JsonObject original, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var names))
        {
            return;
        }

        patch.Remove(RetainKeys);
        if (names is not JsonArray list)
        {
            throw new PatchException(400, "invalid patch format of retainKeys");
        }

        var kept = list.Select(name => JsonScalars.TryString(name, out var text) ? text : "").ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in patch)
        {
            if (value is not null && !kept.Contains(key) && !key.StartsWith(DeleteFromList, StringComparison.Ordinal) && !key.StartsWith(ElementOrder, StringComparison.Ordinal))
            {
                throw new PatchException(400, "invalid patch format of retainKeys");
            }
        }

        foreach (var key in original.Select(field => field.Key).Where(key => !kept.Contains(key)).ToList())
        {
            original.Remove(key);
        }
    }

    /// <summary>Lists that come with an order: merged, then sorted by it.</summary>
    private static void MergeOrdered(JsonObject original, JsonObject patch, Schema? schema)
    {
        foreach (var directive in patch.Select(field => field.Key).Where(key => key.StartsWith(ElementOrder, StringComparison.Ordinal)).ToList())
        {
            var order = patch[directive] is JsonArray list ? Take(list) : throw new PatchException(400, "invalid patch format of setElementOrder list");
            patch.Remove(directive);
            var key = directive[ElementOrder.Length..];
            var (fieldSchema, strategy, mergeKey) = Lookup(schema, key);
            var existing = original[key] is { } present ? present as JsonArray ?? throw NotAList(key) : null;
            var wanted = patch.TryGetPropertyValue(key, out var given) && given is not null ? given as JsonArray ?? throw NotAList(key) : null;
            if (patch.TryGetPropertyValue(DeleteFromList + key, out var deleted))
            {
                patch.Remove(DeleteFromList + key);
                DeleteScalars(original, key, deleted);
                existing = original[key] as JsonArray;
            }

            if (existing is null && wanted is null)
            {
                continue;
            }

            patch.Remove(key);
            var live = existing is null ? [] : Take(existing);
            var items = wanted is null ? [] : Take(wanted);
            CheckOrder(items, order, mergeKey);
            var merged = wanted is null ? [.. live]
                : existing is null || strategy != "merge" ? items.Where(item => !IsDirective(item)).ToList()
                : Combine([.. live], items, fieldSchema, mergeKey);
            original[key] = ToArray(Sort(merged, order, live, mergeKey));
        }
    }

    private static JsonArray MergeList(List<JsonNode?> original, List<JsonNode?> patch, Schema? schema, string? mergeKey)
    {
        var live = new List<JsonNode?>(original);
        var merged = Combine(original, patch, schema, mergeKey);
        return ToArray(Sort(merged, [.. patch.Where(item => !IsDirective(item))], live, mergeKey));
    }

    /// <summary>Merges without regard to order.</summary>
    private static List<JsonNode?> Combine(List<JsonNode?> original, List<JsonNode?> patch, Schema? schema, string? mergeKey)
    {
        if (!original.Concat(patch).Any(item => item is JsonObject))
        {
            foreach (var item in patch)
            {
                if (!original.Exists(other => JsonNode.DeepEquals(other, item)))
                {
                    original.Add(item);
                }
            }

            return original;
        }

        if (original.Concat(patch).Any(item => item is not JsonObject))
        {
            throw new PatchException(500, "list element types are not identical");
        }

        if (mergeKey is null)
        {
            throw new PatchException(500, "cannot merge lists without merge key for type map");
        }

        if (patch.Exists(item => DirectiveOf(item) == "replace"))
        {
            return [.. patch.Where(item => !IsDirective(item))];
        }

        foreach (var item in patch)
        {
            var fields = (JsonObject)item!;
            var directive = DirectiveOf(item);
            if (directive is not (null or "delete" or "merge"))
            {
                throw new PatchException(500, $"unknown patch type: {directive} in map: {fields.ToJsonString()}");
            }

            if (!fields.TryGetPropertyValue(mergeKey, out var identity))
            {
                throw new PatchException(500, $"map: {fields.ToJsonString()} does not contain declared merge key: {mergeKey}");
            }

            var at = original.FindIndex(other => other is JsonObject existing && existing.TryGetPropertyValue(mergeKey, out var value) && JsonNode.DeepEquals(value, identity));
            if (directive == "delete")
            {
                original.RemoveAll(other => other is JsonObject existing && existing.TryGetPropertyValue(mergeKey, out var value) && JsonNode.DeepEquals(value, identity));
            }
            else if (at < 0)
            {
                original.Add(WithoutDirectives(fields));
            }
            else
            {
                original[at] = Merge((JsonObject)original[at]!, fields, schema?.Items);
            }
        }

        return original;
    }

    /// <summary>
    /// Items named in <paramref name="order"/> in that order; the others keep their place among them as they had it in
    /// <paramref name="live"/>.
    /// </summary>
    private static List<JsonNode?> Sort(List<JsonNode?> merged, List<JsonNode?> order, List<JsonNode?> live, string? mergeKey)
    {
        int Position(List<JsonNode?> list, JsonNode? item) => list.FindIndex(other => SameItem(other, item, mergeKey));
        var ordered = merged.Where(item => Position(order, item) >= 0).OrderBy(item => Position(order, item)).ToList();
        var others = merged.Where(item => Position(order, item) < 0)
            .OrderBy(item => Position(live, item) is >= 0 and var position ? position : int.MaxValue)
            .ToList();
        var result = new List<JsonNode?>(merged.Count);
        int next = 0, other = 0;
        while (next < ordered.Count && other < others.Count)
        {
            var left = Position(live, ordered[next]);
            var right = Position(live, others[other]);
            if (left >= 0 && right >= 0 && right < left)
            {
                result.Add(others[other++]);
            }
            else
            {
                result.Add(ordered[next++]);
            }
        }

        result.AddRange(ordered.Skip(next));
        result.AddRange(others.Skip(other));
        return result;
    }

    /// <summary>The patch may not contradict the order it brings.</summary>
    private static void CheckOrder(List<JsonNode?> patch, List<JsonNode?> order, string? mergeKey)
    {
        if (order.Count == 0)
        {
            return;
        }

        var from = 0;
        foreach (var item in patch.Where(item => !IsDirective(item)))
        {
            var at = order.FindIndex(from, other => SameItem(other, item, mergeKey));
            if (at < 0)
            {
                throw new PatchException(500, $"The order in patch list:\n{ToArray(patch).ToJsonString()}\n doesn't match $setElementOrder list:\n{ToArray(order).ToJsonString()}\n");
            }

            from = at + 1;
        }
    }

    private static bool SameItem(JsonNode? left, JsonNode? right, string? mergeKey) => mergeKey is not null && left is JsonObject a && right is JsonObject b
        ? a.TryGetPropertyValue(mergeKey, out var x) && b.TryGetPropertyValue(mergeKey, out var y) && JsonNode.DeepEquals(x, y)
        : JsonNode.DeepEquals(left, right);

    private static void DeleteScalars(JsonObject original, string key, JsonNode? values)
    {
        if (values is not JsonArray gone)
        {
            throw new PatchException(400, "invalid patch format of primitive list");
        }

        if (original[key] is JsonArray list)
        {
            original[key] = ToArray(Take(list).Where(item => !gone.Any(value => JsonNode.DeepEquals(value, item))));
        }
    }

    /// <summary>What is added whole must not carry directives into the object.</summary>
    private static JsonNode WithoutDirectives(JsonNode node)
    {
        switch (node)
        {
            case JsonObject obj:
                if (DirectiveOf(obj) == "delete")
                {
                    return new JsonObject();
                }

                foreach (var (key, value) in obj.ToList())
                {
                    if (key is Directive or RetainKeys || key.StartsWith(DeleteFromList, StringComparison.Ordinal) || key.StartsWith(ElementOrder, StringComparison.Ordinal) || value is null)
                    {
                        obj.Remove(key);
                    }
                    else if (value is JsonObject or JsonArray)
                    {
                        obj.Remove(key);
                        obj[key] = WithoutDirectives(value);
                    }
                }

                return obj;
            case JsonArray array:
                return ToArray(Take(array).Where(item => !IsDirective(item)).Select(item => item is null ? null : WithoutDirectives(item)));
            default:
                return node;
        }
    }

    private static string? DirectiveOf(JsonNode? item) => item is JsonObject obj && JsonScalars.TryString(obj[Directive], out var word) ? word : null;

    /// <summary>An item that stands for an instruction, not for an element.</summary>
    private static bool IsDirective(JsonNode? item) => DirectiveOf(item) is "delete" or "replace";

    /// <summary>The items, free to be put elsewhere.</summary>
    private static List<JsonNode?> Take(JsonArray array)
    {
        var items = array.ToList();
        array.Clear();
        return items;
    }

    private static JsonArray ToArray(IEnumerable<JsonNode?> items)
    {
        var array = new JsonArray();
        foreach (var item in items)
        {
            array.Add(item?.Parent is null ? item : item.DeepClone());
        }

        return array;
    }

    private static PatchException NotAList(string key) => new(400, $"expected a list at {key}");
}
