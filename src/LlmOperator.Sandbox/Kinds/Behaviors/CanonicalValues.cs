using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>
/// Built-in objects are decoded and written again, which leaves one spelling of each value: <c>1000m</c> becomes <c>1</c>,
/// times are in UTC. Text that is no quantity or time is refused as the decoder would.
/// </summary>
internal static class CanonicalValues
{
    private const string QuantityPattern = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";

    /// <summary>Rewrites the values of an object in place.</summary>
    public static void Apply(JsonObject obj, BuiltinBehavior kind)
    {
        if (Visit(obj, kind.Schema) is { } fault)
        {
            throw Refusals.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {fault}");
        }
    }

    private static string? Visit(JsonNode? node, Schema schema)
    {
        switch (node)
        {
            case JsonObject obj when schema.Properties.Count > 0 || schema.AdditionalProperties is not null:
                List<(string Name, string Text)>? changes = null;
                foreach (var (name, value) in obj)
                {
                    if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is not { } field || value is null)
                    {
                        continue;
                    }

                    if (value is JsonValue scalar)
                    {
                        if (Canonical(scalar, field, out var text) is { } fault)
                        {
                            return fault;
                        }

                        if (text is not null)
                        {
                            (changes ??= []).Add((name, text));
                        }
                    }
                    else if (Visit(value, field) is { } inner)
                    {
                        return inner;
                    }
                }

                foreach (var (name, text) in changes ?? [])
                {
                    obj[name] = text;
                }

                return null;
            case JsonArray array when schema.Items is { Type: "object" } items:
                return array.Select(item => Visit(item, items)).FirstOrDefault(fault => fault is not null);
            default:
                return null;
        }
    }

    private static string? Canonical(JsonValue value, Schema schema, out string? changed)
    {
        changed = null;
        switch (schema.Format)
        {
            case "quantity":
                var text = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
                if (!Quantity.TryParse(text, out var quantity))
                {
                    return text.Length == 0
                        ? "quantities must match the regular expression '" + QuantityPattern + "'"
                        : $"unable to parse quantity's suffix or number \"{text}\": quantities must match the regular expression '{QuantityPattern}'";
                }

                var canonical = quantity.ToCanonicalString();
                changed = canonical == text && value.GetValueKind() == JsonValueKind.String ? null : canonical;
                return null;
            case "date-time" when value.GetValueKind() == JsonValueKind.String:
                var time = value.GetValue<string>();
                if (!DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) || !time.Contains('T'))
                {
                    return $"parsing time \"{time}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{time}\" as \"2006\"";
                }

                var micro = schema.TypeName?.EndsWith("MicroTime", StringComparison.Ordinal) == true;
                var written = moment.UtcDateTime.ToString(micro ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" : "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                changed = written == time ? null : written;
                return null;
            case "byte" when value.GetValueKind() == JsonValueKind.String:
                var encoded = value.GetValue<string>();
                return System.Buffers.Text.Base64.IsValid(encoded) ? null : "illegal base64 data at input byte 0";
            default:
                return null;
        }
    }
}
