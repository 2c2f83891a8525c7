using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

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
