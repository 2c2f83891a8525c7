using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Brings what a client sent into the shape its kind declares: types, undeclared fields, defaults.</summary>
internal static class ObjectShape
{
    /// <summary>Checks types of a built-in kind, prunes, and fills in defaults; unknown fields are refused or become warnings as the request says.</summary>
    /// <param name="kind">Kind and version the object is written in.</param>
    /// <param name="obj">The request's own copy; changed in place.</param>
    /// <param name="request">The write.</param>
    /// <param name="duplicates">Fields that occurred twice in the request's text.</param>
    public static void Normalise(KindDefinition kind, JsonObject obj, WriteRequest request, IReadOnlyList<string>? duplicates = null)
    {
        Check(kind, obj, request, duplicates);
        Default(kind, obj);
    }

    /// <summary>Fills in defaults.</summary>
    public static void Default(KindDefinition kind, JsonObject obj)
    {
        Defaulter.Apply(obj, kind.Schema);
        kind.Behavior.Default(obj);
    }

    /// <summary>Checks types of a built-in kind and prunes; unknown fields are refused or become warnings as the request says.</summary>
    public static void Check(KindDefinition kind, JsonObject obj, WriteRequest request, IReadOnlyList<string>? duplicates = null)
    {
        if (!kind.Custom)
        {
            TypeCheck.Require(kind, obj);
            DropNulls(obj, kind.Schema);
        }

        var unknown = request.FieldValidation == FieldValidation.Ignore ? null : new List<string>();
        Pruner.Prune(obj, kind.Schema, unknown);
        Report(kind, request, duplicates, unknown);
    }

    private static void Report(KindDefinition kind, WriteRequest request, IReadOnlyList<string>? duplicates, List<string>? unknown)
    {
        if (unknown is null || (unknown.Count == 0 && duplicates is not { Count: > 0 }))
        {
            return;
        }

        var faults = (duplicates ?? []).Select(path => $"duplicate field \"{path}\"").Concat(unknown.Select(path => $"unknown field \"{path}\"")).ToList();
        if (request.FieldValidation == FieldValidation.Strict)
        {
            throw Refusals.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: strict decoding error: {string.Join(", ", faults)}");
        }

        request.Warnings.AddRange(faults);
    }

    /// <summary>A null in a built-in object is the same as no field; a custom resource may declare it a value.</summary>
    private static void DropNulls(JsonNode? node, Schema schema)
    {
        if (schema.PreserveUnknownFields && schema.Properties.Count == 0)
        {
            return;
        }

        switch (node)
        {
            case JsonObject obj:
                foreach (var name in obj.Where(field => field.Value is null).Select(field => field.Key).ToList())
                {
                    if (!(schema.Properties.TryGetValue(name, out var declared) && declared.Nullable))
                    {
                        obj.Remove(name);
                    }
                }

                foreach (var (name, value) in obj)
                {
                    if (value is JsonObject or JsonArray && (schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } inner)
                    {
                        DropNulls(value, inner);
                    }
                }

                break;
            case JsonArray array when schema.Items is { } items:
                foreach (var item in array)
                {
                    if (item is not null)
                    {
                        DropNulls(item, items);
                    }
                }

                break;
        }
    }
}

/// <summary>Built-in kinds are decoded into typed fields: a value of the wrong type is refused before anything else is looked at.</summary>
internal static class TypeCheck
{
    /// <summary>Refuses the first value whose type is not the declared one.</summary>
    public static void Require(KindDefinition kind, JsonObject obj)
    {
        if (Fault(obj, kind.Schema, "") is { } fault)
        {
            throw Refusals.BadRequest(
                $"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: json: cannot unmarshal {fault.Actual} into Go struct field {kind.Kind}.{fault.Path} of type {fault.Wanted}");
        }
    }

    private static (string Path, string Actual, string Wanted)? Fault(JsonNode? node, Schema schema, string path)
    {
        if (node is null)
        {
            return null;
        }

        if (schema.IntOrString)
        {
            return node.GetValueKind() is JsonValueKind.Number or JsonValueKind.String ? null : (path, Name(node), "intstr.IntOrString");
        }

        switch (schema.Type)
        {
            case "object":
                return node is JsonObject obj ? FieldFault(obj, schema, path) : (path, Name(node), "map");
            case "array":
                if (node is not JsonArray array)
                {
                    return (path, Name(node), "slice");
                }

                return schema.Items is null ? null : array.Select(item => Fault(item, schema.Items, path)).FirstOrDefault(fault => fault is not null);
            case "string" when schema.Format == "quantity":
                return node.GetValueKind() is JsonValueKind.String or JsonValueKind.Number ? null : (path, Name(node), "resource.Quantity");
            case "string":
                return node.GetValueKind() == JsonValueKind.String ? null : (path, Name(node), "string");
            case "boolean":
                return node.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? null : (path, Name(node), "bool");
            case "integer":
                return node.Integer() is { } number && (schema.Format != "int32" || number is >= int.MinValue and <= int.MaxValue)
                    ? null
                    : (path, node.GetValueKind() == JsonValueKind.Number ? $"number {node.ToJsonString()}" : Name(node), schema.Format ?? "int64");
            case "number":
                return node.GetValueKind() == JsonValueKind.Number ? null : (path, Name(node), "float64");
            default:
                return null;
        }
    }

    private static (string Path, string Actual, string Wanted)? FieldFault(JsonObject obj, Schema schema, string path)
    {
        foreach (var (name, value) in obj)
        {
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } declared
                && Fault(value, declared, path.Length == 0 ? name : $"{path}.{name}") is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static string Name(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        _ => "bool",
    };
}
