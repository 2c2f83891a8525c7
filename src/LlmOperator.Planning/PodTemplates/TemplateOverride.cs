using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.PodTemplates;

/// <summary>A user's pod template over the operator's.</summary>
internal static class TemplateOverride
{
    private const string Root = "spec.podTemplate";

    /// <summary>Fields of the engine's container with one of their own in the spec, on which more than the container hangs.</summary>
    private static readonly Dictionary<string, string> EngineFields = new(StringComparer.Ordinal)
    {
        ["args"] = "spec.engine.args",
        ["command"] = "spec.engine.command",
        ["ports"] = "spec.engine.port",
    };

    /// <summary>Why a template cannot be followed; null when it can.</summary>
    /// <param name="template">The user's.</param>
    /// <param name="ours">The operator's.</param>
    /// <param name="accelerator">Resource by which the engine's container asks for accelerators.</param>
    public static SpecProblem? Problem(JsonElement? template, PodTemplateSpec ours, string accelerator)
    {
        if (template is not { ValueKind: not JsonValueKind.Null } given)
        {
            return null;
        }

        var problem = TemplateFields.Problem(given, Root) ?? Contract(given);
        if (problem is null)
        {
            try
            {
                problem = Accelerators(Apply(given, ours), ours, accelerator);
            }
            catch (JsonException error)
            {
                problem = $"{Root} lacks a field that must be there: {error.Message}";
            }
        }

        return problem is null ? null : new("PodTemplateInvalid", problem);
    }

    /// <summary>Memory, cost and parallelism are reckoned with the number of accelerators in the spec.</summary>
    private static string? Accelerators(PodTemplateSpec merged, PodTemplateSpec ours, string accelerator)
    {
        return Count(merged) == Count(ours)
            ? null
            : $"{Root}.spec.containers[{EngineContainer.Name}].resources.limits.{accelerator} is made from the spec: set spec.accelerator.count instead";

        Quantity? Count(PodTemplateSpec template) =>
            template.Spec?.Containers?.FirstOrDefault(container => container.Name == EngineContainer.Name)?.Resources?.Limits?.TryGetValue(accelerator, out var count) == true ? count : null;
    }

    /// <summary>The operator's template with the user's merged over it.</summary>
    public static PodTemplateSpec Apply(JsonElement? template, PodTemplateSpec ours)
    {
        if (template is not { ValueKind: JsonValueKind.Object } given)
        {
            return ours;
        }

        var original = (JsonObject)JsonSerializer.SerializeToNode(ours, KubeJson.Default.PodTemplateSpec)!;
        var merged = TemplateMerge.Merge(original, JsonObject.Create(given)!);
        return merged.Deserialize(KubeJson.Default.PodTemplateSpec)!;
    }

    /// <summary>What the operator stands on: its labels, by which pods are found, and the engine's container.</summary>
    private static string? Contract(JsonElement template)
    {
        foreach (var part in template.EnumerateObject())
        {
            var problem = part.Name switch
            {
                "metadata" => Metadata(part.Value),
                "spec" => Spec(part.Value),
                _ => $"{Root}.{part.Name} would take away what the operator makes: leave it out",
            };
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? Metadata(JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object)
        {
            return $"{Root}.metadata cannot be removed: leave it out";
        }

        foreach (var entry in metadata.EnumerateObject())
        {
            if (entry.Name is not ("labels" or "annotations") || entry.Value.ValueKind != JsonValueKind.Object)
            {
                return $"{Root}.metadata.{entry.Name} cannot be set: of a pod's metadata a template has labels and annotations";
            }

            foreach (var label in entry.Value.EnumerateObject().Where(_ => entry.Name == "labels"))
            {
                if (label.Name.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal) || label.Name is "app.kubernetes.io/component" or "app.kubernetes.io/managed-by" or TemplateMerge.Directive)
                {
                    return $"{Root}.metadata.labels[{label.Name}] is the operator's, which finds its pods by it: use another label";
                }
            }
        }

        return null;
    }

    private static string? Spec(JsonElement spec)
    {
        if (spec.ValueKind != JsonValueKind.Object || spec.TryGetProperty(TemplateMerge.Directive, out _))
        {
            return $"{Root}.spec would take away what the operator makes: give the fields to change alone";
        }

        if (!spec.TryGetProperty("containers", out var containers))
        {
            return null;
        }

        if (containers.ValueKind != JsonValueKind.Array)
        {
            return $"{Root}.spec.containers would take away the engine: give the containers to change or add";
        }

        foreach (var container in containers.EnumerateArray())
        {
            var hasDirective = container.TryGetProperty(TemplateMerge.Directive, out var directive) && directive.GetString() != "merge";
            var name = container.TryGetProperty("name", out var given) ? given.GetString() : null;
            if (hasDirective && name is null or EngineContainer.Name)
            {
                return $"{Root}.spec.containers would take away the engine: remove {TemplateMerge.Directive}";
            }

            if (name == EngineContainer.Name && container.EnumerateObject().Select(field => field.Name).FirstOrDefault(EngineFields.ContainsKey) is { } field)
            {
                return $"{Root}.spec.containers[{EngineContainer.Name}].{field} is made from the spec: set {EngineFields[field]} instead";
            }
        }

        return null;
    }
}
