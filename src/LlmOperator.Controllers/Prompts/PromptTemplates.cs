using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Prompts;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Controllers.Prompts;

/// <summary>The ConfigMaps whose prompt templates endpoints name. Each is watched by its name, as long as an endpoint names it: a cluster has many ConfigMaps, and few of them are templates.</summary>
internal sealed class PromptTemplates(OperatorCaches caches, IKubeClient client, TimeProvider time, ILogger logger)
{
    /// <summary>A look at an endpoint waits no longer than this for what the ConfigMap says; it is woken when it is known.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, Watched> _watched = [];
    private Action<ObjectKey> _wake = static _ => { };

    /// <summary>Says how endpoints are woken whose ConfigMap has changed.</summary>
    public void WakeBy(Action<ObjectKey> wake) => _wake = wake;

    /// <summary>What a ConfigMap says; null when that is not known yet.</summary>
    public async Task<TemplateSource?> ReadAsync(ObjectKey map, CancellationToken cancellationToken)
    {
        Watched watched;
        lock (_gate)
        {
            if (!_watched.TryGetValue(map, out watched!))
            {
                watched = new();
                _watched.Add(map, watched);
                watched.Watch = new(client, map, now => Changed(map, watched, now), time, logger);
            }
        }

        try
        {
            await watched.Watch.Synced.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }

        return new(watched.Data);
    }

    /// <summary>Lets go of ConfigMaps that no endpoint names any more.</summary>
    public void LetGo()
    {
        lock (_gate)
        {
            foreach (var map in _watched.Keys.Where(map => caches.EndpointsOfTemplate(map).Count == 0).ToList())
            {
                _watched.Remove(map, out var gone);
                _ = gone!.Watch.DisposeAsync().AsTask();
            }
        }
    }

    /// <summary>Ends all watches when it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        List<Watched> all;
        lock (_gate)
        {
            all = [.. _watched.Values];
            _watched.Clear();
        }

        foreach (var one in all)
        {
            await one.Watch.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Changed(ObjectKey map, Watched watched, ConfigMap? now)
    {
        watched.Data = now is null ? null : now.Data ?? new Dictionary<string, string>();
        foreach (var endpoint in caches.EndpointsOfTemplate(map))
        {
            _wake(ObjectKey.Of(endpoint));
        }
    }

    private sealed class Watched
    {
        public NamedWatch<ConfigMap> Watch { get; set; } = null!;

        public volatile IReadOnlyDictionary<string, string>? Data;
    }
}
