using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Discovery;

/// <summary>Writes schemas as OpenAPI components: a named type once, by reference wherever it is used.</summary>
internal sealed class OpenApiSchemas(Utf8JsonWriter writer, Schema objectMeta, Schema listMeta)
{
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private readonly Queue<Schema> _referenced = new();

    /// <summary>Component name of a kind: its type's, or the reversed group with version and kind.</summary>
    public static string NameOf(KindDefinition kind) => kind.Schema.TypeName
        ?? string.Join('.', kind.Group.Split('.', StringSplitOptions.RemoveEmptyEntries).Reverse().Append(kind.Version).Append(kind.Kind));

    /// <summary>Reference to a component.</summary>
    public static string Reference(string name) => $"#/components/schemas/{name}";

    /// <summary>Writes a kind and its list.</summary>
    public void WriteKind(KindDefinition kind)
    {
        var name = NameOf(kind);
        if (!_written.Add(name))
        {
            return;
        }

        writer.WriteStartObject(name);
        Body(kind.Schema, kind);
        TypeExtension(kind, kind.Kind);
        writer.WriteEndObject();
        if (kind.Verbs.Contains("list"))
        {
            WriteList(kind, name);
        }
    }

    /// <summary>Writes the types that others referred to, until none is left.</summary>
    public void WriteReferenced()
    {
        while (_referenced.TryDequeue(out var schema))
        {
            writer.WriteStartObject(schema.TypeName!);
            Body(schema, null);
            writer.WriteEndObject();
        }
    }

    private void WriteList(KindDefinition kind, string name)
    {
        writer.WriteStartObject(name + "List");
        writer.WriteString("description", $"{kind.ListKind} is a list of {kind.Kind}.");
        writer.WriteString("type", "object");
        writer.WriteStartArray("required");
        writer.WriteStringValue("items");
        writer.WriteEndArray();
        writer.WriteStartObject("properties");
        Text("apiVersion");
        writer.WriteStartObject("items");
        writer.WriteString("type", "array");
        writer.WriteStartObject("items");
        writer.WriteString("$ref", Reference(name));
        writer.WriteEndObject();
        writer.WriteEndObject();
        Text("kind");
        writer.WritePropertyName("metadata");
        Value(listMeta);
        writer.WriteEndObject();
        TypeExtension(kind, kind.ListKind);
        writer.WriteEndObject();
    }

    private void Text(string name)
    {
        writer.WriteStartObject(name);
        writer.WriteString("type", "string");
        writer.WriteEndObject();
    }

