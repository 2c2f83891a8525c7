using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Cel;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// What makes a definition's schema structural: every level has its type outside of <c>allOf</c>, <c>anyOf</c>, <c>oneOf</c> and
/// <c>not</c>, the Kubernetes extensions fit together, and defaults are valid. Works on the JSON as written, since absence matters.
/// </summary>
internal sealed class StructuralSchemaRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    private static readonly string[] Unsupported = ["$ref", "additionalItems", "definitions", "dependencies", "id", "patternProperties"];

    private static readonly string[] NotAtRootWithStatus =
        ["additionalProperties", "allOf", "anyOf", "default", "enum", "maxProperties", "minProperties", "not", "nullable", "oneOf", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type"];

    private readonly FieldErrors _errors;

    private StructuralSchemaRules(FieldErrors errors) => _errors = errors;

    private enum Level
    {
        Root,
        Item,
        Field,
    }

    /// <summary>Checks the schema of a version.</summary>
    /// <param name="schema">The <c>openAPIV3Schema</c>.</param>
    /// <param name="path">Its path.</param>
    /// <param name="statusSubresource">Whether status is a subresource, which limits what the root may say.</param>
    /// <param name="errors">Where breaches go.</param>
    public static void Validate(JsonObject schema, string path, bool statusSubresource, FieldErrors errors)
    {
        if (statusSubresource && Text(schema, "type") is { Length: > 0 } type && type != "object")
        {
            errors.Invalid($"{path}.type", JsonScalars.Quote(type), "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled");
        }
        else if (statusSubresource && Array.Find(NotAtRootWithStatus, schema.ContainsKey) is { } field)
        {
            errors.Invalid(path, JsonScalars.Quote(schema), $"{field} is not allowed at the root of the schema if the status subresource is enabled");
        }

        var before = errors.All.Count;
        var rules = new StructuralSchemaRules(errors);
        rules.Structure(schema, Level.Root, path);
        if (errors.All.Count == before)
        {
            var read = SchemaReader.Read(schema);
            DefaultRules.Check(schema, read, path, errors);
            if (errors.All.Count == before)
            {
                CelDefinitionChecks.Check(read, path, errors);
            }
        }
    }

    private void Structure(JsonObject schema, Level level, string path)
    {
        Keywords(schema, path);
        var type = Text(schema, "type");
        var intOrString = Flag(schema, "x-kubernetes-int-or-string");
        var preserve = Flag(schema, "x-kubernetes-preserve-unknown-fields");
        var embedded = Flag(schema, "x-kubernetes-embedded-resource");
        if (type.Length > 0 && !Types.Contains(type))
        {
            _errors.NotSupported($"{path}.type", JsonScalars.Quote(type), Types);
        }

        if (embedded && type != "object")
        {
            if (type.Length == 0)
            {
                _errors.Required($"{path}.type", "must be object if x-kubernetes-embedded-resource is true");
            }
            else
            {
                Invalid($"{path}.type", type, "must be object if x-kubernetes-embedded-resource is true");
            }
        }
        else if (type.Length == 0 && !intOrString && !preserve)
        {
            _errors.Required($"{path}.type", level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            });
        }

        if (level == Level.Root && type.Length > 0 && type != "object")
        {
            Invalid($"{path}.type", type, "must be object at the root");
        }

        Extensions(schema, type, intOrString, preserve, embedded, path);
        ListTypes(schema, type, path);
        Children(schema, level, path);
        Metadata(schema, level, embedded, path);
        JunctorRules.Check(schema, path, intOrString, _errors);
    }

    private void Keywords(JsonObject schema, string path)
    {
        foreach (var name in Unsupported)
        {
            if (schema.ContainsKey(name))
            {
                _errors.Forbidden($"{path}.{name}", $"{name} is not supported");
            }
        }

        if (Flag(schema, "uniqueItems"))
        {
            _errors.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }

        if (schema["items"] is JsonArray)
        {
            _errors.Forbidden($"{path}.items", "items must be a schema object and not an array");
        }

        var pattern = Text(schema, "pattern");
        if (pattern.Length > 0 && !Patterns.IsValid(pattern))
        {
            Invalid($"{path}.pattern", pattern, "must be a valid regular expression");
        }

        CelRuleChecks.Check(schema, path, _errors);
    }

    private void Extensions(JsonObject schema, string type, bool intOrString, bool preserve, bool embedded, string path)
    {
        if (intOrString)
        {
            if (type.Length > 0)
            {
                Invalid($"{path}.type", type, "must be empty if x-kubernetes-int-or-string is true");
            }

            foreach (var name in (ReadOnlySpan<string>)["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"])
            {
                if (Flag(schema, name))
                {
                    _errors.Invalid($"{path}.{name}", "true", "must be false if x-kubernetes-int-or-string is true");
                }
            }
        }

        if (preserve && type.Length > 0 && type != "object")
        {
            Invalid($"{path}.type", type, "must be object if x-kubernetes-preserve-unknown-fields is true");
        }
        else if (schema.ContainsKey("x-kubernetes-preserve-unknown-fields") && !preserve)
        {
            _errors.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", "false", "must be true or undefined");
        }

        if (embedded && schema.ContainsKey("additionalProperties"))
        {
            _errors.Forbidden($"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set");
        }

        if (embedded && !preserve && schema["properties"] is not JsonObject { Count: > 0 })
        {
            _errors.Required($"{path}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
        }

        var mapType = Text(schema, "x-kubernetes-map-type");
        if (mapType.Length > 0 && mapType is not ("atomic" or "granular"))
        {
            _errors.NotSupported($"{path}.x-kubernetes-map-type", JsonScalars.Quote(mapType), ["atomic", "granular"]);
        }

        if (mapType.Length > 0 && type != "object")
        {
            TypeMustBe(path, type, "object if x-kubernetes-map-type is specified");
        }
    }

    private void ListTypes(JsonObject schema, string type, string path)
    {
        var listType = Text(schema, "x-kubernetes-list-type");
        var keys = (schema["x-kubernetes-list-map-keys"] as JsonArray ?? []).Select(key => JsonScalars.TryString(key, out var text) ? text : "").ToList();
        if (keys.Count > 0 && listType != "map")
        {
            if (listType.Length == 0)
            {
                _errors.Required($"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty");
            }
            else
            {
                Invalid($"{path}.x-kubernetes-list-type", listType, "must be map if x-kubernetes-list-map-keys is non-empty");
            }
        }

        if (listType.Length == 0)
        {
            return;
        }

        if (listType is not ("atomic" or "set" or "map"))
        {
            _errors.NotSupported($"{path}.x-kubernetes-list-type", JsonScalars.Quote(listType), ["atomic", "map", "set"]);
        }

        if (type != "array")
        {
            TypeMustBe(path, type, "array if x-kubernetes-list-type is specified");
            return;
        }

        var items = schema["items"] as JsonObject;
        if (listType == "set" && items is not null)
        {
            SetItems(items, path);
        }
        else if (listType == "map")
        {
            MapItems(items, keys, path);
        }
    }

    private void SetItems(JsonObject items, string path)
    {
        if (Flag(items, "nullable"))
        {
            _errors.Forbidden($"{path}.items.nullable", "cannot be nullable when x-kubernetes-list-type is set");
        }

        switch (Text(items, "type"))
        {
            case "object" when Text(items, "x-kubernetes-map-type") != "atomic":
                MustBeAtomic(items, "x-kubernetes-map-type", path);
                break;
            case "array" when Text(items, "x-kubernetes-list-type") is not ("" or "atomic"):
                MustBeAtomic(items, "x-kubernetes-list-type", path);
                break;
        }
    }

    private void MustBeAtomic(JsonObject items, string field, string path)
    {
        const string Detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        if (items.ContainsKey(field))
        {
            Invalid($"{path}.items.{field}", Text(items, field), Detail);
        }
        else
        {
            _errors.Required($"{path}.items.{field}", Detail);
        }
    }

    private void MapItems(JsonObject? items, List<string> keys, string path)
    {
        if (keys.Count == 0)
        {
            _errors.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        }

        if (items is null)
        {
            _errors.Required($"{path}.items", "must have a schema if x-kubernetes-list-type is map");
            return;
        }

        if (Text(items, "type") is var type && type != "object")
        {
            Invalid($"{path}.items.type", type, "must be object if parent array's x-kubernetes-list-type is map");
        }

        var required = (items["required"] as JsonArray ?? []).Select(name => JsonScalars.TryString(name, out var text) ? text : "").ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (!seen.Add(key))
            {
                Invalid($"{path}.x-kubernetes-list-map-keys", key, "must not contain duplicate entries");
                continue;
            }

            if (items["properties"]?[key] is not JsonObject property)
            {
                Invalid($"{path}.x-kubernetes-list-map-keys", key, "entries must all be names of item properties");
                continue;
            }

            var at = $"{path}.items.properties[{key}]";
            if (Text(property, "type") is ("object" or "array") and var keyType)
            {
                Invalid($"{at}.type", keyType, "must be a scalar type if parent array's x-kubernetes-list-type is map");
            }

            if (Flag(property, "nullable"))
            {
                _errors.Forbidden($"{at}.nullable", "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
            }

            if (property["default"] is null && !required.Contains(key))
            {
                _errors.Required($"{at}.default", "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            }
        }
    }

    private void Children(JsonObject schema, Level level, string path)
    {
        if (Text(schema, "type") == "array" && schema["items"] is not JsonObject)
        {
            _errors.Required($"{path}.items", "must be specified");
        }

        if (schema["items"] is JsonObject items)
        {
            Structure(items, Level.Item, $"{path}.items");
        }

        var properties = schema["properties"] as JsonObject ?? [];
        foreach (var (name, property) in properties)
        {
            // What the metadata of the root may say is limited to less than a structural schema.
            if (property is JsonObject fields && !(level == Level.Root && name == "metadata"))
            {
                Structure(fields, Level.Field, $"{path}.properties[{name}]");
            }
        }

        if (schema["additionalProperties"] is not { } additional)
        {
            return;
        }

        if (level == Level.Root)
        {
            _errors.Forbidden($"{path}.additionalProperties", "must not be used at the root");
        }

        if (properties.Count > 0 && !(JsonScalars.TryBoolean(additional, out var allowed) && allowed))
        {
            _errors.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        }

        if (additional is JsonObject values)
        {
            Structure(values, Level.Field, $"{path}.additionalProperties");
        }
    }

    private void Metadata(JsonObject schema, Level level, bool embedded, string path)
    {
        if ((level != Level.Root && !embedded) || schema["properties"] is not JsonObject properties)
        {
            return;
        }

        foreach (var name in (ReadOnlySpan<string>)["kind", "apiVersion"])
        {
            if (properties[name] is JsonObject property && Text(property, "type") is var type && type != "string")
            {
                Invalid($"{path}.properties[{name}].type", type, "must be string");
            }
        }

        if (properties["metadata"] is not JsonObject metadata)
        {
            return;
        }

        var at = $"{path}.properties[metadata]";
        if (Text(metadata, "type") is var metadataType && metadataType != "object")
        {
            Invalid($"{at}.type", metadataType, "must be object");
        }

        var narrowed = metadata["properties"] as JsonObject ?? [];
        var more = metadata.Any(field => field.Key is not ("type" or "description" or "title" or "properties" or "required"));
        if (level == Level.Root && (more || narrowed.Any(field => field.Key is not ("name" or "generateName"))))
        {
            _errors.Forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified");
        }
    }

    private void TypeMustBe(string path, string type, string wanted)
    {
        if (type.Length == 0)
        {
            _errors.Required($"{path}.type", $"must be {wanted}");
        }
        else
        {
            Invalid($"{path}.type", type, $"must be {wanted}");
        }
    }

    private void Invalid(string path, string value, string detail) => _errors.Invalid(path, JsonScalars.Quote(value), detail);

    private static string Text(JsonObject schema, string name) => JsonScalars.TryString(schema[name], out var text) ? text : "";

    private static bool Flag(JsonObject schema, string name) => JsonScalars.TryBoolean(schema[name], out var flag) && flag;
}
