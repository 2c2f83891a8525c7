using System.Text;
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

/// <summary>ConfigMaps.</summary>
internal sealed class ConfigMapBehavior : ConfigBehavior
{
    /// <inheritdoc/>
    protected override string[] DataFields => ["data", "binaryData"];

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        foreach (var (key, _) in obj.Object("binaryData") ?? [])
        {
            if (obj.Object("data")?.ContainsKey(key) == true)
            {
                errors.Invalid($"data[{key}]", $"\"{key}\"", "duplicate of key present in binaryData");
            }
        }
    }

    /// <inheritdoc/>
    protected override long SizeOf(string value, string field) => field == "data" ? Encoding.UTF8.GetByteCount(value) : Decoded(value);
}

/// <summary>Secrets: plain text is written as <c>stringData</c> and kept encoded.</summary>
internal sealed class SecretBehavior : ConfigBehavior
{
    /// <summary>Keys that a type demands.</summary>
    private static readonly Dictionary<string, string[]> Needed = new(StringComparer.Ordinal)
    {
        ["kubernetes.io/dockercfg"] = [".dockercfg"],
        ["kubernetes.io/dockerconfigjson"] = [".dockerconfigjson"],
        ["kubernetes.io/ssh-auth"] = ["ssh-privatekey"],
        ["kubernetes.io/tls"] = ["tls.crt", "tls.key"],
    };

    /// <inheritdoc/>
    protected override string[] DataFields => ["data"];

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        if (obj.Object("stringData") is { Count: > 0 } plain)
        {
            var data = obj.Child("data");
            foreach (var (key, value) in plain)
            {
                data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.Text() ?? ""));
            }
        }

        obj.Remove("stringData");
        if (obj.Text("type") is null or "")
        {
            obj["type"] = "Opaque";
        }

        base.Default(obj);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        var type = obj.Text("type") ?? "";
        foreach (var key in Needed.GetValueOrDefault(type) ?? [])
        {
            if (obj.Object("data")?.ContainsKey(key) != true)
            {
                errors.Required($"data[{key}]");
            }
        }

        if (type == "kubernetes.io/basic-auth" && obj.Object("data") is var data && data?.ContainsKey("username") != true && data?.ContainsKey("password") != true)
        {
            errors.Required("data[username]");
            errors.Required("data[password]");
        }

        if (type == "kubernetes.io/service-account-token" && obj.Text("metadata", "annotations", "kubernetes.io/service-account.name") is null or "")
        {
            errors.Required("metadata.annotations[kubernetes.io/service-account.name]");
        }

        if (old is not null)
        {
            Rules.Unchanged(obj["type"], old["type"], "type", errors);
        }
    }

    /// <inheritdoc/>
    protected override long SizeOf(string value, string field) => Decoded(value);
}