    private void TypeExtension(KindDefinition kind, string name)
    {
        writer.WriteStartArray("x-kubernetes-group-version-kind");
        writer.WriteStartObject();
        writer.WriteString("group", kind.Group);
        writer.WriteString("version", kind.Version);
        writer.WriteString("kind", name);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void Value(Schema schema)
    {
        writer.WriteStartObject();
        if (schema.TypeName is { } name)
        {
            // A field may add a description and a default to its type; the component is the type without them.
            var type = BuiltinKinds.Types.GetValueOrDefault(name, schema);
            var described = !ReferenceEquals(type, schema) && schema.Description != type.Description;
            if (_written.Add(name))
            {
                _referenced.Enqueue(type);
            }

            if (schema.Default is null && !described)
            {
                writer.WriteString("$ref", Reference(name));
            }
            else
            {
                Optional("description", described ? schema.Description : null);
                writer.WriteStartArray("allOf");
                writer.WriteStartObject();
                writer.WriteString("$ref", Reference(name));
                writer.WriteEndObject();
                writer.WriteEndArray();
                Node("default", schema.Default);
            }
        }
        else
        {
            Body(schema, null);
        }

        writer.WriteEndObject();
    }

    private void Body(Schema schema, KindDefinition? root)
    {
        Optional("title", schema.Title);
        Optional("description", schema.Description);
        if (schema.IntOrString)
        {
            writer.WriteString("format", "int-or-string");
            writer.WriteBoolean("x-kubernetes-int-or-string", true);
            writer.WriteStartArray("oneOf");
            foreach (var type in (ReadOnlySpan<string>)["integer", "string"])
            {
                writer.WriteStartObject();
                writer.WriteString("type", type);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
        else
        {
            Optional("type", schema.Type);
            Optional("format", schema.Format == "quantity" ? null : schema.Format);
        }

        Node("default", schema.Default);
        Properties(schema, root);
        Texts("required", schema.Required);
        Child("items", schema.Items);
        Child("additionalProperties", schema.AdditionalProperties);
        Limits(schema);
        Combinations(schema);
        Extensions(schema);
    }

    private void Properties(Schema schema, KindDefinition? root)
    {
        if (schema.Properties.Count == 0)
        {
            return;
        }

        writer.WriteStartObject("properties");
        foreach (var (name, property) in schema.Properties)
        {
            writer.WritePropertyName(name);
            Value(root is not null && name == "metadata" && property.TypeName is null ? objectMeta : property);
        }

        if (root is { Custom: true } && !schema.Properties.ContainsKey("metadata"))
        {
            writer.WritePropertyName("metadata");
            Value(objectMeta);
        }

        writer.WriteEndObject();
    }

    private void Limits(Schema schema)
    {
        if (schema.Enum is { } values)
        {
            writer.WriteStartArray("enum");
            foreach (var value in values)
            {
                Raw(value);
            }

            writer.WriteEndArray();
        }

        Optional("pattern", schema.Pattern);
        Number("minimum", schema.Minimum);
        Flag("exclusiveMinimum", schema.ExclusiveMinimum);
        Number("maximum", schema.Maximum);
        Flag("exclusiveMaximum", schema.ExclusiveMaximum);
        Number("multipleOf", schema.MultipleOf);
        Number("minLength", schema.MinLength);
        Number("maxLength", schema.MaxLength);
        Number("minItems", schema.MinItems);
        Number("maxItems", schema.MaxItems);
        Number("minProperties", schema.MinProperties);
        Number("maxProperties", schema.MaxProperties);
        Flag("uniqueItems", schema.UniqueItems);
        Flag("nullable", schema.Nullable);
    }

    private void Combinations(Schema schema)
    {
        Children("allOf", schema.AllOf);
        Children("anyOf", schema.AnyOf);
        if (!schema.IntOrString)
        {
            Children("oneOf", schema.OneOf);
        }

        Child("not", schema.Not);
    }

    private void Extensions(Schema schema)
    {
        Flag("x-kubernetes-preserve-unknown-fields", schema.PreserveUnknownFields);
        Flag("x-kubernetes-embedded-resource", schema.EmbeddedResource);
        if (schema.ListTypeDeclared)
        {
            writer.WriteString("x-kubernetes-list-type", schema.ListType.ToString().ToLowerInvariant());
        }

        Texts("x-kubernetes-list-map-keys", schema.ListMapKeys ?? []);
        if (schema.AtomicMap)
        {
            writer.WriteString("x-kubernetes-map-type", "atomic");
        }

        Optional("x-kubernetes-patch-merge-key", schema.PatchMergeKey);
        Optional("x-kubernetes-patch-strategy", schema.PatchStrategy);
        Node("x-kubernetes-validations", schema.Validations);
    }

    private void Child(string name, Schema? schema)
    {
        if (schema is not null)
        {
            writer.WritePropertyName(name);
            Value(schema);
        }
    }

    private void Children(string name, List<Schema>? schemas)
    {
        if (schemas is not { Count: > 0 })
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var schema in schemas)
        {
            Value(schema);
        }

        writer.WriteEndArray();
    }

    private void Texts(string name, List<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private void Optional(string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            writer.WriteString(name, text);
        }
    }

    private void Flag(string name, bool value)
    {
        if (value)
        {
            writer.WriteBoolean(name, true);
        }
    }

    private void Number(string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    private void Node(string name, JsonNode? node)
    {
        if (node is not null)
        {
            writer.WritePropertyName(name);
            node.WriteTo(writer);
        }
    }

    private void Raw(JsonNode? node)
    {
        if (node is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            node.WriteTo(writer);
        }
    }
}
