using LlmOperator.Api.Common;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Requests;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Prompts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Prompts;

/// <summary>The prompt templates endpoints name, each from its ConfigMap. Of one that stops being valid, the last valid text stays in use.</summary>
internal sealed partial class TemplateShelf(IKubeClient client, string ns, GatewayMetrics metrics, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, NamedWatch<ConfigMap>> _watches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigMap?> _maps = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Map, string Key), Shelved> _templates = [];

    /// <summary>Whether of each ConfigMap that is named it is known if it is there.</summary>
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

    /// <summary>The template that is in use, and why there is none.</summary>
    public (PromptTemplate? Template, string? Problem) Find(DataKeyReference reference)
    {
        lock (_gate)
        {
            return _templates.TryGetValue((reference.Name, reference.Key), out var shelved) ? (shelved.Template, shelved.Problem) : (null, "it is not read yet");
        }
    }

    /// <summary>The template an endpoint names.</summary>
    /// <exception cref="RefusedException">It cannot be used.</exception>
    public PromptTemplate Get(EndpointFacts facts)
    {
        var (template, problem) = Find(facts.Template!);
        return template ?? throw new RefusedException(new(
            StatusCodes.Status503ServiceUnavailable,
            "prompt_template_invalid",
            $"The prompt template of {facts.Name} cannot be used: {problem}. Correct key {facts.Template!.Key} of ConfigMap {facts.Template.Name}")
        { RetryAfter = RetryTime });
    }

    /// <summary>Watches what is named and lets go of the rest.</summary>
    public void Watch(IReadOnlyCollection<DataKeyReference> named)
    {
        lock (_gate)
        {
            foreach (var gone in _watches.Keys.Except(named.Select(one => one.Name)).ToList())
            {
                _watches.Remove(gone, out var watch);
                _maps.Remove(gone);
                _ = watch!.DisposeAsync().AsTask();
            }

            foreach (var gone in _templates.Keys.Except(named.Select(one => (one.Name, one.Key))).ToList())
            {
                _templates.Remove(gone);
            }

            foreach (var one in named)
            {
                if (_templates.TryAdd((one.Name, one.Key), new()))
                {
                    Read(one.Name, one.Key);
                }

                if (!_watches.ContainsKey(one.Name))
                {
                    _watches.Add(one.Name, new(client, new(ns, one.Name), map => Changed(one.Name, map), time, logger));
                }
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

    private void Changed(string name, ConfigMap? map)
    {
        lock (_gate)
        {
            _maps[name] = map;
            foreach (var (_, key) in _templates.Keys.Where(one => one.Map == name).ToList())
            {
                Read(name, key);
            }
        }
    }

    private void Read(string name, string key)
    {
        var shelved = _templates[(name, key)];
        var text = _maps.GetValueOrDefault(name)?.Data?.GetValueOrDefault(key);
        string? problem;
        var template = text is null ? null : PromptTemplate.Parse(text, out problem);
        if (template is not null)
        {
            if (template.Hash != shelved.Template?.Hash)
            {
                Log.Taken(logger, name, key, template.Hash);
            }

            (shelved.Template, shelved.Problem) = (template, null);
            return;
        }

        problem = text is null ? null : Problem(text);
        shelved.Problem = problem ?? (_maps.GetValueOrDefault(name) is null ? $"there is no ConfigMap {name}" : $"ConfigMap {name} has no key {key}");
        if (!_maps.ContainsKey(name))
        {
            return; // Not read yet.
        }

        metrics.RejectedTemplate(name);
        if (shelved.Template is { } kept)
        {
            Log.Kept(logger, name, key, shelved.Problem, kept.Hash);
        }
        else
        {
            Log.Rejected(logger, name, key, shelved.Problem);
        }
    }

    private static string? Problem(string text)
    {
        PromptTemplate.Parse(text, out var problem);
        return problem;
    }

    private sealed class Shelved
    {
        public PromptTemplate? Template { get; set; }

        public string? Problem { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(31, LogLevel.Information, "Prompt template {Key} of ConfigMap {Name} is in use: {Hash}")]
        public static partial void Taken(ILogger logger, string name, string key, string hash);

        [LoggerMessage(32, LogLevel.Warning, "Prompt template {Key} of ConfigMap {Name} is not valid: {Problem}. The last valid one stays in use: {Hash}")]
        public static partial void Kept(ILogger logger, string name, string key, string problem, string hash);

        [LoggerMessage(33, LogLevel.Error, "Prompt template {Key} of ConfigMap {Name} is not valid: {Problem}. Its endpoints answer no request until it is")]
        public static partial void Rejected(ILogger logger, string name, string key, string problem);
    }
}
