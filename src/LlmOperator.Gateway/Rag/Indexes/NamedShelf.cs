using System.Text;
using LlmOperator.Api.Common;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>Objects that are named by others, each watched by its name. What Secrets hold stays in memory and goes nowhere but into the requests it is for.</summary>
/// <typeparam name="T">Their kind.</typeparam>
internal sealed class NamedShelf<T>(IKubeClient client, string ns, TimeProvider time, ILogger logger) : IAsyncDisposable
    where T : class, IKubeObject<T>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, NamedWatch<T>> _watches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, T?> _objects = new(StringComparer.Ordinal);

    /// <summary>Whether of each object that is named it is known if it is there.</summary>
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

    /// <summary>The object of a name; null when it is not there.</summary>
    public T? Find(string name)
    {
        lock (_gate)
        {
            return _objects.GetValueOrDefault(name);
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
                _objects.Remove(gone);
                _ = watch!.DisposeAsync().AsTask();
            }

            foreach (var name in named.Except(_watches.Keys).ToList())
            {
                _watches.Add(name, new(client, new(ns, name), found => Changed(name, found), time, logger));
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

    private void Changed(string name, T? found)
    {
        lock (_gate)
        {
            _objects[name] = found;
        }
    }
}

/// <summary>Values of keys.</summary>
internal static class NamedShelfValues
{
    /// <summary>The value of a key, without a line end after it; null when it is not there.</summary>
    public static string? Value(this NamedShelf<Secret> secrets, string name, string key) =>
        secrets.Find(name)?.Data?.GetValueOrDefault(key) is { Length: > 0 } value ? Encoding.UTF8.GetString(value).Trim() : null;

    /// <summary>The value of a key; null when it is not there.</summary>
    public static string? Value(this NamedShelf<Secret> secrets, SecretKeyReference reference) => secrets.Value(reference.Name, reference.Key);
}
