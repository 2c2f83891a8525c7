using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>The configuration that leads the API server to the webhook.</summary>
internal interface IWebhookConfiguration
{
    /// <summary>Makes it trust the authorities; sends nothing when it does.</summary>
    /// <param name="bundle">PEM of the authorities as base64.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>When to look again; null when a change will tell.</returns>
    Task<TimeSpan?> EnsureAsync(string bundle, CancellationToken cancellationToken);

    /// <summary>The webhook ends.</summary>
    Task RemoveAsync(CancellationToken cancellationToken);
}

/// <summary>A configuration that was installed with the operator: only the CA bundles of the webhooks that lead to our Service are ours.</summary>
internal sealed class InstalledConfiguration(Informer<ValidatingWebhookConfiguration> cache, IKubeClient client, string ns) : IWebhookConfiguration
{
    private static readonly ApplyOptions Options = new() { FieldManager = FieldManagers.Webhook, Force = true };

    public async Task<TimeSpan?> EnsureAsync(string bundle, CancellationToken cancellationToken)
    {
        // Without it nobody asks: whoever removed it wanted that.
        var leading = (cache.Get(new(null, WebhookManifest.InstalledName))?.Webhooks ?? [])
            .Where(webhook => webhook.ClientConfig?.Service is { } service && service.Name == WebhookManifest.ServiceName && service.Namespace == ns).ToList();
        if (leading.Exists(webhook => webhook.ClientConfig!.CaBundle != bundle))
        {
            var wanted = new ValidatingWebhookConfiguration
            {
                Metadata = new() { Name = WebhookManifest.InstalledName },
                Webhooks = [.. leading.Select(webhook => new ValidatingWebhook { Name = webhook.Name, ClientConfig = new() { CaBundle = bundle } })],
            };
            await client.ApplyAsync(wanted, Options, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>A configuration that leads to a URL, wholly ours: it would block every change if it outlived this process.</summary>
internal sealed class UrlConfiguration(Informer<ValidatingWebhookConfiguration> cache, IKubeClient client, Uri url, TimeProvider time) : IWebhookConfiguration
{
    // Two processes with a URL each would otherwise take the configuration from each other as fast as they can.
    private static readonly TimeSpan Truce = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ApplyLimit = TimeSpan.FromSeconds(5);

    private static readonly ApplyOptions Options = new() { FieldManager = FieldManagers.Webhook, Force = true };
    private static readonly ObjectKey Key = new(null, WebhookManifest.UrlName);

    private string? _applied;
    private DateTimeOffset? _appliedAt;

    public async Task<TimeSpan?> EnsureAsync(string bundle, CancellationToken cancellationToken)
    {
        var live = cache.Get(Key);
        if (live is not null && live.Metadata.ResourceVersion == _applied && live.Webhooks?.All(webhook => webhook.ClientConfig?.CaBundle == bundle) == true)
        {
            return null;
        }

        if (live is not null && LeadsElsewhere(live) && _appliedAt + Truce - time.GetUtcNow() is { } left && left > TimeSpan.Zero)
        {
            return left;
        }

        var wanted = WebhookManifest.Whole(WebhookManifest.UrlName, null, path => new() { Url = new Uri(url, path).ToString(), CaBundle = bundle });
        // Not given up halfway: what arrives after it was removed would outlive this process.
        using var limit = new CancellationTokenSource(ApplyLimit, time);
        var stored = await client.ApplyAsync(wanted, Options, limit.Token).ConfigureAwait(false);
        (_applied, _appliedAt) = (stored.Metadata.ResourceVersion, time.GetUtcNow());
        cancellationToken.ThrowIfCancellationRequested();
        return null;
    }

    private bool LeadsElsewhere(ValidatingWebhookConfiguration live)
    {
        var here = new Uri(url, "/").ToString();
        return live.Webhooks?.Any(webhook => webhook.ClientConfig?.Url?.StartsWith(here, StringComparison.Ordinal) != true) == true;
    }

    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        // Asked and not remembered: another process may have taken its place, and the last answer may have been lost.
        if (await client.GetAsync<ValidatingWebhookConfiguration>(Key, cancellationToken).ConfigureAwait(false) is not { } live || LeadsElsewhere(live))
        {
            return;
        }

        try
        {
            await client.DeleteAsync<ValidatingWebhookConfiguration>(Key, new() { Uid = live.Metadata.Uid }, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error) when (error.IsConflict)
        {
        }
    }
}
