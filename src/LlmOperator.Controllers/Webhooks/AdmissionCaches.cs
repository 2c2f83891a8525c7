using System.Collections.Concurrent;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>
/// What reviews know of other objects: the controllers' caches, and where these do not have an object that is named, a look at the API server, as
/// objects applied together come within milliseconds of each other and a cache hears of each a moment later.
/// </summary>
internal sealed partial class AdmissionCaches(
    InformerSet informers, IKubeClient client, AcceleratorCatalogue catalogue, LicensePolicy licenses, DataPathOptions dataPath, TimeProvider time, ILogger logger, TimeProvider? wire = null)
{
    private readonly Informer<LlmModel> _models = informers.Get<LlmModel>();
    private readonly Informer<LlmEndpoint> _endpoints = informers.Get<LlmEndpoint>();
    private readonly Informer<RagIndex> _indexes = informers.Get<RagIndex>();
    private readonly Informer<Node> _nodes = informers.Get<Node>();
    private readonly Informer<LeaderWorkerSet> _leaderWorkerSets = informers.Get<LeaderWorkerSet>(OperatorCaches.GroupScope);

    /// <summary>Tries at the API server what endpoints lead to.</summary>
    /// <remarks>The API server waits in real time for a review, however fast the clock of a sandbox runs.</remarks>
    public ObjectTrial Trial { get; } = new(client, wire ?? TimeProvider.System, logger);

    public bool HasSynced => _models.HasSynced && _endpoints.HasSynced && _indexes.HasSynced && _nodes.HasSynced;

    /// <summary>Completes when reviews can be answered.</summary>
    public Task Synced => Task.WhenAll(_models.Synced, _endpoints.Synced, _indexes.Synced, _nodes.Synced);

    /// <summary>Facts for the review of an object.</summary>
    public async Task<AdmissionFacts> FactsAsync(IKubeObject obj, string? ns, CancellationToken cancellationToken)
    {
        // Who names whom is known from the object and a step further: an endpoint's model, or the endpoint of a retrieval step and its model.
        var models = new ConcurrentDictionary<string, LlmModel?>();
        var endpoints = new ConcurrentDictionary<string, LlmEndpoint?>();
        foreach (var name in EndpointsOf(obj))
        {
            endpoints[name] = await FindAsync(_endpoints, new(ns, name), cancellationToken).ConfigureAwait(false);
        }

        foreach (var name in ModelsOf(obj).Concat(endpoints.Values.Select(endpoint => endpoint?.Spec?.ModelRef.Name).OfType<string>()))
        {
            models[name] = await FindAsync(_models, new(ns, name), cancellationToken).ConfigureAwait(false);
        }

        var named = obj is LlmEndpoint { Spec.Rag.IndexRef.Name: { } indexName } ? await FindAsync(_indexes, new(ns, indexName), cancellationToken).ConfigureAwait(false) : null;
        return new()
        {
            RagIndex = name => named?.Metadata.Name == name ? named : _indexes.Get(new(ns, name)),
            Model = name => models.TryGetValue(name, out var model) ? model : _models.Get(new(ns, name)),
            Endpoint = name => endpoints.TryGetValue(name, out var endpoint) ? endpoint : _endpoints.Get(new(ns, name)),
            UsersOf = model => _endpoints.ByIndex(OperatorCaches.ByModel, new ObjectKey(ns, model).ToString()),
            Nodes = () => _nodes.List(),
            HasLeaderWorkerSets = _leaderWorkerSets.IsServed,
            Now = time.GetUtcNow(),
            Catalogue = catalogue,
            LicensePolicy = licenses,
            DataPath = dataPath,
        };
    }

    private static IEnumerable<string> ModelsOf(IKubeObject obj) => obj is LlmEndpoint { Spec: { } spec } ? [spec.ModelRef.Name] : [];

    private static IEnumerable<string> EndpointsOf(IKubeObject obj) => obj switch
    {
        LlmEndpoint { Spec.Rag: { } rag } => new[] { rag.Helper?.EndpointRef?.Name, rag.Rerank?.EndpointRef?.Name }.OfType<string>(),
        RagIndex { Spec.Embedding.EndpointRef.Name: { } name } => [name],
        _ => [],
    };

    private async Task<T?> FindAsync<T>(Informer<T> cache, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        if (cache.Get(key) is { } cached)
        {
            return cached;
        }

        try
        {
            return await client.GetAsync<T>(key, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error)
        {
            // The review goes on with what the cache says; the condition will tell what it missed.
            Log.NotRead(logger, T.Resource.Kind, key, error.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(62, LogLevel.Warning, "{Kind} {Key} could not be read for a review and is taken as missing: {Error}")]
        public static partial void NotRead(ILogger logger, string kind, ObjectKey key, string error);
    }
}
