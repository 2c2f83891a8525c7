using System.Text.RegularExpressions;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>What a pod names and the kubelet does not find: images, Secrets and ConfigMaps. The cause names the field of the endpoint or model the name comes from.</summary>
internal sealed class ReferenceDiagnosis(EndpointObservation observed)
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly Regex Quoted = new("\"(?<image>[^\" ]{1,600})\"", Linear);
    private static readonly Regex MissingKey = new(@"couldn't find key (?<key>\S+) in (?<kind>Secret|ConfigMap) (?:[^/\s]+/)?(?<name>\S+)", Linear);
    private static readonly Regex Missing = new("(?<kind>secret|configmap) \"(?<name>[^\"]+)\" not found", Linear | RegexOptions.IgnoreCase);

    // In the order of how much they tell: a message that was made of several names the last try first.
    private static readonly (string What, string[] Texts)[] PullFailures =
    [
        ("platform", ["no match for platform", "no matching manifest for"]),
        ("limit", ["toomanyrequests", "429 Too Many Requests", "rate limit"]),
        ("access", ["401 Unauthorized", "403 Forbidden", "unauthorized", "authorization failed", "pull access denied", "access denied", "denied:", "authentication required", "no basic auth credentials", "insufficient_scope"]),
        ("missing", ["not found", "manifest unknown", "name unknown", "does not exist", "NotFound"]),
        ("disk", ["no space left on device"]),
        ("certificate", ["x509:", "certificate"]),
        ("network", ["no such host", "i/o timeout", "connection refused", "connection reset", "network is unreachable", "TLS handshake timeout", "context deadline exceeded", "EOF", "server misbehaving", "502 Bad Gateway", "503 Service Unavailable"]),
    ];

    /// <summary>An image that cannot be had.</summary>
    /// <param name="container">Container that waits for it.</param>
    /// <param name="reason">The kubelet's word.</param>
    /// <param name="words">Its sentence.</param>
    public FailureCause Image(ContainerStatus container, string reason, string words)
    {
        // A volume made of an image fails in the same words, with the volume's image in them.
        var model = observed.Model?.Spec?.Source.Oci?.Image;
        var named = Quoted.Match(words) is { Success: true } match ? match.Groups["image"].Value : null;
        var isModel = model is not null && named is not null && named != container.Image && named.Split('@', ':')[0].EndsWith(model.Split('@', ':')[0], StringComparison.Ordinal);
        var image = LogText.Sentence(isModel ? model : container.Image ?? named ?? "");
        var (field, secrets) = container.Name == PromptTraceSidecar.Name ? ("--prompt-trace-image of the operator, or the image of container prompt-trace in spec.podTemplate", PullSecrets())
            : isModel ? ("spec.source.oci.image of the LlmModel", "spec.source.oci.pullSecretRef of the LlmModel") : ("spec.engine.image", PullSecrets());
        if (reason == "InvalidImageName")
        {
            return new("ImagePullFailed", $"\"{image}\" is no name of an image: correct {field}");
        }

        if (reason == "ErrImageNeverPull")
        {
            return new("ImagePullFailed", $"image {image} is not on the node and spec.engine.imagePullPolicy is Never: set it to IfNotPresent, or bring the image to the node");
        }

        var what = PullFailures.FirstOrDefault(failure => Array.Exists(failure.Texts, text => words.Contains(text, StringComparison.OrdinalIgnoreCase))).What;
        var cause = what switch
        {
            "platform" => $"image {image} is not built for the node's processor: set {field} to one that is, or spec.scheduling.nodeSelector to another kubernetes.io/arch",
            "limit" => $"the registry limits how often image {image} is pulled: name a pull secret in {secrets}, or set {field} to a mirror",
            "access" => $"the registry does not let the node pull image {image}, or has none of that name: name a Secret of type kubernetes.io/dockerconfigjson in {secrets}, or correct {field}",
            "missing" => $"there is no image {image}: correct {field}",
            "disk" => $"the node's disk has no room for image {image}: use nodes with larger disks, or remove what fills them",
            "certificate" => $"the node does not trust the registry of image {image}: give its container runtime the registry's certificate authority, or set {field} to another registry",
            "network" => $"the node cannot reach the registry of image {image}: allow it the way out, or set {field} to a mirror it reaches",
            _ => $"image {image} cannot be pulled: check {field} and {secrets}",
        };

        // The words of the last try differ in addresses and request ids; what they come to does not.
        return new(what == "platform" ? "ImageArchitectureMismatch" : "ImagePullFailed", what is null && words.Length > 0 ? $"{cause}; the kubelet says: {words}" : cause) { IsVague = what is null };
    }

    /// <summary>A Secret or ConfigMap, or a key of one, that is not there, or another part of the container's definition that cannot be followed.</summary>
    /// <param name="words">The kubelet's sentence.</param>
    public FailureCause Configuration(string words)
    {
        if (MissingKey.Match(words) is { Success: true } key)
        {
            var (kind, name) = (key.Groups["kind"].Value, key.Groups["name"].Value);
            return new(kind + "KeyNotFound", $"{kind} {name} has no key {key.Groups["key"].Value}: add it, or correct {Field(kind, name)}");
        }

        if (Missing.Match(words) is { Success: true } missing)
        {
            var kind = missing.Groups["kind"].Value.Equals("secret", StringComparison.OrdinalIgnoreCase) ? "Secret" : "ConfigMap";
            var name = missing.Groups["name"].Value;
            return new(kind + "NotFound", $"there is no {kind} {name} in namespace {observed.Endpoint.Metadata.Namespace}: create it, or correct {Field(kind, name)}");
        }

        return new(
            "ContainerConfigInvalid",
            words.Contains("runAsNonRoot", StringComparison.Ordinal)
                ? $"the image runs as root, which pods of the operator do not: set spec.engine.image to one that runs as any user, or securityContext in spec.podTemplate; the kubelet says: {words}"
                : $"the container cannot be made as it is defined: {words}");
    }

    private string PullSecrets() => observed.Endpoint.Spec?.ImagePullSecrets is { Count: > 0 } named
        ? $"spec.imagePullSecrets (now {string.Join(", ", named.Select(secret => secret.Name))})"
        : "spec.imagePullSecrets (none is named now)";

    /// <summary>Where a name comes from.</summary>
    private string Field(string kind, string name)
    {
        var variable = observed.Endpoint.Spec?.Engine?.Env?.FirstOrDefault(variable => (kind == "Secret" ? variable.ValueFrom?.SecretKeyRef?.Name : variable.ValueFrom?.ConfigMapKeyRef?.Name) == name);
        var source = observed.Model?.Spec?.Source;
        return variable is not null ? $"spec.engine.env, variable {variable.Name}"
            : kind == "Secret" && observed.Endpoint.Spec?.PromptTrace?.Exporters?.FirstOrDefault(exporter => TraceExporters.SecretNames(exporter).Contains(name)) is { } exporter
                ? $"{(exporter.ApiKeySecretRef?.Name == name ? "apiKeySecretRef" : "headersSecretRef")} of spec.promptTrace.exporters[{exporter.Name}]"
            : kind == "Secret" && source?.HuggingFace?.TokenSecretRef?.Name == name ? $"spec.source.huggingFace.tokenSecretRef of LlmModel {observed.Model!.Metadata.Name}"
            : kind == "Secret" && source?.S3?.CredentialsSecretRef?.Name == name ? $"spec.source.s3.credentialsSecretRef of LlmModel {observed.Model!.Metadata.Name}"
            : "the field that names it (spec.engine.env, spec.podTemplate, or spec.source of the LlmModel)";
    }
}
