using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>A webhook as one of its configurations describes it.</summary>
internal sealed class Webhook
{
    private readonly List<WebhookRule> _rules;
    private readonly bool _equivalent;

    /// <summary>Reads a webhook of a stored, so valid and defaulted, configuration.</summary>
    public Webhook(JsonObject webhook, bool mutating)
    {
        Name = webhook.Text("name") ?? "";
        Mutating = mutating;
        _rules = [.. webhook.Objects("rules").Select(rule => new WebhookRule(rule))];
        _equivalent = webhook.Text("matchPolicy") != "Exact";
        IgnoresFailure = webhook.Text("failurePolicy") == "Ignore";
        Reinvoked = webhook.Text("reinvocationPolicy") == "IfNeeded";
        TimeoutSeconds = webhook.Integer("timeoutSeconds") ?? 10;
        NamespaceSelector = LabelSelector.Of(webhook.Object("namespaceSelector")) ?? LabelSelector.Everything;
        ObjectSelector = LabelSelector.Of(webhook.Object("objectSelector")) ?? LabelSelector.Everything;
        Versions = webhook.Texts("admissionReviewVersions");
        SideEffectFree = webhook.Text("sideEffects") is "None" or "NoneOnDryRun";
        Conditions = [.. webhook.Objects("matchConditions").Select(condition => MatchCondition.Compile(condition.Text("expression") ?? ""))];
        Target = WebhookTarget.Of(webhook.Object("clientConfig") ?? []);
    }

    /// <summary>Full name, as refusals give it.</summary>
    public string Name { get; }

    /// <summary>Whether it may change the object.</summary>
    public bool Mutating { get; }

    /// <summary>Whether the write goes on when the webhook cannot be asked.</summary>
    public bool IgnoresFailure { get; }

    /// <summary>Whether it wants to see the object again when a later webhook changed it.</summary>
    public bool Reinvoked { get; }

    /// <summary>Seconds it has for its answer.</summary>
    public long TimeoutSeconds { get; }

    /// <summary>Namespaces it is asked about.</summary>
    public LabelSelector NamespaceSelector { get; }

    /// <summary>Objects it is asked about.</summary>
    public LabelSelector ObjectSelector { get; }

    /// <summary>Versions of AdmissionReview it understands.</summary>
    public IReadOnlyList<string> Versions { get; }

    /// <summary>Whether a dry run may call it.</summary>
    public bool SideEffectFree { get; }

    /// <summary>What must hold for it to be asked.</summary>
    public IReadOnlyList<MatchCondition> Conditions { get; }

    /// <summary>Where it is.</summary>
    public WebhookTarget Target { get; }

    /// <summary>
    /// The version in which this webhook is to see a request: the one asked for when a rule covers it, else another version of
    /// the same kind that a rule covers, unless the match has to be exact. Null when it is not asked.
    /// </summary>
    /// <param name="kind">Version asked for.</param>
    /// <param name="versions">All served versions of the kind.</param>
    /// <param name="operation">CREATE, UPDATE, DELETE or CONNECT.</param>
    /// <param name="subresource">Null for the object itself.</param>
    public KindDefinition? VersionFor(KindDefinition kind, IEnumerable<KindDefinition> versions, string operation, string? subresource)
    {
        if (Covers(kind))
        {
            return kind;
        }

        return _equivalent ? versions.FirstOrDefault(version => !ReferenceEquals(version, kind) && Covers(version)) : null;

        bool Covers(KindDefinition version) => _rules.Exists(rule => rule.Matches(version, operation, subresource));
    }
}

/// <summary>Where a webhook listens and whom it must be certified by.</summary>
/// <param name="Address">What is called: the URL, or the DNS name of the service.</param>
/// <param name="Service">The service, when it is one.</param>
/// <param name="CertificateAuthorities">PEM text; null trusts what this machine trusts.</param>
internal sealed record WebhookTarget(string Address, WebhookService? Service, string? CertificateAuthorities)
{
    /// <summary>Reads a <c>clientConfig</c>.</summary>
    public static WebhookTarget Of(JsonObject config)
    {
        var authorities = config.Text("caBundle") is { Length: > 0 } bundle ? Encoding.UTF8.GetString(Convert.FromBase64String(bundle)) : null;
        if (config.Object("service") is not { } service)
        {
            return new WebhookTarget(config.Text("url") ?? "", null, authorities);
        }

        var reference = new WebhookService(service.Text("namespace") ?? "", service.Text("name") ?? "", (int)(service.Integer("port") ?? 443));
        var path = service.Text("path") ?? "";
        return new WebhookTarget($"https://{reference.Name}.{reference.Namespace}.svc:{reference.Port}{(path.StartsWith('/') ? path : "/" + path)}", reference, authorities);
    }
}

/// <summary>A service that is a webhook.</summary>
internal sealed record WebhookService(string Namespace, string Name, int Port);
