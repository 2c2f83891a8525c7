using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Rules of pod specs, in pods and in templates alike.</summary>
internal static class PodRules
{
    private static readonly string[] Lists = ["initContainers", "containers", "ephemeralContainers"];

    /// <summary>Checks a template.</summary>
    /// <param name="template">Template.</param>
    /// <param name="path">Path of the template.</param>
    /// <param name="errors">Where faults are told.</param>
    /// <param name="provided">Names of volumes its pods get besides those of the template.</param>
    public static void Template(JsonObject? template, string path, FieldErrors errors, IEnumerable<string>? provided = null)
    {
        if (template.Object("metadata", "labels") is { } labels)
        {
            ObjectMetaRules.ValidateLabels(labels, $"{path}.labels", errors);
        }

        Spec(template.Object("spec") ?? [], $"{path}.spec", errors, provided);
    }

    /// <summary>Checks a pod spec.</summary>
    public static void Spec(JsonObject spec, string path, FieldErrors errors, IEnumerable<string>? provided = null)
    {
        var volumes = Volumes(spec, path, errors);
        volumes.UnionWith(provided ?? []);
        if (spec["containers"] is JsonArray { Count: 0 })
        {
            errors.Required($"{path}.containers");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var list in Lists)
        {
            var index = 0;
            foreach (var container in spec.Objects(list))
            {
                var at = $"{path}.{list}[{index++}]";
                var name = container.Text("name") ?? "";
                Rules.Label(name, $"{at}.name", errors);
                if (name.Length > 0 && !names.Add(name))
                {
                    errors.Duplicate($"{at}.name", $"\"{name}\"");
                }

                ContainerRules.Check(container, at, list, volumes, errors);
            }
        }

        Rules.OneOf(spec["restartPolicy"], $"{path}.restartPolicy", errors, "Always", "OnFailure", "Never");
        Rules.OneOf(spec["dnsPolicy"], $"{path}.dnsPolicy", errors, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        Rules.NotNegative(spec["terminationGracePeriodSeconds"], $"{path}.terminationGracePeriodSeconds", errors);
        if (spec.Integer("activeDeadlineSeconds") is { } deadline && deadline is < 1 or > int.MaxValue)
        {
            errors.Invalid($"{path}.activeDeadlineSeconds", $"{deadline}", $"must be between 1 and {int.MaxValue}, inclusive");
        }

        if (spec.Object("nodeSelector") is { } nodeSelector)
        {
            ObjectMetaRules.ValidateLabels(nodeSelector, $"{path}.nodeSelector", errors);
        }

        foreach (var name in (ReadOnlySpan<string>)["nodeName", "serviceAccountName", "priorityClassName"])
        {
            if (spec.Text(name) is { Length: > 0 } text && ObjectMetaRules.SubdomainFault(text) is { } fault)
            {
                errors.Invalid($"{path}.{name}", $"\"{text}\"", fault);
            }
        }

        Rules.Label(spec.Text("hostname"), $"{path}.hostname", errors);
        Rules.Label(spec.Text("subdomain"), $"{path}.subdomain", errors);
        SchedulingRules.Check(spec, path, errors);
    }

    private static HashSet<string> Volumes(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var volume in spec.Objects("volumes"))
        {
            var at = $"{path}.volumes[{index++}]";
            var name = volume.Text("name") ?? "";
            Rules.Label(name, $"{at}.name", errors);
            if (name.Length > 0 && !names.Add(name))
            {
                errors.Duplicate($"{at}.name", $"\"{name}\"");
            }

            var sources = volume.Where(field => field.Key != "name").Select(field => field.Key).ToList();
            foreach (var extra in sources.Skip(1))
            {
                errors.Forbidden($"{at}.{extra}", "may not specify more than 1 volume type");
            }

            if (volume.Object("secret") is { } secret && string.IsNullOrEmpty(secret.Text("secretName")))
            {
                errors.Required($"{at}.secret.secretName");
            }

            if (volume.Object("configMap") is { } configMap && string.IsNullOrEmpty(configMap.Text("name")))
            {
                errors.Required($"{at}.configMap.name");
            }
        }

        return names;
    }
}
