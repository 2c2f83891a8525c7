using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>
/// Waits for a kind the cluster does not have: its definition is watched, and that one alone. A cluster that stays without the kind is asked nothing meanwhile, and one that gets it is noticed at once.
/// </summary>
internal sealed class KindWaiter(IKubeClient client, ResourceType resource, TimeProvider time, Random random)
{
    /// <summary>Where definitions may not be watched, the kind itself is asked for again after this time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MinWatchTimeout = TimeSpan.FromMinutes(5);

    private readonly string _name = $"{resource.Plural}.{resource.Group}";

    /// <summary>Completes when the kind is defined, or when there is nothing better than to ask for it again.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!await DefinedAsync(cancellationToken).ConfigureAwait(false))
            {
                // The watch has come to its end, or the server no longer knows the version it began at.
            }
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Patience, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One list and the watches from there on; false when they have to begin anew.</summary>
    private async Task<bool> DefinedAsync(CancellationToken cancellationToken)
    {
        var found = await client.ListAsync<CustomResourceDefinition>(null, new ListOptions { FieldSelector = $"metadata.name={_name}" }, cancellationToken).ConfigureAwait(false);
        if (found.Items.Any(Serves))
        {
            return true;
        }

        var version = found.ResourceVersion;
        while (true)
        {
            var timeout = MinWatchTimeout * (1 + random.NextDouble());
            var started = time.GetTimestamp();
            using var overdue = new CancellationTokenSource(timeout + TimeSpan.FromSeconds(30), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, overdue.Token);
            try
            {
                var watch = client.WatchAsync<CustomResourceDefinition>(null, new WatchOptions { FieldSelector = $"metadata.name={_name}", ResourceVersion = version, Timeout = timeout }, either.Token);
                await foreach (var change in watch.WithCancellation(either.Token).ConfigureAwait(false))
                {
                    version = change.ResourceVersion;
                    if (change is { Type: WatchEventType.Added or WatchEventType.Modified, Object: { } definition } && Serves(definition))
                    {
                        return true;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The connection was dead; only our own clock noticed.
            }
            catch (KubeApiException expired) when (expired.IsExpired)
            {
                return false;
            }

            if (time.GetElapsedTime(started) < timeout / 2)
            {
                // A server that restarts, and not the end of a watch's time.
                await Task.Delay(TimeSpan.FromSeconds(1 + random.NextDouble()), time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private bool Serves(CustomResourceDefinition definition) =>
        definition.Metadata.Name == _name
        && definition.Spec?.Versions?.Any(version => version.Name == resource.Version && version.Served == true) == true
        && definition.Status?.Conditions?.Any(condition => condition is { Type: "Established", Status: "True" }) == true;
}
