using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Kinds.Behaviors;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>ValidatingWebhookConfigurations and MutatingWebhookConfigurations: what a webhook must say of itself.</summary>
internal sealed class WebhookConfigurationBehavior : BuiltinBehavior
{
    private const string UrlForm = "; desired format: https://host[/path]";

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var webhook in obj.Objects("webhooks"))
        {
            var path = $"webhooks[{index++}]";
            CheckName(webhook.Text("name") ?? "", $"{path}.name", errors);
            WebhookRuleChecks.Check(webhook, path, errors);
            CheckPolicies(webhook, path, errors);
            CheckTarget(webhook.Object("clientConfig") ?? [], $"{path}.clientConfig", errors);
            CheckConditions(webhook, $"{path}.matchConditions", errors);
            CheckReviewVersions(webhook, $"{path}.admissionReviewVersions", errors);
            if (webhook.Text("name") is { Length: > 0 } name && !names.Add(name))
            {
                errors.Duplicate($"{path}.name", JsonScalars.Quote(name));
            }
        }
    }

    private static void CheckName(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (ObjectMetaRules.SubdomainFault(name) is { } fault)
        {
            errors.Invalid(path, JsonScalars.Quote(name), fault);
        }
        else if (name.Split('.').Length < 3)
        {
            errors.Invalid(path, JsonScalars.Quote(name), "should be a domain with at least three segments separated by dots");
        }
    }

    private void CheckPolicies(JsonObject webhook, string path, FieldErrors errors)
    {
        Rules.OneOf(webhook["failurePolicy"], $"{path}.failurePolicy", errors, "Fail", "Ignore");
        Rules.OneOf(webhook["matchPolicy"], $"{path}.matchPolicy", errors, "Equivalent", "Exact");
        if (webhook.Text("sideEffects") is null)
        {
            errors.Required($"{path}.sideEffects", "must specify one of None, NoneOnDryRun");
        }

        Rules.OneOf(webhook["sideEffects"], $"{path}.sideEffects", errors, "None", "NoneOnDryRun");
        if (webhook.Integer("timeoutSeconds") is { } seconds and (< 1 or > 30))
        {
            errors.Invalid($"{path}.timeoutSeconds", $"{seconds}", "the timeout value must be between 1 and 30 seconds");
        }

        Rules.Selector(webhook["namespaceSelector"], $"{path}.namespaceSelector", errors);
        Rules.Selector(webhook["objectSelector"], $"{path}.objectSelector", errors);
        if (Kind == "MutatingWebhookConfiguration")
        {
            Rules.OneOf(webhook["reinvocationPolicy"], $"{path}.reinvocationPolicy", errors, "IfNeeded", "Never");
        }
    }

    private static void CheckTarget(JsonObject config, string path, FieldErrors errors)
    {
        var url = config.Text("url");
        var service = config.Object("service");
        if (url is null == service is null)
        {
            errors.Required(path, "exactly one of url or service is required");
        }
        else if (url is not null)
        {
            CheckUrl(url, $"{path}.url", errors);
        }
        else
        {
            CheckService(service!, $"{path}.service", errors);
        }
    }

    private static void CheckUrl(string text, string path, FieldErrors errors)
    {
        if (!Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var url))
        {
            errors.Required(path, $"url must be a valid URL: parse {JsonScalars.Quote(text)}: invalid URL{UrlForm}");
            return;
        }

        var scheme = url.IsAbsoluteUri ? url.Scheme : "";
        if (scheme != "https")
        {
            errors.Invalid(path, JsonScalars.Quote(scheme), $"'https' is the only allowed URL scheme{UrlForm}");
        }

        if (!url.IsAbsoluteUri || url.Host.Length == 0)
        {
            errors.Invalid(path, "\"\"", $"host must be specified{UrlForm}");
            return;
        }

        if (url.UserInfo.Length > 0)
        {
            errors.Invalid(path, JsonScalars.Quote(url.UserInfo), "user information is not permitted in the URL");
        }

        if (url.Fragment.Length > 1)
        {
            errors.Invalid(path, JsonScalars.Quote(url.Fragment[1..]), "fragments are not permitted in the URL");
        }

        if (url.Query.Length > 1)
        {
            errors.Invalid(path, JsonScalars.Quote(url.Query[1..]), "query parameters are not permitted in the URL");
        }
    }

    private static void CheckService(JsonObject service, string path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(service.Text("name")))
        {
            errors.Required($"{path}.name", "service name is required");
        }

        if (string.IsNullOrEmpty(service.Text("namespace")))
        {
            errors.Required($"{path}.namespace", "service namespace is required");
        }

        if (service.Integer("port") is { } port and (< 1 or > 65535))
        {
            errors.Invalid($"{path}.port", $"{port}", "port is not valid: must be between 1 and 65535, inclusive");
        }

        var urlPath = service.Text("path") ?? "";
        if (urlPath is "" or "/")
        {
            return;
        }

        var at = $"{path}.path";
        var shown = JsonScalars.Quote(urlPath);
        if (urlPath == "//")
        {
            errors.Invalid(at, shown, "segment[0] may not be empty");
        }

        if (urlPath[0] != '/')
        {
            errors.Invalid(at, shown, "must start with a '/'");
        }

        var steps = (urlPath.EndsWith('/') ? urlPath[1..^1] : urlPath[1..]).Split('/');
        for (var index = 0; index < steps.Length; index++)
        {
            if (steps[index].Length == 0)
            {
                errors.Invalid(at, shown, $"segment[{index}] may not be empty");
            }
            else if (ObjectMetaRules.SubdomainFault(steps[index]) is { } fault)
            {
                errors.Invalid(at, shown, $"segment[{index}]: {fault}");
            }
        }
    }

    private static void CheckConditions(JsonObject webhook, string path, FieldErrors errors)
    {
        var conditions = webhook.Objects("matchConditions").ToList();
        if (conditions.Count > 64)
        {
            errors.Add("FieldValueTooMany", path, $"Too many: {conditions.Count}: must have at most 64 items");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < conditions.Count; index++)
        {
            var at = $"{path}[{index}]";
            var name = conditions[index].Text("name") ?? "";
            var expression = (conditions[index].Text("expression") ?? "").Trim();
            if (expression.Length == 0)
            {
                errors.Required($"{at}.expression");
            }
            else if (MatchCondition.Fault(expression) is { } invalid)
            {
                errors.Invalid($"{at}.expression", JsonScalars.Quote(expression), invalid);
            }

            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (ObjectMetaRules.QualifiedNameFault(name) is { } fault)
            {
                errors.Invalid($"{at}.name", JsonScalars.Quote(name), fault);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", JsonScalars.Quote(name));
            }
        }
    }

    private static void CheckReviewVersions(JsonObject webhook, string path, FieldErrors errors)
    {
        var versions = webhook.Texts("admissionReviewVersions");
        if (versions.Count == 0)
        {
            errors.Required(path, "must specify one of v1, v1beta1");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < versions.Count; index++)
        {
            if (!seen.Add(versions[index]))
            {
                errors.Invalid($"{path}[{index}]", JsonScalars.Quote(versions[index]), "duplicate version");
            }
            else if (ObjectMetaRules.LabelFault(versions[index]) is { } fault)
            {
                errors.Invalid($"{path}[{index}]", JsonScalars.Quote(versions[index]), fault);
            }
        }

        if (!versions.Any(version => version is "v1" or "v1beta1"))
        {
            errors.Invalid(path, versions.ToJson().ToJsonString(), "must include at least one of v1, v1beta1");
        }
    }
}
