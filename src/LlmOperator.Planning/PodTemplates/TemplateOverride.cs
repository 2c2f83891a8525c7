using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;

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
                var merged = Apply(given, ours);
                problem = Accelerators(merged, ours, accelerator) ?? Sidecar(merged, ours) ?? Ports(merged, ours) ?? Probes(merged, ours);
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

    /// <summary>Probes, the Service and the network policy stand on the sidecar: it may be changed, but not be taken away, replaced or moved.</summary>
    private static string? Sidecar(PodTemplateSpec merged, PodTemplateSpec ours)
    {
        const string Name = PromptTraceSidecar.Name;
        if (InitContainer(ours) is not { } wanted)
        {
            return null;
        }

        if (merged.Spec?.Containers?.Any(container => container.Name == Name) == true)
        {
            return $"{Root}.spec.containers[{Name}] has the name of the operator's sidecar: change that as {Root}.spec.initContainers[{Name}], give another container another name, or set spec.promptTrace.enabled to false";
        }

        return InitContainer(merged) is { RestartPolicy: "Always", Command: null or { Count: 0 } } sidecar && (sidecar.Ports ?? []).SequenceEqual(wanted.Ports!)
            ? null
            : $"{Root}.spec.initContainers[{Name}] is what requests reach the engine through: its image, env, resources, volumeMounts and probes may be changed, its ports, command and restartPolicy not; to do without it set spec.promptTrace.enabled to false";

        static Container? InitContainer(PodTemplateSpec template) => template.Spec?.InitContainers?.FirstOrDefault(container => container.Name == Name);
    }

    /// <summary>The containers of a pod share its ports, and the Service finds its by name.</summary>
    private static string? Ports(PodTemplateSpec merged, PodTemplateSpec ours)
    {
        var taken = Containers(ours).SelectMany(container => (container.Ports ?? []).Select(port => (container.Name, Port: port))).ToList();
        foreach (var container in Containers(merged).Where(container => !taken.Exists(entry => entry.Name == container.Name)))
        {
            foreach (var port in container.Ports ?? [])
            {
                if (port.Name == EngineContainer.PortName)
                {
                    return $"{Root}: container {container.Name} has a port named {EngineContainer.PortName}, by which the Service finds the engine: give the port another name";
                }

                if (taken.Find(entry => entry.Port.Port == port.Port && (port.Protocol ?? "TCP") == "TCP") is { Name: { } holder })
                {
                    return $"{Root}: container {container.Name} has port {port.Port}, which is that of container {holder}: give it another port";
                }
            }
        }

        return null;

        static IEnumerable<Container> Containers(PodTemplateSpec template) =>
            (template.Spec?.Containers ?? []).Concat((template.Spec?.InitContainers ?? []).Where(container => container.RestartPolicy == "Always"));
    }

    /// <summary>The kubelet asks at the pod's address, where an engine behind the sidecar does not listen, and looks for the names of ports in the container alone.</summary>
    private static string? Probes(PodTemplateSpec merged, PodTemplateSpec ours)
    {
        if (ours.Spec?.InitContainers?.FirstOrDefault(container => container.Name == PromptTraceSidecar.Name)?.Ports?[0].Port is not { } served
            || merged.Spec?.Containers?.FirstOrDefault(container => container.Name == EngineContainer.Name) is not { } engine)
        {
            return null;
        }

        (string Name, Probe? Probe)[] probes = [("startupProbe", engine.StartupProbe), ("readinessProbe", engine.ReadinessProbe), ("livenessProbe", engine.LivenessProbe)];
        foreach (var (name, probe) in probes)
        {
            IntOrString? port = probe?.HttpGet?.Port ?? probe?.TcpSocket?.Port;
            if (port is { } asked && (asked.Text is not null || engine.Ports?.Any(own => own.Port == asked.Number) == true))
            {
                return $"{Root}.spec.containers[{EngineContainer.Name}].{name} asks port {asked}, and the engine is reached through the sidecar: set the port to {served}";
            }
        }

        return null;
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
