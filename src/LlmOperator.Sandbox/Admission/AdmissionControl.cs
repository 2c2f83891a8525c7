using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>The gate every write passes: finds the webhooks a write concerns. Where none is configured it costs two look-ups.</summary>
internal sealed class AdmissionControl(ObjectStore store, KindRegistry registry, TimeProvider time) : IDisposable
{
    private readonly WebhookConfigurations _configurations = new(store);

    /// <summary>Where services that are webhooks listen.</summary>
    public WebhookServices Services { get; } = new(store);

    /// <summary>Makes the calls.</summary>
    public WebhookCaller Caller => field ??= new WebhookCaller(Services, time);

    /// <summary>The webhooks whose rules cover an operation; null when there is none, and the write can go on in one step.</summary>
    public WebhookPass? For(KindDefinition kind, string operation, string? subresource)
    {
        if (!_configurations.Any || WebhookConfigurations.IsExempt(kind))
        {
            return null;
        }

        var versions = registry.All.Where(version => version.Group == kind.Group && version.Plural == kind.Plural && version.Verbs.Count > 0).ToList();
        var mutating = Matching(_configurations.MutatingWebhooks, kind, versions, operation, subresource);
        var validating = Matching(_configurations.ValidatingWebhooks, kind, versions, operation, subresource);
        return mutating.Count + validating.Count == 0 ? null : new WebhookPass(this, mutating, validating);
    }

    /// <summary>Asks about an object that is not stored itself: a Binding, an Eviction.</summary>
    /// <returns>The object as the webhooks left it.</returns>
    public async ValueTask<JsonObject> AskAbout(AdmissionAttributes attributes)
    {
        if (For(attributes.Kind, attributes.Operation, attributes.Subresource) is not { } pass)
        {
            return attributes.Object!;
        }

        var obj = await pass.Mutate(attributes);
        await pass.Validate(attributes with { Object = obj });
        return obj!;
    }

    /// <summary>Labels of the namespace a request is in; null where it is in none, and namespace selectors do not apply.</summary>
    public JsonObject? NamespaceOf(AdmissionAttributes attributes)
    {
        if (Writer.IsNamespace(attributes.Kind))
        {
            return attributes is { Subresource: null, Object: not null } ? attributes.Object : store.Get(Cluster.Namespaces, null, attributes.Name)?.Object;
        }

        return attributes.Kind.Namespaced ? store.Get(Cluster.Namespaces, null, attributes.Namespace ?? "")?.Object ?? [] : null;
    }

    /// <inheritdoc/>
    public void Dispose() => Caller.Dispose();

    private static List<WebhookMatch> Matching(
        IReadOnlyList<Webhook> webhooks, KindDefinition kind, IReadOnlyList<KindDefinition> versions, string operation, string? subresource)
    {
        var matches = new List<WebhookMatch>();
        foreach (var webhook in webhooks)
        {
            if (webhook.VersionFor(kind, versions, operation, subresource) is { } version)
            {
                matches.Add(new WebhookMatch(webhook, version));
            }
        }

        return matches;
    }
}

/// <summary>A webhook and the version of the kind it is shown.</summary>
internal readonly record struct WebhookMatch(Webhook Webhook, KindDefinition Version);
