using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>A container that cannot be made yet, in a kubelet's words.</summary>
/// <param name="message">What is missing.</param>
internal sealed class ContainerConfigException(string message) : Exception(message);

/// <summary>Fills in a container's variables as a kubelet does: whole ConfigMaps and Secrets first, then one by one in order, each seeing those before it.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="pod">The pod.</param>
/// <param name="podIp">Its address.</param>
/// <param name="hostIp">Address of its node.</param>
/// <param name="immutable">What a pod has read of immutable ConfigMaps and Secrets, which is not read again.</param>
internal sealed class ContainerEnvironment(ICluster cluster, JsonObject pod, string podIp, string hostIp, IDictionary<ObjectRef, IReadOnlyDictionary<string, byte[]>> immutable)
{
    private static readonly ResourceName Secrets = new("", "secrets");

    /// <summary>The variables of a container.</summary>
    /// <exception cref="ContainerConfigException">Something that is referred to is not there.</exception>
    public IReadOnlyDictionary<string, string> Of(JsonObject container)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOSTNAME"] = pod.Text("spec", "hostname") is { Length: > 0 } hostname ? hostname : pod.Name(),
        };
        foreach (var source in container.Objects("envFrom"))
        {
            var prefix = source.Text("prefix") ?? "";
            foreach (var (name, value) in All(source))
            {
                variables[prefix + name] = value;
            }
        }

        foreach (var variable in container.Objects("env"))
        {
            var name = variable.Text("name") ?? "";
            if (variable.Object("valueFrom") is not { } source)
            {
                variables[name] = Expand(variable.Text("value") ?? "", variables);
            }
            else if (ValueFrom(source, container) is { } value)
            {
                variables[name] = value;
            }
        }

        return variables;
    }

    /// <summary>Replaces <c>$(NAME)</c> by the variable's value; one that is not known stays, and <c>$$</c> is a dollar sign.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '$' || at + 1 == text.Length)
            {
                result.Append(text[at]);
            }
            else if (text[at + 1] == '$')
            {
                result.Append('$');
                at++;
            }
            else if (text[at + 1] == '(' && text.IndexOf(')', at) is > 0 and var end)
            {
                var name = text[(at + 2)..end];
                result.Append(variables.TryGetValue(name, out var value) ? value : text[at..(end + 1)]);
                at = end;
            }
            else
            {
                result.Append('$');
            }
        }

        return result.ToString();
    }

    /// <summary>The data of a ConfigMap or Secret, by key; null when it is not there and need not be.</summary>
    /// <exception cref="ContainerConfigException">It is not there.</exception>
    public IReadOnlyDictionary<string, byte[]>? Data(bool secret, string name, bool optional)
    {
        var key = new ObjectRef(secret ? Secrets : Resources.ConfigMaps, pod.Namespace(), name);
        if (immutable.TryGetValue(key, out var kept))
        {
            return kept;
        }

        if (cluster.Get(key) is not { } found)
        {
            return optional ? null : throw new ContainerConfigException($"{(secret ? "secret" : "configmap")} \"{name}\" not found");
        }

        var data = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (entry, value) in found.Object("data") ?? [])
        {
            data[entry] = secret ? Convert.FromBase64String(value.Text() ?? "") : Encoding.UTF8.GetBytes(value.Text() ?? "");
        }

        foreach (var (entry, value) in found.Object("binaryData") ?? [])
        {
            data[entry] = Convert.FromBase64String(value.Text() ?? "");
        }

        if (found.Flag("immutable") == true)
        {
            immutable[key] = data;
        }

        return data;
    }

    /// <summary>A field of the pod, as the downward API names it.</summary>
    public string Field(string path) => path switch
    {
        "metadata.name" => pod.Name(),
        "metadata.namespace" => pod.Namespace() ?? "",
        "metadata.uid" => pod.Uid(),
        "spec.nodeName" => pod.Text("spec", "nodeName") ?? "",
        "spec.serviceAccountName" => pod.Text("spec", "serviceAccountName") ?? "",
        "status.podIP" or "status.podIPs" => podIp,
        "status.hostIP" or "status.hostIPs" => hostIp,
        "metadata.labels" => Entries("labels"),
        "metadata.annotations" => Entries("annotations"),
        _ when path.Split('\'') is [var field and ("metadata.labels[" or "metadata.annotations["), var key, "]"] => pod.Text("metadata", field.Split('.', '[')[1], key) ?? "",
        _ => throw new ContainerConfigException($"unsupported fieldPath: {path}"),
    };

    private string Entries(string field) =>
        string.Join('\n', (pod.Object("metadata", field) ?? []).Select(entry => $"{entry.Key}={JsonValue.Create(entry.Value.Text() ?? "").ToJsonString()}"));

    private IEnumerable<(string Name, string Value)> All(JsonObject source)
    {
        var secret = source["secretRef"] is not null;
        var reference = source.Object(secret ? "secretRef" : "configMapRef");
        return (Data(secret, reference.Text("name") ?? "", reference.Flag("optional") == true) ?? new Dictionary<string, byte[]>())
            .Select(entry => (entry.Key, Encoding.UTF8.GetString(entry.Value)));
    }

    private string? ValueFrom(JsonObject source, JsonObject container)
    {
        if (source.Object("fieldRef") is { } field)
        {
            return Field(field.Text("fieldPath") ?? "");
        }

        if (source.Object("resourceFieldRef") is { } resource)
        {
            return Amount(resource, container);
        }

        var secret = source["secretKeyRef"] is not null;
        var reference = source.Object(secret ? "secretKeyRef" : "configMapKeyRef");
        var (name, key, optional) = (reference.Text("name") ?? "", reference.Text("key") ?? "", reference.Flag("optional") == true);
        if (Data(secret, name, optional) is not { } data)
        {
            return null;
        }

        return data.TryGetValue(key, out var value) ? Encoding.UTF8.GetString(value)
            : optional ? null
            : throw new ContainerConfigException($"couldn't find key {key} in {(secret ? "Secret" : "ConfigMap")} {pod.Namespace()}/{name}");
    }

    private static string Amount(JsonObject reference, JsonObject container)
    {
        var parts = (reference.Text("resource") ?? "").Split('.', 2);
        var amount = Value(container.At("resources", parts[0], parts[^1])) ?? (parts[0] == "limits" ? Value(container.At("resources", "requests", parts[^1])) : null) ?? 0;
        return Math.Ceiling(amount / (Value(reference["divisor"]) is { } divisor and > 0 ? divisor : 1)).ToString(CultureInfo.InvariantCulture);
    }

    private static decimal? Value(JsonNode? quantity) =>
        quantity is JsonValue value && Quantity.TryParse(value.Text() ?? value.ToJsonString(), out var parsed) ? parsed.AsDecimal : null;
}
