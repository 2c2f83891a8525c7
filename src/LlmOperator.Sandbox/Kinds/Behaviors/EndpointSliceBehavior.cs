using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Endpoint slices, whose lists are served as null when empty.</summary>
internal sealed class EndpointSliceBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        foreach (var port in obj.Objects("ports"))
        {
            port["name"] ??= "";
        }
    }

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        foreach (var name in (ReadOnlySpan<string>)["endpoints", "ports"])
        {
            if (obj[name] is null or JsonArray { Count: 0 })
            {
                obj[name] = null;
            }
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.OneOf(obj["addressType"], "addressType", errors, "FQDN", "IPv4", "IPv6");
        if (old is not null)
        {
            Rules.Unchanged(obj["addressType"], old["addressType"], "addressType", errors);
        }

        var index = 0;
        foreach (var endpoint in obj.Objects("endpoints"))
        {
            var at = $"endpoints[{index++}].addresses";
            if (endpoint["addresses"] is JsonArray { Count: 0 })
            {
                errors.Required(at, "must contain at least 1 address");
            }

            var place = 0;
            foreach (var address in endpoint.Texts("addresses"))
            {
                if (obj.Text("addressType") is "IPv4" or "IPv6" && !System.Net.IPAddress.TryParse(address, out _))
                {
                    errors.Invalid($"{at}[{place}]", $"\"{address}\"", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                }

                place++;
            }
        }
    }
}
