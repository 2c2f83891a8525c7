using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Rules of one container.</summary>
internal static partial class ContainerRules
{
    private static readonly string[] Handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

    private const string EnvName =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";

    /// <summary>Checks a container.</summary>
    public static void Check(JsonObject container, string path, string list, HashSet<string> volumes, FieldErrors errors)
    {
        // The schema does not require an image, since other tools may fill it in; running without one is impossible.
        if (container.Text("image") is null or "")
        {
            errors.Required($"{path}.image");
        }
        else if (container.Text("image")!.Trim() != container.Text("image"))
        {
            errors.Invalid($"{path}.image", Rules.Quote(container["image"]), "must not have leading or trailing whitespace");
        }

        Rules.OneOf(container["imagePullPolicy"], $"{path}.imagePullPolicy", errors, "Always", "IfNotPresent", "Never");
        Rules.OneOf(container["terminationMessagePolicy"], $"{path}.terminationMessagePolicy", errors, "FallbackToLogsOnError", "File");
        Ports(container, path, errors);
        Environment(container, path, errors);
        Mounts(container, path, volumes, errors);
        ResourceRules.Check(container.Object("resources"), $"{path}.resources", errors);
        if (list == "initContainers" && container.Text("restartPolicy") != "Always")
        {
            foreach (var name in (ReadOnlySpan<string>)["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"])
            {
                if (container.ContainsKey(name))
                {
                    errors.Forbidden($"{path}.{name}", "may not be set for init containers without restartPolicy=Always");
                }
            }

            return;
        }

        Probe(container.Object("livenessProbe"), $"{path}.livenessProbe", onceIsEnough: true, errors);
        Probe(container.Object("startupProbe"), $"{path}.startupProbe", onceIsEnough: true, errors);
        Probe(container.Object("readinessProbe"), $"{path}.readinessProbe", onceIsEnough: false, errors);
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var port in container.Objects("ports"))
        {
            var at = $"{path}.ports[{index++}]";
            if (port.Text("name") is { Length: > 0 } name)
            {
                Rules.PortName(name, $"{at}.name", errors);
                if (!names.Add(name))
                {
                    errors.Duplicate($"{at}.name", $"\"{name}\"");
                }
            }

            if (port.Integer("containerPort") is null or 0)
            {
                errors.Required($"{at}.containerPort");
            }
            else
            {
                Rules.Port(port["containerPort"], $"{at}.containerPort", errors);
            }

            if (port.Integer("hostPort") is not 0)
            {
                Rules.Port(port["hostPort"], $"{at}.hostPort", errors);
            }

            Rules.OneOf(port["protocol"], $"{at}.protocol", errors, "SCTP", "TCP", "UDP");
        }
    }

    private static void Environment(JsonObject container, string path, FieldErrors errors)
    {
        var index = 0;
        foreach (var variable in container.Objects("env"))
        {
            var at = $"{path}.env[{index++}]";
            if (variable.Text("name") is { Length: > 0 } name && !Printable().IsMatch(name))
            {
                errors.Invalid($"{at}.name", $"\"{name}\"", EnvName);
            }

            if (variable.Object("valueFrom") is { } source)
            {
                if (variable.Text("value") is { Length: > 0 })
                {
                    errors.Invalid($"{at}.valueFrom", "\"\"", "may not be specified when `value` is not empty");
                }

                if (source.Count == 0)
                {
                    errors.Invalid($"{at}.valueFrom", "\"\"", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
                }
                else if (source.Count > 1)
                {
                    errors.Invalid($"{at}.valueFrom", "\"\"", "may not have more than one field specified at a time");
                }
            }
        }
    }

    private static void Mounts(JsonObject container, string path, HashSet<string> volumes, FieldErrors errors)
    {
        var points = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var mount in container.Objects("volumeMounts"))
        {
            var at = $"{path}.volumeMounts[{index++}]";
            if (mount.Text("name") is { Length: > 0 } name && !volumes.Contains(name))
            {
                errors.Add("FieldValueNotFound", $"{at}.name", $"Not found: \"{name}\"");
            }

            if (mount.Text("mountPath") is { Length: > 0 } point && !points.Add(point))
            {
                errors.Invalid($"{at}.mountPath", $"\"{point}\"", "must be unique");
            }

            if (mount.Text("subPath") is { Length: > 0 } sub && (sub.StartsWith('/') || sub.Split('/').Contains("..")))
            {
                errors.Invalid($"{at}.subPath", $"\"{sub}\"", sub.StartsWith('/') ? "must be a relative path" : "must not contain '..'");
            }
        }
    }

    private static void Probe(JsonObject? probe, string path, bool onceIsEnough, FieldErrors errors)
    {
        if (probe is null)
        {
            return;
        }

        var handlers = Handlers.Where(probe.ContainsKey).ToList();
        if (handlers.Count == 0)
        {
            errors.Required(path, "must specify a handler type");
        }

        foreach (var extra in handlers.Skip(1))
        {
            errors.Forbidden($"{path}.{extra}", "may not specify more than 1 handler type");
        }

        foreach (var handler in handlers)
        {
            Rules.PortOrName(probe.At(handler, "port"), $"{path}.{handler}.port", errors);
        }

        Rules.OneOf(probe.At("httpGet", "scheme"), $"{path}.httpGet.scheme", errors, "HTTP", "HTTPS");
        foreach (var name in (ReadOnlySpan<string>)["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"])
        {
            Rules.NotNegative(probe[name], $"{path}.{name}", errors);
        }

        if (onceIsEnough && probe.Integer("successThreshold") is { } successes && successes != 1)
        {
            errors.Invalid($"{path}.successThreshold", $"{successes}", "must be 1");
        }
    }

    [GeneratedRegex("^[ -<>-~]+$")]
    private static partial Regex Printable();
}
