using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Server;

namespace LlmOperator.Sandbox.Storage;

/// <summary>The refusals of the API server, in its own words.</summary>
internal static class Refusals
{
    /// <summary>404: no such object.</summary>
    public static StatusException NotFound(ResourceName resource, string name) =>
        new(404, "NotFound", $"{resource} \"{name}\" not found", Details(resource, name));

    /// <summary>409: the name is taken.</summary>
    public static StatusException AlreadyExists(ResourceName resource, string name) =>
        new(409, "AlreadyExists", $"{resource} \"{name}\" already exists", Details(resource, name));

    /// <summary>409: stale version or failed precondition.</summary>
    public static StatusException Conflict(ResourceName resource, string name, string reason) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource} \"{name}\": {reason}", Details(resource, name));

    /// <summary>409: written on top of an outdated version.</summary>
    public static StatusException Stale(ResourceName resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>403.</summary>
    public static StatusException Forbidden(ResourceName resource, string name, string reason, JsonArray? causes = null)
    {
        var details = Details(resource, name);
        if (causes is not null)
        {
            details["causes"] = causes;
        }

        return new(403, "Forbidden", $"{resource} \"{name}\" is forbidden: {reason}", details);
    }

    /// <summary>400.</summary>
    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>422 for an object of a kind.</summary>
    public static StatusException Invalid(KindDefinition kind, string name, FieldErrors errors) =>
        StatusException.Invalid(kind.Group, kind.Kind, name, errors);

    /// <summary>422 with one cause.</summary>
    public static StatusException Invalid(KindDefinition kind, string name, string field, string value, string detail)
    {
        var errors = new FieldErrors();
        errors.Invalid(field, value, detail);
        return Invalid(kind, name, errors);
    }

    /// <summary>422 for the options of a request.</summary>
    public static StatusException InvalidOptions(string kind, FieldErrors errors) => StatusException.Invalid("meta.k8s.io", kind, "", errors);

    /// <summary>405: the resource does not have this verb.</summary>
    public static StatusException MethodNotAllowed(KindDefinition? kind, string verb, string? text = null) => kind is { Custom: true }
        ? new(405, "MethodNotAllowed", text ?? $"{verb} is not supported on resources of kind \"{kind.Name}\"", new JsonObject { ["group"] = kind.Group, ["kind"] = kind.Plural })
        : new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    /// <summary>410: the version is no longer kept.</summary>
    public static StatusException Expired(string message) => new(410, "Expired", message);

    /// <summary>504: the version is from the future.</summary>
    public static StatusException TooLargeVersion(long requested, long current) => new(
        504,
        "Timeout",
        $"Timeout: Too large resource version: {requested}, current: {current}",
        new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        });

    private static JsonObject Details(ResourceName resource, string name)
    {
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (resource.Group.Length > 0)
        {
            details["group"] = resource.Group;
        }

        details["kind"] = resource.Plural;
        return details;
    }
}
