using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>What ConfigMaps and Secrets share: keys, size, and the seal that <c>immutable</c> is.</summary>
internal abstract partial class ConfigBehavior : BuiltinBehavior
{
    private const int MaxBytes = 1024 * 1024;
    private const string Sealed = "field is immutable when `immutable` is set";

    /// <summary>Fields with data.</summary>
    protected abstract string[] DataFields { get; }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        long size = 0;
        foreach (var field in DataFields)
        {
            foreach (var (key, value) in obj.Object(field) ?? [])
            {
                if (KeyFault(key) is { } fault)
                {
                    errors.Invalid($"{field}[{key}]", $"\"{key}\"", fault);
                }

                size += SizeOf(value.Text() ?? "", field);
            }
        }

        if (size > MaxBytes)
        {
            errors.Add("FieldValueTooLong", DataFields.Length > 1 ? "" : "data", $"Too long: may not be more than {MaxBytes} bytes");
        }

        if (old?.Flag("immutable") == true)
        {
            if (obj.Flag("immutable") != true)
            {
                errors.Forbidden("immutable", Sealed);
            }

            foreach (var field in DataFields)
            {
                if (!JsonNode.DeepEquals(obj[field], old[field]))
                {
                    errors.Forbidden(field, Sealed);
                }
            }
        }
    }

    /// <summary>Bytes a value counts for.</summary>
    protected abstract long SizeOf(string value, string field);

    /// <summary>Bytes behind base64 text.</summary>
    protected static long Decoded(string value) => value.Length / 4 * 3;

    private static string? KeyFault(string key) => key.Length > 253 ? "must be no more than 253 characters"
        : key is "." or ".." ? $"must not be '{key}'"
        : key.StartsWith("..", StringComparison.Ordinal) ? "must not start with '..'"
        : KeyCharacters().IsMatch(key) ? null
        : "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

    [GeneratedRegex("^[-._a-zA-Z0-9]+$")]
    private static partial Regex KeyCharacters();
}
