using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Schemas;

/// <summary>The custom kind of the conformance recordings, and the writes a server makes with it, without a server.</summary>
internal static class Widgets
{
    public const string ApiVersion = "conformance.example.com/v1";

    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static JsonObject OpenApi { get; } = Json("""
        {"type":"object","required":["spec"],"properties":{
         "spec":{"type":"object","required":["size"],"properties":{
          "size":{"type":"integer","format":"int32","minimum":1,"maximum":100},
          "mode":{"type":"string","enum":["fast","safe"],"default":"safe"},
          "replicas":{"type":"integer","format":"int32","minimum":0,"default":1},
          "title":{"type":"string","minLength":1,"maxLength":20,"pattern":"^[a-z ]+$"},
          "ratio":{"type":"number","minimum":0,"exclusiveMinimum":true,"multipleOf":0.5},
          "port":{"x-kubernetes-int-or-string":true},
          "nick":{"type":"string","nullable":true},
          "when":{"type":"string","format":"date-time"},
          "tags":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set","maxItems":4},
          "steps":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{
            "name":{"type":"string"},"weight":{"type":"integer","default":10},
            "args":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"atomic"}}}},
          "labels":{"type":"object","additionalProperties":{"type":"string"},"maxProperties":3},
          "blob":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
          "pair":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"a":{"type":"string"},"b":{"type":"string"}}},
          "limits":{"type":"object","default":{},"properties":{"min":{"type":"integer","default":1},"max":{"type":"integer","default":5}}},
          "choice":{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"string"}},"oneOf":[{"required":["x"]},{"required":["y"]}]}}},
         "status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"},"note":{"type":"string"},
          "conditions":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],"items":{"type":"object","required":["type","status"],
           "properties":{"type":{"type":"string"},"status":{"type":"string","enum":["True","False","Unknown"]},"reason":{"type":"string"},"message":{"type":"string"}}}}}}}}
        """);

    public static Schema Schema { get; } = CustomSchema.Of(OpenApi, "conformance.example.com", "v1", "Widget");

    public static KindDefinition Kind { get; } = new()
    {
        Group = "conformance.example.com",
        Version = "v1",
        Kind = "Widget",
        Plural = "widgets",
        Namespaced = true,
        Schema = Schema,
        StatusSubresource = true,
        Custom = true,
        Columns = [],
    };

    public static JsonObject Json(string text) => (JsonObject)JsonText.Parse(Encoding.UTF8.GetBytes(text))!;

    /// <summary>A widget with this spec.</summary>
    public static JsonObject Of(string spec, string metadata = """{"name":"a"}""") =>
        new() { ["apiVersion"] = ApiVersion, ["kind"] = "Widget", ["metadata"] = Json(metadata), ["spec"] = Json(spec) };

    /// <summary>The causes of an invalid widget, as <c>reason field message</c>.</summary>
    public static List<string> Causes(JsonObject widget, JsonObject? old = null, Schema? schema = null)
    {
        Pruner.Prune(widget, schema ?? Schema, null);
        Defaulter.Apply(widget, schema ?? Schema);
        var errors = new FieldErrors();
        Validator.Validate(widget, schema ?? Schema, errors, old);
        return [.. errors.All.Select(error => $"{error.Reason} {error.Field} {error.Message}")];
    }

    /// <summary>A create as the server does it.</summary>
    public static JsonObject Create(JsonObject widget, string manager = "unknown")
    {
        Pruner.Prune(widget, Schema, null);
        Defaulter.Apply(widget, Schema);
        FieldManager.Update(null, widget, Kind, manager, null, Start);
        return widget;
    }

    /// <summary>A change as the server does it.</summary>
    public static JsonObject Update(JsonObject old, Action<JsonObject> change, string manager = "unknown", string? subresource = null, int seconds = 0)
    {
        var obj = (JsonObject)old.DeepClone();
        change(obj);
        Pruner.Prune(obj, Schema, null);
        Defaulter.Apply(obj, Schema);
        FieldManager.Update(old, obj, Kind, manager, subresource, Start.AddSeconds(seconds));
        return obj;
    }

    /// <summary>Server-side apply of a spec.</summary>
    public static JsonObject Apply(JsonObject? live, string spec, string manager, bool force = false, int seconds = 0) =>
        FieldManager.Apply(live, Of(spec), Kind, manager, null, force, Start.AddSeconds(seconds));

    /// <summary>A merge patch.</summary>
    public static JsonObject Patch(JsonObject old, string patch, string manager = "unknown", string? subresource = null, int seconds = 0) =>
        Update(old, obj => MergePatch.Apply(obj, Json(patch)), manager, subresource, seconds);

    /// <summary>The managers of an object as <c>name operation fieldsV1</c>, in order.</summary>
    public static List<string> Owners(JsonObject obj) => [.. (obj["metadata"]!["managedFields"] as JsonArray ?? [])
        .Select(entry => $"{entry!["manager"]} {entry["operation"]}{(entry["subresource"] is { } subresource ? $"/{subresource}" : "")}{(entry["time"] is null ? " never" : "")} {JsonScalars.ToText(entry["fieldsV1"]!)}")];

    public static void Same(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonText.Parse(Encoding.UTF8.GetBytes(expected)), actual), $"expected {expected}\nactual   {actual?.ToJsonString()}");
}
