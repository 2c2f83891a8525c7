using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Rules that recur in many kinds, in the API server's words.</summary>
internal static partial class Rules
{
    private const string Immutable = "field is immutable";

    /// <summary>Text as messages quote it; other values as JSON.</summary>
    public static string Quote(JsonNode? value) => value is null ? "null" : value.Text() is { } text ? $"\"{text}\"" : value.ToJsonString();

    /// <summary>A whole number that may be zero but not less.</summary>
    public static void NotNegative(JsonNode? value, string path, FieldErrors errors) => AtLeast(value, 0, path, errors);

    /// <summary>A whole number with a lower bound.</summary>
    public static void AtLeast(JsonNode? value, long least, string path, FieldErrors errors)
    {
        if (value.Integer() is { } number && number < least)
        {
            errors.Invalid(path, $"{number}", $"must be greater than or equal to {least}");
        }
    }

    /// <summary>A whole number above zero.</summary>
    public static void Positive(JsonNode? value, string path, FieldErrors errors)
    {
        if (value.Integer() is { } number && number <= 0)
        {
            errors.Invalid(path, $"{number}", "must be greater than 0");
        }
    }

    /// <summary>A port number.</summary>
    public static void Port(JsonNode? value, string path, FieldErrors errors)
    {
        if (value.Integer() is { } port && port is < 1 or > 65535)
        {
            errors.Invalid(path, $"{port}", "must be between 1 and 65535, inclusive");
        }
    }

    /// <summary>A port by number or by name.</summary>
    public static void PortOrName(JsonNode? value, string path, FieldErrors errors)
    {
        if (value.Text() is { } name)
        {
            PortName(name, path, errors);
        }
        else
        {
            Port(value, path, errors);
        }
    }

    /// <summary>The name of a port.</summary>
    public static void PortName(string name, string path, FieldErrors errors)
    {
        var fault = name.Length > 15 ? "must be no more than 15 characters"
            : !PortNameCharacters().IsMatch(name) ? "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
            : !name.Any(char.IsAsciiLetter) ? "must contain at least one letter (a-z)"
            : name.Contains("--", StringComparison.Ordinal) ? "must not contain consecutive hyphens"
            : name[0] == '-' || name[^1] == '-' ? "must not begin or end with a hyphen"
            : null;
        if (fault is not null)
        {
            errors.Invalid(path, $"\"{name}\"", fault);
        }
    }

    /// <summary>A value out of a list.</summary>
    public static void OneOf(JsonNode? value, string path, FieldErrors errors, params ReadOnlySpan<string> supported)
    {
        if (value.Text() is { } text && !supported.Contains(text))
        {
            errors.NotSupported(path, $"\"{text}\"", supported.ToArray());
        }
    }

    /// <summary>A field that keeps its value.</summary>
    public static void Unchanged(JsonNode? value, JsonNode? old, string path, FieldErrors errors, string detail = Immutable)
    {
        if (!JsonNode.DeepEquals(value, old))
        {
            errors.Invalid(path, Quote(value), detail);
        }
    }

    /// <summary>A name that is a DNS label.</summary>
    public static void Label(string? name, string path, FieldErrors errors)
    {
        if (name is { Length: > 0 } && ObjectMetaRules.LabelFault(name) is { } fault)
        {
            errors.Invalid(path, $"\"{name}\"", fault);
        }
    }

    /// <summary>A number or a percentage.</summary>
    public static void NumberOrPercent(JsonNode? value, string path, FieldErrors errors)
    {
        if (value.Text() is { } text)
        {
            if (!Percent().IsMatch(text))
            {
                errors.Invalid(path, $"\"{text}\"", "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
            }
        }
        else
        {
            NotNegative(value, path, errors);
        }
    }

    /// <summary>Whether a number or percentage is zero.</summary>
    public static bool IsZero(JsonNode? value) => value.Integer() == 0 || value.Text() is { } text && text.TrimEnd('%').Trim('0').Length == 0;

    /// <summary>A label selector.</summary>
    public static void Selector(JsonNode? selector, string path, FieldErrors errors)
    {
        if (selector.Object("matchLabels") is { } labels)
        {
            ObjectMetaRules.ValidateLabels(labels, $"{path}.matchLabels", errors);
        }

        var index = 0;
        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var at = $"{path}.matchExpressions[{index++}]";
            Requirement(expression, at, hasBounds: false, errors);
            if (expression.Text("key") is { Length: > 0 } key && ObjectMetaRules.QualifiedNameFault(key) is { } fault)
            {
                errors.Invalid($"{at}.key", $"\"{key}\"", fault);
            }
        }
    }

    /// <summary>The operator of an expression and the number of its values.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="hasBounds">Whether values may be bounds: of nodes' labels, not of other objects'.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static void Requirement(JsonObject expression, string path, bool hasBounds, FieldErrors errors)
    {
        var values = expression.Texts("values").Count;
        switch (expression.Text("operator"))
        {
            case "In" or "NotIn" when values == 0:
                errors.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values > 0:
                errors.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when hasBounds && values != 1:
                errors.Required($"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
            case "Gt" or "Lt" when hasBounds:
                break;
            default:
                errors.Invalid($"{path}.operator", Quote(expression["operator"]), "not a valid selector operator");
                break;
        }
    }

    /// <summary>Whether a selector is empty, and so would match everything.</summary>
    public static bool IsEmpty(JsonNode? selector) =>
        selector.Object("matchLabels") is not { Count: > 0 } && selector.At("matchExpressions") is not JsonArray { Count: > 0 };

    /// <summary>Whether a selector matches labels.</summary>
    public static bool Matches(JsonNode? selector, JsonNode? labels)
    {
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
        {
            if (labels.Text(key) != value.Text())
            {
                return false;
            }
        }

        return selector.Objects("matchExpressions").All(expression =>
        {
            var value = labels.Text(expression.Text("key") ?? "");
            return expression.Text("operator") switch
            {
                "In" => value is not null && expression.Texts("values").Contains(value),
                "NotIn" => value is null || !expression.Texts("values").Contains(value),
                "Exists" => value is not null,
                "DoesNotExist" => value is null,
                _ => false,
            };
        });
    }

    /// <summary>A copy of an object part without some of its fields, to compare the rest.</summary>
    public static JsonObject Without(JsonObject? part, params ReadOnlySpan<string> fields)
    {
        var copy = part?.Copy() ?? [];
        foreach (var field in fields)
        {
            copy.Remove(field);
        }

        return copy;
    }

    [GeneratedRegex("^[-a-z0-9]+$")]
    private static partial Regex PortNameCharacters();

    [GeneratedRegex("^[0-9]+%$")]
    private static partial Regex Percent();
}
