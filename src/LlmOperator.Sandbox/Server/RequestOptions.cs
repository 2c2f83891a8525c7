using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>Query parameters, read and checked.</summary>
internal static class RequestOptions
{
    private const int MaxManagerLength = 128;

    /// <summary>Parameters of a write.</summary>
    /// <param name="request">The request.</param>
    /// <param name="optionsKind">CreateOptions, UpdateOptions or PatchOptions, for refusals.</param>
    /// <param name="subresource">Subresource written to.</param>
    /// <param name="apply">Whether this is a server-side apply.</param>
    public static WriteRequest Write(HttpRequest request, string optionsKind, string? subresource, bool apply = false)
    {
        var errors = new FieldErrors();
        var dryRun = DryRun(request, errors);
        var validation = request.Query["fieldValidation"].ToString();
        if (validation is not ("" or "Strict" or "Warn" or "Ignore"))
        {
            errors.NotSupported("fieldValidation", $"\"{validation}\"", ["Ignore", "Strict", "Warn"]);
        }

        var manager = request.Query["fieldManager"].ToString();
        if (manager.Length > MaxManagerLength)
        {
            errors.Add("FieldValueTooLong", "fieldManager", $"Too long: may not be more than {MaxManagerLength} bytes");
        }
        else if (manager.Any(char.IsControl))
        {
            errors.Invalid("fieldManager", $"\"{manager}\"", "should only contain printable characters");
        }

        if (apply && manager.Length == 0)
        {
            errors.Required("fieldManager", "is required for apply patch");
        }

        if (optionsKind == "PatchOptions" && !apply && request.Query.ContainsKey("force"))
        {
            errors.Forbidden("force", "may not be specified for non-apply patch");
        }

        if (errors.Any)
        {
            throw Refusals.InvalidOptions(optionsKind, errors);
        }

        return new WriteRequest(manager.Length > 0 ? manager : UserAgent(request))
        {
            Subresource = subresource,
            IsNew = optionsKind == "CreateOptions",
            IsPatch = optionsKind == "PatchOptions",
            DryRun = dryRun,
            FieldValidation = validation switch
            {
                "Strict" => FieldValidation.Strict,
                "Ignore" => FieldValidation.Ignore,
                _ => FieldValidation.Warn,
            },
        };
    }

    /// <summary>Whether the request is to stop before the commit.</summary>
    public static bool DryRun(HttpRequest request, FieldErrors errors)
    {
        var values = request.Query["dryRun"];
        if (values.Any(value => value is not ("All" or "" or null)))
        {
            errors.NotSupported("dryRun", $"[\"{values}\"]", ["All"]);
        }

        return values.Contains("All");
    }

    /// <summary>A true-or-false parameter: whatever does not say false means true.</summary>
    public static bool? Flag(HttpRequest request, string name) => request.Query.TryGetValue(name, out var value)
        ? !(value[0] ?? "").Equals("false", StringComparison.OrdinalIgnoreCase) && value[0] != "0"
        : null;

    /// <summary>A whole number.</summary>
    /// <exception cref="StatusException">400 when the text is none.</exception>
    public static long? Integer(HttpRequest request, string name)
    {
        var text = request.Query[name].ToString();
        return text.Length == 0 ? null
            : long.TryParse(text, out var number) ? number
            : throw Refusals.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    /// <summary>A resource version; null when absent or "0", which both mean: whatever is there.</summary>
    /// <exception cref="StatusException">500 when the text is none: an API server does not foresee it either.</exception>
    public static long? Version(string text) => text switch
    {
        "" or "0" => null,
        _ when ulong.TryParse(text, out var version) && version <= long.MaxValue => (long)version,
        _ => throw new StatusException(500, "", $"Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"),
    };

    /// <summary>Programs that name no field manager are known by their user agent up to the slash.</summary>
    private static string UserAgent(HttpRequest request)
    {
        var agent = request.Headers.UserAgent.ToString();
        var slash = agent.IndexOf('/');
        var name = new string([.. (slash < 0 ? agent : agent[..slash]).Where(c => !char.IsControl(c)).Take(MaxManagerLength)]);
        return name.Length == 0 ? "unknown" : name;
    }
}
