using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Ingresses.</summary>
internal sealed class IngressBehavior : BuiltinBehavior
{
    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null)
        {
            obj["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        if (spec["rules"] is not JsonArray { Count: > 0 } && spec["defaultBackend"] is null)
        {
            errors.Invalid("spec", "[]", "either `defaultBackend` or `rules` must be specified");
        }

        Backend(spec.Object("defaultBackend"), "spec.defaultBackend", errors);
        var index = 0;
        foreach (var rule in spec.Objects("rules"))
        {
            var at = $"spec.rules[{index++}]";
            if (rule.Text("host") is { Length: > 0 } host && ObjectMetaRules.SubdomainFault(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) is { } fault)
            {
                errors.Invalid($"{at}.host", $"\"{host}\"", fault);
            }

            var place = 0;
            foreach (var path in rule.Objects("http", "paths"))
            {
                var here = $"{at}.http.paths[{place++}]";
                Rules.OneOf(path["pathType"], $"{here}.pathType", errors, "Exact", "ImplementationSpecific", "Prefix");
                if (path.Text("pathType") is "Exact" or "Prefix" && path.Text("path")?.StartsWith('/') != true)
                {
                    errors.Invalid($"{here}.path", Rules.Quote(path["path"] ?? ""), "must be an absolute path");
                }

                Backend(path.Object("backend"), $"{here}.backend", errors);
            }
        }
    }

    private static void Backend(JsonObject? backend, string path, FieldErrors errors)
    {
        if (backend is null)
        {
            return;
        }

        if (backend.Object("service") is not { } service)
        {
            if (!backend.ContainsKey("resource"))
            {
                errors.Required(path, "resource or service backend is required");
            }

            return;
        }

        if (backend.ContainsKey("resource"))
        {
            errors.Invalid(path, "\"\"", "cannot set both resource and service backends");
        }

        var (name, number) = (service.Text("port", "name") ?? "", service.Integer("port", "number") ?? 0);
        if (name.Length > 0 == (number != 0))
        {
            errors.Required($"{path}", name.Length > 0 ? "cannot set both port name & port number" : "port name or number is required");
        }
    }
}
