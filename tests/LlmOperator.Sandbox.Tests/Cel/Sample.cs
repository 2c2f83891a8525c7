using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Tests.Cel;

/// <summary>A schema with a field of every kind, and an object of it.</summary>
internal static class Sample
{
    public static JsonObject SchemaJson => JsonNode.Parse(
        """
        {"type": "object", "properties": {
          "name": {"type": "string", "maxLength": 10}, "missing": {"type": "string"}, "count": {"type": "integer"}, "ratio": {"type": "number"},
          "flag": {"type": "boolean"}, "labels": {"type": "object", "maxProperties": 10, "additionalProperties": {"type": "string", "maxLength": 10}},
          "nested": {"type": "object", "properties": {"inner": {"type": "integer"}}},
          "items": {"type": "array", "maxItems": 20, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"], "items": {"type": "object",
            "required": ["key"], "properties": {"key": {"type": "string", "maxLength": 5}, "value": {"type": "integer"}}}},
          "others": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}, "value": {"type": "integer"}}}},
          "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
          "texts": {"type": "array", "items": {"type": "string"}},
          "port": {"x-kubernetes-int-or-string": true}, "started": {"type": "string", "format": "date-time"}, "wait": {"type": "string", "format": "duration"},
          "blob": {"type": "string", "format": "byte"}, "maybe": {"type": "string", "nullable": true},
          "x-y": {"type": "integer"}, "namespace": {"type": "string"}, "a.b": {"type": "integer"}, "open": {"x-kubernetes-preserve-unknown-fields": true}
        }}
        """)!.AsObject();

    public static Schema Schema => SchemaReader.Read(SchemaJson);

    public static JsonObject Object => JsonNode.Parse(
        """
        {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "root"},
         "name": "a", "count": 3, "ratio": 2, "flag": true, "labels": {"tier": "web"}, "nested": {}, "items": [{"key": "k", "value": 1}, {"key": "l", "value": 2}],
         "others": [{"key": "k", "value": 7}], "tags": ["a", "b"], "texts": [], "port": "80%", "started": "2024-01-01T00:00:00Z", "wait": "5m", "blob": "aGk=", "maybe": null,
         "x-y": 1, "namespace": "n", "a.b": 2, "open": {"x": 1}}
        """)!.AsObject();
}
