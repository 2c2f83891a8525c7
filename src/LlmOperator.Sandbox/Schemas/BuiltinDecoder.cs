using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// Built-in kinds are decoded into typed fields before anything else happens to them: a value of the wrong type refuses the
/// whole request, null means absent, and some scalars are written back in one form (a quantity given as a number becomes a string).
/// </summary>
internal static class BuiltinDecoder
{
    /// <summary>Brings an object into its declared types, in place.</summary>
    /// <param name="kind">Kind, for the message.</param>
    /// <param name="obj">The object.</param>
    /// <param name="schema">Its schema.</param>
    /// <returns>Null, or why it cannot be decoded: <c>json: cannot unmarshal number into Go struct field ConfigMap.data of type string</c>.</returns>
    public static string? Decode(string kind, JsonObject obj, Schema schema) => Fields(obj, schema, new Context(kind, ""));

    /// <summary>Required fields and enumerations of a built-in kind, in the built-in kinds' words; what else they demand is in their behaviour.</summary>
    public static void Validate(JsonNode? node, Schema schema, FieldErrors errors, string path = "")
    {
        switch (node)
        {
            case JsonObject obj:
                foreach (var name in schema.Required)
                {
                    if (!obj.TryGetPropertyValue(name, out var value) || value is null)
                    {
                        errors.Required(Join(path, name));
                    }
                }

                foreach (var (name, value) in obj)
                {
                    if (schema.Properties.TryGetValue(name, out var property))
                    {
                        Validate(value, property, errors, Join(path, name));
                    }
                    else if (schema.AdditionalProperties is { } values && value is JsonObject or JsonArray)
                    {
                        Validate(value, values, errors, $"{path}[{name}]");
                    }
                }

                break;
            case JsonArray array when schema.Items is { } items:
                for (var index = 0; index < array.Count; index++)
                {
                    Validate(array[index], items, errors, $"{path}[{index}]");
                }

                break;
            case JsonValue value when schema.Enum is { } allowed && !allowed.Exists(candidate => JsonNode.DeepEquals(candidate, value)):
                errors.NotSupported(path, JsonScalars.Quote(value), allowed.Select(candidate => JsonScalars.TryString(candidate, out var word) ? word : candidate?.ToJsonString() ?? ""));
                break;
        }
    }

    private static string? Fields(JsonObject obj, Schema schema, Context context)
    {
        List<(string Name, JsonNode? Value)>? changes = null;
        foreach (var (name, value) in obj)
        {
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is not { } declared)
            {
                continue;
            }

            if (value is null)
            {
                if (!declared.Nullable && !IsAny(declared))
                {
                    (changes ??= []).Add((name, null));
                }

                continue;
            }

            var inMap = !schema.Properties.ContainsKey(name);
            var next = inMap ? context : context.In(name);
            if (Coerce(value, declared, next, out var replacement) is { } fault)
            {
                return fault;
            }

            if (replacement is not null)
            {
                (changes ??= []).Add((name, replacement));
            }
        }

        foreach (var (name, value) in changes ?? [])
        {
            if (value is null)
            {
                obj.Remove(name);
            }
            else
            {
                obj[name] = value;
            }
        }

        return null;
    }

    private static string? Coerce(JsonNode node, Schema schema, Context context, out JsonNode? replacement)
    {
        replacement = null;
        var kind = node.GetValueKind();
        if (schema.IntOrString)
        {
            return kind is JsonValueKind.String || JsonScalars.TryInteger(node, out var value) && value is >= int.MinValue and <= int.MaxValue
                ? null
                : kind == JsonValueKind.Number ? context.Fault(Describe(node), "int32") : context.Fault(Describe(node), "intstr.IntOrString");
        }

        switch (schema.Type)
        {
            case "object":
                return node is JsonObject obj ? Fields(obj, schema, context) : context.Fault(Describe(node), schema.AdditionalProperties is { } values ? $"map[string]{GoType(values)}" : GoType(schema));
            case "array":
                if (node is not JsonArray array)
                {
                    return context.Fault(Describe(node), $"[]{(schema.Items is null ? "interface {}" : GoType(schema.Items))}");
                }

                return Items(array, schema, context);
            case "string" when schema.Format == "quantity":
                return Quantity(node, context, ref replacement);
            case "string":
                if (kind != JsonValueKind.String)
                {
                    return context.Fault(Describe(node), "string");
                }

                return schema.Format is "date-time" or "micro-time" && JsonScalars.TryString(node, out var time) && time.Length > 0 && !Formats.IsDateTime(time)
                    ? $"parsing time {JsonScalars.Quote(time)} as \"2006-01-02T15:04:05Z07:00\": cannot parse {JsonScalars.Quote(time)} as \"2006\""
                    : null;
            case "boolean":
                return kind is JsonValueKind.True or JsonValueKind.False ? null : context.Fault(Describe(node), "bool");
            case "integer":
                var type = schema.Format == "int32" ? "int32" : "int64";
                if (kind != JsonValueKind.Number)
                {
                    return context.Fault(Describe(node), type);
                }

                return JsonScalars.TryInteger(node, out var integer) && (type == "int64" || integer is >= int.MinValue and <= int.MaxValue)
                    ? null
                    : context.Fault($"number {JsonScalars.Quote(node)}", type);
            case "number":
                return kind == JsonValueKind.Number ? null : context.Fault(Describe(node), "float64");
            default:
                return null;
        }
    }

    private static string? Items(JsonArray array, Schema schema, Context context)
    {
        if (schema.Items is not { } items)
        {
            return null;
        }

        for (var index = 0; index < array.Count; index++)
        {
            if (array[index] is not { } item)
            {
                continue;
            }

            if (Coerce(item, items, context, out var replacement) is { } fault)
            {
                return fault;
            }

            if (replacement is not null)
            {
                array[index] = replacement;
            }
        }

        return null;
    }

    private static string? Quantity(JsonNode node, Context context, ref JsonNode? replacement)
    {
        switch (node.GetValueKind())
        {
            case JsonValueKind.Number:
                replacement = JsonValue.Create(JsonScalars.TryInteger(node, out var integer)
                    ? integer.ToString(CultureInfo.InvariantCulture)
                    : JsonScalars.Quote(node));
                return null;
            case JsonValueKind.String:
                return null;
            default:
                return context.Fault(Describe(node), "resource.Quantity");
        }
    }

    /// <summary>A schema that says nothing of its value.</summary>
    private static bool IsAny(Schema schema) => schema is { Type: null, IntOrString: false };

    private static string GoType(Schema schema) => schema switch
    {
        { TypeName: { } name } => name[(name.LastIndexOf('.', name.LastIndexOf('.') - 1) + 1)..],
        { Type: "string" } => "string",
        { Type: "boolean" } => "bool",
        { Type: "integer" } => schema.Format ?? "int64",
        { Type: "number" } => "float64",
        { Type: "array", Items: { } items } => $"[]{GoType(items)}",
        { Type: "object", AdditionalProperties: { } values } => $"map[string]{GoType(values)}",
        _ => "struct",
    };

    private static string Describe(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        _ => "bool",
    };

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Where the decoder is; Go names the kind and the path of struct fields, without list indexes and map keys.</summary>
    private readonly record struct Context(string Kind, string Path)
    {
        public Context In(string name) => this with { Path = Join(Path, name) };

        public string Fault(string actual, string wanted) => $"json: cannot unmarshal {actual} into Go struct field {Kind}.{Path} of type {wanted}";
    }
}
