namespace LlmOperator.Configuration;

/// <summary>A setting: its names in every place it can be set, and what it does.</summary>
/// <param name="Name">Name in a file, in camelCase; the others follow from it.</param>
/// <param name="Placeholder">What stands for its value in the help; null for a switch.</param>
/// <param name="Description">What it does.</param>
internal sealed record Setting(string Name, string? Placeholder, string Description)
{
    public static readonly Setting Kubeconfig = new("kubeconfig", "FILE", "Kubeconfig file. Default: KUBECONFIG, the pod's service account, or ~/.kube/config");
    public static readonly Setting Context = new("context", "NAME", "Context of the kubeconfig. Default: its current one");
    public static readonly Setting Namespace = new("namespace", "NAME", "Namespace to look after. Default: all");
    public static readonly Setting LeaderElect = new("leaderElect", null, "Work only while holding a lease, so that several operators can stand by");
    public static readonly Setting LeaderElectionNamespace = new("leaderElectionNamespace", "NAME", "Namespace of the lease. Default: the operator's own");
    public static readonly Setting MetricsBindAddress = new("metricsBindAddress", "[HOST]:PORT", "Address of /metrics; 0 for none. Default: :8080");
    public static readonly Setting HealthProbeBindAddress = new("healthProbeBindAddress", "[HOST]:PORT", "Address of /healthz and /readyz; 0 for none. Default: :8081");
    public static readonly Setting WebhookBindAddress = new("webhookBindAddress", "[HOST]:PORT", "Address of the validating webhook; 0 for none. Default: :9443");
    public static readonly Setting WebhookUrl = new("webhookUrl", "URL", "Address the API server reaches the webhook under when the operator runs outside the cluster; port 0 is the port listened on. Default: a Service leads to it");
    public static readonly Setting WebhookCertDir = new("webhookCertDir", "FOLDER", "Folder with tls.crt and tls.key of the webhook, read again when they change. Default: the operator makes its own certificate");
    public static readonly Setting LicensePolicy = new("licensePolicy", "POLICY", "What to do about a model without a licence: Warn, Refuse or Ignore. Default: Warn");
    public static readonly Setting Workers = new("workers", "N", "Objects of a kind worked on at the same time. Default: 4");
    public static readonly Setting Accelerators = new("accelerators", "FILE", "Accelerator catalogue that replaces the built-in one");
    public static readonly Setting HuggingFaceEndpoint = new("huggingFaceEndpoint", "URL", "Hub, mirror or proxy for models that name no endpoint. Default: HF_ENDPOINT, or https://huggingface.co");
    public static readonly Setting RegistryPollInterval = new("registryPollInterval", "TIME", "How often registries are asked whether a branch or tag has moved: 90s, 10m, 2h. Default: 10m");
    public static readonly Setting FetcherImage = new("fetcherImage", "IMAGE", "Image of the operator, which Jobs run that fill the caches of models. Default: that of the operator's own pod");
    public static readonly Setting PromptTraceImage = new("promptTraceImage", "IMAGE", "Image of the prompt-trace sidecar. Default: the one of the operator's version");
    public static readonly Setting ReplaceSidecars = new("replaceSidecars", null, "Replace the pods of endpoints whenever promptTraceImage changes. Default: they keep their sidecar until the endpoint itself changes");
    public static readonly Setting Gateway = new("gateway", "BOOL", "Whether namespaces with endpoints get a gateway. Default: true");
    public static readonly Setting GatewayImage = new("gatewayImage", "IMAGE", "Image of the gateway. Default: the one of the operator's version");
    public static readonly Setting GatewayReplicas = new("gatewayReplicas", "N", "Pods of a gateway. Default: 2");
    public static readonly Setting TraceEndpoint = new("traceEndpoint", "URL", "OTLP receiver of endpoints that name no exporter, and of gateways. Default: none");
    public static readonly Setting QdrantImage = new("qdrantImage", "IMAGE", "Image of managed Qdrants without its tag, for example that of a mirror; the tag is vVERSION-unprivileged. Default: docker.io/qdrant/qdrant");
    public static readonly Setting ServiceMonitorLabels = new("serviceMonitorLabels", "NAME=VALUE,...", "Labels of ServiceMonitors, by which your Prometheus chooses them. Default: none");
    public static readonly Setting LogLevel = new("logLevel", "LEVEL", "Trace, Debug, Information, Warning or Error. Default: Information");
    public static readonly Setting ShutdownTimeoutSeconds = new("shutdownTimeoutSeconds", "N", "Seconds a stop waits for what is in hand. Default: 30");

    public static readonly IReadOnlyList<Setting> All =
    [
        Kubeconfig, Context, Namespace, LeaderElect, LeaderElectionNamespace, MetricsBindAddress, HealthProbeBindAddress,
        WebhookBindAddress, WebhookUrl, WebhookCertDir, LicensePolicy, Workers, Accelerators, HuggingFaceEndpoint, RegistryPollInterval, FetcherImage,
        PromptTraceImage, ReplaceSidecars, Gateway, GatewayImage, GatewayReplicas, TraceEndpoint, QdrantImage, ServiceMonitorLabels, LogLevel, ShutdownTimeoutSeconds,
    ];

    /// <summary>Command line option: <c>--leader-elect</c>.</summary>
    public string Option => "--" + Separated('-').ToLowerInvariant();

    /// <summary>Environment variable: <c>LLM_OPERATOR__LEADER_ELECT</c>.</summary>
    public string Variable => "LLM_OPERATOR__" + Separated('_').ToUpperInvariant();

    private string Separated(char separator) =>
        string.Concat(Name.Select(letter => char.IsAsciiLetterUpper(letter) ? $"{separator}{letter}" : letter.ToString()));
}
