using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
#pragma warning disable
namespace LlmOperator.Sandbox.Schemas
{
    internal sealed class DecodeException(string message) : Exception(message);
    internal static class JsonText { public static JsonNode? Parse(ReadOnlySpan<byte> t, out IReadOnlyList<string> d) { d = []; try { return JsonNode.Parse(t); } catch (System.Text.Json.JsonException e) { throw new DecodeException(e.Message); } } }
    internal static class YamlText { public static JsonNode? Parse(ReadOnlySpan<byte> t, out IReadOnlyList<string> d) => JsonText.Parse(t, out d); public static string Write(JsonNode n) => n.ToJsonString(); }
    internal static class Pruner { public static void Prune(JsonObject o, Schema s, List<string>? unknown) { } }
    internal static class Defaulter { public static void Apply(JsonNode o, Schema s) { } }
    internal static class Validator { public static void Validate(JsonObject o, Schema s, FieldErrors e, JsonObject? old) { } }
    internal static class CustomSchema { public static Schema Of(JsonObject? o, string group, string version, string kind) => new() { Type = "object", PreserveUnknownFields = true }; }
}
namespace LlmOperator.Sandbox.Kinds
{
    internal static class BuiltinKinds { public static IReadOnlyList<KindDefinition> All => []; public static IReadOnlyDictionary<string, Schema> Types => new Dictionary<string, Schema>(); }
}
namespace LlmOperator.Sandbox.Apply
{
    internal static class FieldManager { 
    public static JsonObject Apply(JsonObject? live, JsonObject applied, KindDefinition kind, string manager, bool force, string? sub, DateTimeOffset now) => applied;
    public static void Update(JsonObject? old, JsonObject obj, KindDefinition kind, string manager, string? sub, DateTimeOffset now) { if (old?["metadata"]?["managedFields"] is { } m) obj["metadata"]!["managedFields"] = m.DeepClone(); } }
    internal static class JsonPatch { public static JsonNode? Apply(JsonNode o, JsonArray p) => o; }
    internal static class MergePatch { public static JsonNode? Apply(JsonNode o, JsonObject p) => o; }
    internal static class StrategicMergePatch { public static JsonNode? Apply(JsonNode o, JsonObject p, Schema s) => o; }
}
