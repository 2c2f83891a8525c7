using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Planning.PodTemplates;

/// <summary>Finds fields of a user's pod template that Kubernetes, or the operator, does not know, and values of the wrong type. The schema of the CRD lets any through.</summary>
internal static class TemplateFields
{
    private static readonly string[] Directives = ["merge", "replace", "delete"];

    /// <summary>The first thing wrong, with its path; null when nothing is.</summary>
    public static string? Problem(JsonElement template, string path) => Walk(template, KubeJson.Default.PodTemplateSpec, path, list: null);

    private static string? Walk(JsonElement value, JsonTypeInfo type, string path, string? list)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                return value.ValueKind == JsonValueKind.Object ? Map(value, type, path) : $"{path} must be a map, and is {Kind(value)}";
            case JsonTypeInfoKind.Dictionary:
                return value.ValueKind != JsonValueKind.Object
                    ? $"{path} must be a map, and is {Kind(value)}"
                    : value.EnumerateObject().Select(entry => Walk(entry.Value, TypeOf(type.ElementType!), $"{path}[{entry.Name}]", null)).FirstOrDefault(problem => problem is not null);
            case JsonTypeInfoKind.Enumerable:
                return value.ValueKind == JsonValueKind.Array ? List(value, type, path, list) : $"{path} must be a list, and is {Kind(value)}";
            default:
                return Scalar(value, type, path);
        }
    }

    private static string? Map(JsonElement value, JsonTypeInfo type, string path)
    {
        foreach (var entry in value.EnumerateObject())
        {
            if (entry.Name == TemplateMerge.Directive)
            {
                if (entry.Value.ValueKind != JsonValueKind.String || !Directives.Contains(entry.Value.GetString()))
                {
                    return $"{path}.{entry.Name} must be one of {string.Join(", ", Directives)}";
                }

                continue;
            }

            var property = type.Properties.FirstOrDefault(property => property.Name == entry.Name && !property.IsExtensionData);
            if (property is null)
            {
                return $"{path}.{entry.Name} is not a field of a pod template that the operator passes on: check its spelling, or remove it";
            }

            if (Walk(entry.Value, TypeOf(property.PropertyType), $"{path}.{entry.Name}", entry.Name) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? List(JsonElement value, JsonTypeInfo type, string path, string? list)
    {
        var element = TypeOf(type.ElementType!);
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            var at = $"{path}[{index++}]";
            if (Walk(item, element, at, null) is { } problem)
            {
                return problem;
            }

            if (item.ValueKind == JsonValueKind.Null)
            {
                return $"{at} is empty: remove it";
            }

            var isDirective = item.ValueKind == JsonValueKind.Object && item.EnumerateObject().Count() == 1 && item.TryGetProperty(TemplateMerge.Directive, out _);
            if (list is not null && TemplateMerge.KeyOf(list) is { } key && !isDirective && !item.TryGetProperty(key, out _))
            {
                return $"{at} has no {key}, by which it is merged: add it";
            }
        }

        return null;
    }

    private static string? Scalar(JsonElement value, JsonTypeInfo type, string path)
    {
        try
        {
            JsonSerializer.Deserialize(value, type);
            return null;
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException or OverflowException)
        {
            return $"{path} has a value of the wrong type: {Shown(value)}";
        }
    }

    private static string Shown(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : value.GetRawText();

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "a map",
        _ => Shown(value),
    };

    private static JsonTypeInfo TypeOf(Type type) => KubeJson.Default.GetTypeInfo(type) ?? throw new InvalidOperationException($"{type} is not among the serialised types");
}
