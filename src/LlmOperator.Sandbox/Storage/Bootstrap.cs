using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
#pragma warning disable
namespace LlmOperator.Sandbox.Schemas
{
    internal static class Pruner { public static void Prune(JsonObject o, Schema s, List<string>? unknown) { } }
    internal static class Defaulter { public static void Apply(JsonNode o, Schema s) { } }
    internal static class Validator { public static void Validate(JsonObject o, Schema s, FieldErrors e, JsonObject? old) { } }
    internal static class CustomSchema { public static Schema Of(JsonObject? o, string group, string version, string kind) => new() { Type = "object", PreserveUnknownFields = true }; }
}
namespace LlmOperator.Sandbox.Apply
{
    internal static class FieldManager { public static void Update(JsonObject? old, JsonObject obj, KindDefinition kind, string manager, string? sub, DateTimeOffset now) { if (old?["metadata"]?["managedFields"] is { } m) obj["metadata"]!["managedFields"] = m.DeepClone(); } }
}
