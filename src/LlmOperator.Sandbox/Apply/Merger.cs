using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>
/// Merges an applied configuration into a live object: maps by field, list maps by key, sets by value, everything else whole.
/// Items keep the live order as far as the configuration does not ask for another.
/// </summary>
internal static class Merger
{
    /// <summary>Merges; neither side is changed and the result shares nothing with them.</summary>
    public static JsonObject Merge(JsonObject live, JsonObject config, Schema schema) => MergeFields(live, config, schema);

    private static JsonNode? Merge(JsonNode? live, JsonNode? config, Schema? schema) => Shapes.Of(schema, config) switch
    {
        Shape.Map when live is JsonObject left && config is JsonObject { Count: > 0 } right => MergeFields(left, right, schema),
        Shape.Map when live is JsonObject { Count: > 0 } && config is null or JsonObject => live!.DeepClone(),
        (Shape.Set or Shape.ListMap) and var shape when live is JsonArray { Count: > 0 } left && config is null or JsonArray =>
            MergeItems((JsonArray)live!, config as JsonArray ?? [], schema!, shape),
        _ => config?.DeepClone(),
    };

    private static JsonObject MergeFields(JsonObject live, JsonObject config, Schema? schema)
    {
        var result = new JsonObject();
        foreach (var (name, value) in live)
        {
            if (config.TryGetPropertyValue(name, out var wanted))
            {
                Shapes.TryField(schema, name, out var field, out _);
                result[name] = Merge(value, wanted, field);
            }
            else
            {
                result[name] = value?.DeepClone();
            }
        }

        foreach (var (name, value) in config)
        {
            if (!live.ContainsKey(name))
            {
                result[name] = value?.DeepClone();
            }
        }

        return result;
    }

    private static JsonArray MergeItems(JsonArray live, JsonArray config, Schema schema, Shape shape)
    {
        var (liveOrder, liveItems) = Index(live, schema, shape);
        var (configOrder, configItems) = Index(config, schema, shape);
        var shared = new Queue<PathElement>(configOrder.Select(entry => entry.Element).Where(liveItems.ContainsKey));
        var result = new JsonArray();
        int l = 0, c = 0;
        while (l < liveOrder.Count || c < configOrder.Count)
        {
            if (l < liveOrder.Count)
            {
                var (element, item) = liveOrder[l];
                if (c < configOrder.Count && element.Equals(configOrder[c].Element))
                {
                    Take(configOrder[c++].Element);
                    l++;
                    continue;
                }

                if (!configItems.ContainsKey(element))
                {
                    // The configuration does not speak of it: it stays where it is.
                    result.Add(item?.DeepClone());
                    l++;
                    continue;
                }

                if (c < configOrder.Count && shared.Count > 0 && !shared.Peek().Equals(element))
                {
                    // The configuration wants it at another place.
                    l++;
                    continue;
                }
            }

            if (c < configOrder.Count)
            {
                Take(configOrder[c++].Element);
            }
            else
            {
                l++;
            }
        }

        return result;

        void Take(PathElement element)
        {
            // Live items that share a key cannot be told apart: the configured one replaces them.
            result.Add(liveItems.TryGetValue(element, out var existing) && existing.Count == 1
                ? Merge(existing[0], configItems[element][0], schema.Items)
                : configItems[element][0]?.DeepClone());
            if (shared.Count > 0 && shared.Peek().Equals(element))
            {
                shared.Dequeue();
            }
        }
    }

    private static (List<Entry> Order, Dictionary<PathElement, List<JsonNode?>> Items) Index(JsonArray array, Schema schema, Shape shape)
    {
        var order = new List<Entry>(array.Count);
        var items = new Dictionary<PathElement, List<JsonNode?>>(array.Count);
        foreach (var item in array)
        {
            if (Shapes.TryItem(schema, shape, item, out var element) is not null)
            {
                continue;
            }

            order.Add(new(element, item));
            if (items.TryGetValue(element, out var same))
            {
                same.Add(item);
            }
            else
            {
                items[element] = [item];
            }
        }

        return (order, items);
    }

    private readonly record struct Entry(PathElement Element, JsonNode? Item);
}
