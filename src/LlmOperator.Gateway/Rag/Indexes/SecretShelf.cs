using System.Text;
using LlmOperator.Api.Common;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>The Secrets that endpoints and indexes name for retrieval, each watched by its name. Values stay in memory and go nowhere but into the requests they are for.</summary>
internal sealed class SecretShelf(IKubeClient client, string ns, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, NamedWatch<Secret>> _watches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Secret?> _secrets = new(StringComparer.Ordinal);

    /// <summary>Whether of each Secret that is named it is known if it is there.</summary>
    public bool HasSynced
    {
        get
        {
            lock (_gate)
            {
                return _watches.Values.All(watch => watch.HasSynced);
            }
        }
    }

    /// <summary>The value of a key, without a line end after it; null when it is not there.</summary>
    public string? Find(SecretKeyReference reference)
    {
        lock (_gate)
        {
            return _secrets.GetValueOrDefault(reference.Name)?.Data?.GetValueOrDefault(reference.Key) is { Length: > 0 } value ? Encoding.UTF8.GetString(value).Trim() : null;
        }
    }

    /// <summary>Watches what is named and lets go of the rest.</summary>
    public void Watch(IReadOnlySet<string> named)
    {
        lock (_gate)
        {
            foreach (var gone in _watches.Keys.Except(named).ToList())
            {
                _watches.Remove(gone, out var watch);
                _secrets.Remove(gone);
                _ = watch!.DisposeAsync().AsTask();
            }

            foreach (var name in named.Except(_watches.Keys).ToList())
            {
                _watches.Add(name, new(client, new(ns, name), secret => Changed(name, secret), time, logger));
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var watch in _watches.Values)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Changed(string name, Secret? secret)
    {
        lock (_gate)
        {
            _secrets[name] = secret;
        }
    }
}
