using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>What the API server asks the operator about. <c>config/base/webhook.yaml</c> is this for the Service of the operator.</summary>
internal static class WebhookManifest
{
    /// <summary>Name of the configuration that belongs to the installed operator; it is shipped with it and only its CA bundle is ours.</summary>
    public const string InstalledName = "llm-operator";

    /// <summary>Name of the configuration of an operator that is reached by a URL; it comes and goes with the process.</summary>
    public const string UrlName = "llm-operator-url";

    /// <summary>Service before the operator's pods.</summary>
    public const string ServiceName = "llm-operator-webhook";

    /// <summary>Secret with the certificates.</summary>
    public const string SecretName = "llm-operator-webhook-cert";

    /// <summary>Namespaces without users' objects. A webhook that fails must not stand in the way of what the cluster itself lives on.</summary>
    private static readonly string[] ExcludedNamespaces = ["kube-node-lease", "kube-public", "kube-system"];

    /// <summary>What changes nothing the rules are about need not be asked, so that it also works while no operator runs: status, labels, and finalizers of what goes.</summary>
    private static readonly WebhookMatchCondition[] SpecChanges =
    [
        new() { Name = "spec-changes", Expression = "request.operation != 'UPDATE' || object.spec != oldObject.spec" },
        new() { Name = "not-being-deleted", Expression = "!has(object.metadata.deletionTimestamp)" },
    ];

    /// <summary>The whole configuration.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="ownNamespace">Namespace of the operator, whose objects are not asked about; null when it has none.</param>
    /// <param name="client">Where a path is asked.</param>
    public static ValidatingWebhookConfiguration Whole(string name, string? ownNamespace, Func<string, WebhookClientConfig> client)
    {
        return new()
        {
            Metadata = new() { Name = name, Labels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = "llm-operator" } },
            Webhooks =
            [
                Webhook<LlmModel>("llmmodel", "Fail", "CREATE", "UPDATE"),

                // A deletion is never refused, only commented on: namespaces must be able to go while no operator runs.
                Webhook<LlmModel>("llmmodel-deletion", "Ignore", "DELETE"),
                Webhook<LlmEndpoint>("llmendpoint", "Fail", "CREATE", "UPDATE"),
                Webhook<RagIndex>("ragindex", "Fail", "CREATE", "UPDATE"),
            ],
        };

        ValidatingWebhook Webhook<T>(string prefix, string failurePolicy, params string[] operations)
            where T : class, IKubeObject<T>
            => new()
            {
                Name = $"{prefix}.{ApiGroup.Name}",
                ClientConfig = client($"/validate/{T.Resource.Kind.ToLowerInvariant()}"),
                Rules = [new() { Operations = operations, ApiGroups = [ApiGroup.Name], ApiVersions = [ApiGroup.Version], Resources = [T.Resource.Plural], Scope = "Namespaced" }],
                FailurePolicy = failurePolicy,
                MatchPolicy = "Equivalent",
                SideEffects = "None",
                TimeoutSeconds = 5,
                AdmissionReviewVersions = ["v1"],
                NamespaceSelector = new()
                {
                    MatchExpressions =
                    [
                        new() { Key = "kubernetes.io/metadata.name", Operator = "NotIn", Values = [.. ExcludedNamespaces.Append(ownNamespace).OfType<string>().Order(StringComparer.Ordinal)] },
                    ],
                },
                MatchConditions = operations is ["DELETE"] ? null : SpecChanges,
            };
    }
}
