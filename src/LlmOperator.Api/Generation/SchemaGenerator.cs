using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Generation;

/// <summary>Makes a structural OpenAPI v3 schema of a C# type: its shape from the type, its rules from the attributes, its texts from the documentation.</summary>
[RequiresUnreferencedCode("Walks the types by reflection.")]
internal sealed class SchemaGenerator(XmlDocumentation documentation)
{
    /// <summary>Schema of a whole object. The API server itself knows apiVersion, kind and metadata.</summary>
    public JsonObject Root(Type type)
    {
        var schema = ObjectSchema(type, property => property.Name is "Spec" or "Status");
        var properties = (JsonObject)schema["properties"]!;
        properties.Insert(0, "metadata", new JsonObject { ["type"] = "object" });
        properties.Insert(0, "kind", Text("Kind of the object, in CamelCase. It cannot be changed."));
        properties.Insert(0, "apiVersion", Text("Group and version of the API the object is written in."));
        return Described(documentation.Of(type), schema);
    }

    private static JsonObject Text(string description) => new() { ["description"] = description, ["type"] = "string" };

    private JsonObject Property(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var schema = TypeSchema(type, property);
        var element = schema["items"] as JsonObject ?? schema["additionalProperties"] as JsonObject;
        Constrain(element ?? schema, property);
        if (property.GetCustomAttribute<CountAttribute>() is { } count)
        {
            var (least, most) = schema.ContainsKey("items") ? ("minItems", "maxItems") : ("minProperties", "maxProperties");
            schema[most] = count.Maximum;
            if (count.Minimum > 0)
            {
                schema[least] = count.Minimum;
            }
        }

        if (property.GetCustomAttribute<DefaultAttribute>() is { } value)
        {
            schema["default"] = Literal(value.Value);
        }

        AddRules(schema, property.GetCustomAttributes<RuleAttribute>());
        return Described(documentation.Of(property), schema);
    }

    private JsonObject TypeSchema(Type type, PropertyInfo property)
    {
        if (type == typeof(IntOrString))
        {
            return IntOrStringSchema(null);
        }

        if (type == typeof(Quantity))
        {
            return IntOrStringSchema(Patterns.Quantity);
        }

        if (type == typeof(ParameterCount))
        {
            return IntOrStringSchema(Patterns.ParameterCount);
        }

        if (type == typeof(JsonElement))
        {
            return new() { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true };
        }

        if (type == typeof(Condition))
        {
            return ConditionSchema.Create();
        }

        if (Scalar(type) is var (name, format) && name is not null)
        {
            var schema = new JsonObject { ["type"] = name };
            if (format is not null)
            {
                schema["format"] = format;
            }

            return schema;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            return new() { ["type"] = "object", ["additionalProperties"] = TypeSchema(type.GetGenericArguments()[1], property) };
        }

        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)
            ? ListSchema(type.GetGenericArguments()[0], property)
            : ObjectSchema(type, _ => true);
    }

    private JsonObject ListSchema(Type element, PropertyInfo property)
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = TypeSchema(element, property) };
        if (property.GetCustomAttribute<ListMapAttribute>() is { } map)
        {
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. map.Keys.Select(key => (JsonNode)key)]);
            schema["x-kubernetes-list-type"] = "map";
        }
        else
        {
            schema["x-kubernetes-list-type"] = property.IsDefined(typeof(ListSetAttribute)) ? "set" : "atomic";
        }

        return schema;
    }

    private JsonObject ObjectSchema(Type type, Func<PropertyInfo, bool> include)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetMethod is not null && include(property))
            .OrderBy(FieldName, StringComparer.Ordinal)
            .ToList();
        var required = properties
            .Where(property => property.IsDefined(typeof(RequiredMemberAttribute)) || property.IsDefined(typeof(RequiredFieldAttribute)))
            .Select(property => (JsonNode)FieldName(property))
            .ToArray();
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(properties.Select(property => KeyValuePair.Create(FieldName(property), (JsonNode?)Property(property)))),
        };
        if (required.Length > 0)
        {
            schema["required"] = new JsonArray(required);
        }

        AddRules(schema, type.GetCustomAttributes<RuleAttribute>());
        return schema;
    }

    private static void Constrain(JsonObject schema, PropertyInfo property)
    {
        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
        {
            schema["enum"] = new JsonArray([.. allowed.Values.Select(value => (JsonNode)value)]);
        }

        if (property.GetCustomAttribute<PatternAttribute>() is { } pattern)
        {
            schema["pattern"] = pattern.Expression;
        }

        if (property.GetCustomAttribute<LengthAttribute>() is { } length)
        {
            schema["maxLength"] = length.Maximum;
            if (length.Minimum > 0)
            {
                schema["minLength"] = length.Minimum;
            }
        }

        if (property.GetCustomAttribute<BoundsAttribute>() is { } bounds)
        {
            schema["minimum"] = Number(bounds.Minimum);
            if (!double.IsNaN(bounds.Maximum))
            {
                schema["maximum"] = Number(bounds.Maximum);
            }
        }
    }

    private static void AddRules(JsonObject schema, IEnumerable<RuleAttribute> rules)
    {
        var nodes = rules.Select(rule =>
        {
            var node = new JsonObject { ["rule"] = rule.Expression, ["message"] = rule.Message };
            if (rule.FieldPath is not null)
            {
                node["fieldPath"] = rule.FieldPath;
            }

            return (JsonNode)node;
        }).ToArray();
        if (nodes.Length == 0)
        {
            return;
        }

        var list = schema["x-kubernetes-validations"] as JsonArray ?? [];
        foreach (var node in nodes)
        {
            list.Add(node);
        }

        schema["x-kubernetes-validations"] = list;
    }

    private static JsonObject IntOrStringSchema(string? pattern)
    {
        var schema = new JsonObject
        {
            ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }),
            ["x-kubernetes-int-or-string"] = true,
        };
        if (pattern is not null)
        {
            schema["pattern"] = pattern;
        }

        return schema;
    }

    private static JsonObject Described(string? description, JsonObject schema)
    {
        if (description is not null)
        {
            schema.Insert(0, "description", description);
        }

        return schema;
    }

    private static (string? Type, string? Format) Scalar(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => ("string", null),
        TypeCode.Boolean => ("boolean", null),
        TypeCode.Int32 => ("integer", "int32"),
        TypeCode.Int64 => ("integer", "int64"),
        TypeCode.Double => ("number", "double"),
        _ when type == typeof(DateTimeOffset) => ("string", "date-time"),
        _ => (null, null),
    };

    private static JsonNode Literal(object value) => value switch
    {
        string text => text,
        bool flag => flag,
        int number => number,
        double number => Number(number),
        _ => throw new InvalidOperationException($"no JSON literal for a default of type {value.GetType()}"),
    };

    private static JsonNode Number(double value) =>
        JsonNode.Parse(((decimal)value).ToString(CultureInfo.InvariantCulture))!;

    private static string FieldName(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
