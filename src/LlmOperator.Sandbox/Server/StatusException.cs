using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Server;

/// <summary>A refusal, answered as a <c>Status</c> object with its HTTP code.</summary>
internal sealed class StatusException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    /// <summary>HTTP status code.</summary>
    public int Code => code;

    /// <summary>Machine word: NotFound, AlreadyExists, Conflict, Invalid, BadRequest, Forbidden …</summary>
    public string Reason => reason;

    /// <summary>Name, group, kind, causes.</summary>
    public JsonObject? Details => details;

    /// <summary>Token with which an expired list may go on.</summary>
    public string? Continue { get; init; }

    /// <summary>Warnings to send with it.</summary>
    public IReadOnlyCollection<string> Warnings { get; init; } = [];

    /// <summary>422 with one cause a field.</summary>
    public static StatusException Invalid(string group, string kind, string name, FieldErrors errors)
    {
        var causes = new JsonArray();
        foreach (var error in errors.All)
        {
            causes.Add(new JsonObject { ["reason"] = error.Reason, ["message"] = error.Message, ["field"] = error.Field });
        }

        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (group.Length > 0)
        {
            details["group"] = group;
        }

        if (kind.Length > 0)
        {
            details["kind"] = kind;
        }

        details["causes"] = causes;
        var texts = errors.All.Select(error => $"{error.Field}: {error.Message}").Distinct().ToList();
        var subject = group.Length == 0 ? kind : $"{kind}.{group}";
        var list = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new(422, "Invalid", $"{subject} \"{name}\" is invalid: {list}", details);
    }
}
