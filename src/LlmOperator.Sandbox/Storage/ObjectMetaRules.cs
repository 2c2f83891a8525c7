using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Storage;

/// <summary>The rules of <c>metadata</c> that hold for every kind.</summary>
internal static partial class ObjectMetaRules
{
    private const int MaxAnnotationBytes = 256 * 1024;

    private const string SubdomainMessage =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelMessage =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string QualifiedNameMessage =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string LabelValueMessage =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    /// <summary>Checks metadata of an object to be written.</summary>
    public static void Validate(KindDefinition kind, JsonObject metadata, FieldErrors errors)
    {
        ValidateNames(kind, metadata, errors);
        if (metadata.Object("labels") is { } labels)
        {
            ValidateLabels(labels, "metadata.labels", errors);
        }

        if (metadata.Object("annotations") is { } annotations)
        {
            ValidateAnnotations(annotations, errors);
        }

        ValidateOwners(metadata, errors);
        ValidateFinalizers(kind, metadata, errors);
    }

    /// <summary>Checks what may not change between two versions of an object.</summary>
    public static void ValidateUpdate(JsonObject metadata, JsonObject old, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"])
        {
            if (!JsonNode.DeepEquals(metadata[name], old[name]))
            {
                errors.Invalid($"metadata.{name}", Quote(metadata[name]), "field is immutable");
            }
        }

        if (old.Text("deletionTimestamp") is not null)
        {
            var added = metadata.Texts("finalizers").Except(old.Texts("finalizers")).ToList();
            if (added.Count > 0)
            {
                var list = string.Join(", ", added.Select(name => $"\"{name}\""));
                errors.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}");
            }
        }
    }

    /// <summary>Warnings for names that work but collide easily.</summary>
    public static IEnumerable<string> Warnings(KindDefinition kind, JsonObject metadata) => !kind.Custom
        ? []
        : metadata.Texts("finalizers")
            .Where(name => !name.Contains('/') && !IsStandardFinalizer(name))
            .Select(name => $"metadata.finalizers: \"{name}\": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers");

    /// <summary>What is wrong with a DNS subdomain, null when nothing.</summary>
    public static string? SubdomainFault(string name) => name.Length > 253
        ? "must be no more than 253 characters"
        : Subdomain().IsMatch(name) ? null : SubdomainMessage;

    /// <summary>What is wrong with a DNS label, null when nothing.</summary>
    public static string? LabelFault(string name) => name.Length > 63
        ? "must be no more than 63 characters"
        : DnsLabel().IsMatch(name) ? null : LabelMessage;

    /// <summary>What is wrong with a label or annotation key, null when nothing.</summary>
    public static string? QualifiedNameFault(string key)
    {
        var slash = key.IndexOf('/');
        var name = key[(slash + 1)..];
        if (slash == 0)
        {
            return "prefix part must be non-empty";
        }

        if (slash > 0 && SubdomainFault(key[..slash]) is { } fault)
        {
            return $"prefix part {fault}";
        }

        return name.Length == 0 ? "name part must be non-empty"
            : name.Length > 63 ? "name part must be no more than 63 characters"
            : QualifiedName().IsMatch(name) ? null : QualifiedNameMessage;
    }

    /// <summary>What is wrong with a label value, null when nothing.</summary>
    public static string? LabelValueFault(string value) => value.Length > 63
        ? "must be no more than 63 characters"
        : value.Length == 0 || QualifiedName().IsMatch(value) ? null : LabelValueMessage;

    /// <summary>Checks a map of labels.</summary>
    public static void ValidateLabels(JsonObject labels, string path, FieldErrors errors)
    {
        foreach (var (key, value) in labels)
        {
            if (QualifiedNameFault(key) is { } fault)
            {
                errors.Invalid(path, $"\"{key}\"", fault);
            }

            if (LabelValueFault(value.Text() ?? "") is { } valueFault)
            {
                errors.Invalid(path, Quote(value), valueFault);
            }
        }
    }

    private static void ValidateNames(KindDefinition kind, JsonObject metadata, FieldErrors errors)
    {
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
        }
        else if (NameFault(kind, name) is { } fault)
        {
            errors.Invalid("metadata.name", $"\"{name}\"", fault);
        }

        if (metadata.Text("generateName") is { Length: > 0 } prefix && NameFault(kind, prefix.TrimEnd('-', '.') is { Length: > 0 } trimmed ? trimmed : "x") is { } prefixFault)
        {
            errors.Invalid("metadata.generateName", $"\"{prefix}\"", prefixFault);
        }
    }

    private static string? NameFault(KindDefinition kind, string name) => (kind.Group, kind.Plural) switch
    {
        ("", "namespaces" or "services") or ("apps", "statefulsets") => LabelFault(name),
        ("rbac.authorization.k8s.io", _) => PathSegmentFault(name),
        _ => SubdomainFault(name),
    };

    private static string? PathSegmentFault(string name) => name is "." or ".." ? $"may not be '{name}'"
        : name.Contains('/') ? "may not contain '/'"
        : name.Contains('%') ? "may not contain '%'" : null;

    private static void ValidateAnnotations(JsonObject annotations, FieldErrors errors)
    {
        long size = 0;
        foreach (var (key, value) in annotations)
        {
            if (QualifiedNameFault(key.ToLowerInvariant()) is { } fault)
            {
                errors.Invalid("metadata.annotations", $"\"{key}\"", fault);
            }

            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.Text() ?? "");
        }

        if (size > MaxAnnotationBytes)
        {
            errors.Add("FieldValueTooLong", "metadata.annotations", $"Too long: may not be more than {MaxAnnotationBytes} bytes");
        }
    }

    private static void ValidateOwners(JsonObject metadata, FieldErrors errors)
    {
        string? controller = null;
        var index = 0;
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            var path = $"metadata.ownerReferences[{index++}]";
            var apiVersion = owner.Text("apiVersion") ?? "";
            if (apiVersion.Length == 0 || apiVersion.EndsWith('/'))
            {
                errors.Invalid($"{path}.apiVersion", $"\"{apiVersion}\"", "version must not be empty");
            }

            foreach (var field in (ReadOnlySpan<string>)["kind", "name", "uid"])
            {
                if (string.IsNullOrEmpty(owner.Text(field)))
                {
                    errors.Invalid($"{path}.{field}", "\"\"", $"{field} must not be empty");
                }
            }

            if (owner.Text("kind") == "Event" && apiVersion is "v1" or "events.k8s.io/v1")
            {
                errors.Invalid(path, owner.ToJsonString(), $"{apiVersion}, Kind=Event is disallowed from being an owner");
            }

            if (owner.Flag("controller") == true)
            {
                if (controller is not null)
                {
                    errors.Invalid(
                        "metadata.ownerReferences",
                        metadata["ownerReferences"]!.ToJsonString(),
                        $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {owner.Text("name")}");
                }

                controller = owner.Text("name");
            }
        }
    }

    private static void ValidateFinalizers(KindDefinition kind, JsonObject metadata, FieldErrors errors)
    {
        var finalizers = metadata.Texts("finalizers");
        for (var i = 0; i < finalizers.Count; i++)
        {
            var name = finalizers[i];
            if (QualifiedNameFault(name) is { } fault)
            {
                errors.Invalid("metadata.finalizers", $"\"{name}\"", fault);
            }
            else if (!kind.Custom && kind.Group != "apiextensions.k8s.io" && !name.Contains('/') && !IsStandardFinalizer(name))
            {
                errors.Invalid($"metadata.finalizers[{i}]", $"\"{name}\"", "name is neither a standard finalizer name nor is it fully qualified");
            }
        }

        if (finalizers.Contains("orphan") && finalizers.Contains("foregroundDeletion"))
        {
            errors.Invalid("metadata.finalizers", metadata["finalizers"]!.ToJsonString(), "finalizer orphan and foregroundDeletion cannot be both set");
        }
    }

    private static bool IsStandardFinalizer(string name) => name is "kubernetes" or "orphan" or "foregroundDeletion";

    private static string Quote(JsonNode? node) => node?.ToJsonString() ?? "\"\"";

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex DnsLabel();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex QualifiedName();
}
