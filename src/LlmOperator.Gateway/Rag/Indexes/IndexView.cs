using System.Collections.Concurrent;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>The RagIndexes and LlmModels of the namespace, kept current by watches. While the API server cannot be reached, what was known last holds.</summary>
internal sealed class IndexView
{
    private readonly InformerSet _informers;
    private readonly ConcurrentDictionary<string, IndexFacts> _indexes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LlmModel> _models = new(StringComparer.Ordinal);

    /// <summary>Creates a view that knows nothing yet.</summary>
    /// <param name="client">Client of the cluster.</param>
    /// <param name="ns">Namespace.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    public IndexView(IKubeClient client, string ns, TimeProvider time, ILogger logger)
    {
        _informers = new(client, new() { Namespace = ns }, time, logger);
        _informers.Get<RagIndex>().AddHandler(IndexChanged);
        _informers.Get<LlmModel>().AddHandler(change =>
        {
            var model = (LlmModel)change.Object;
            if (change.Type == ObjectEventType.Deleted)
            {
                _models.TryRemove(model.Metadata.Name!, out _);
            }
            else
            {
                _models[model.Metadata.Name!] = model;
            }
        });
    }

    /// <summary>Called when an index has come, gone or changed; it must not block.</summary>
    public Action? Changed { get; set; }

    /// <summary>Whether all that was there at the start is known.</summary>
    public bool HasSynced => _informers.HasSynced;

    /// <summary>The indexes.</summary>
    public IEnumerable<IndexFacts> All => _indexes.Values;

    /// <summary>The index of a name; null when there is none.</summary>
    public IndexFacts? Find(string name) => _indexes.GetValueOrDefault(name);

    /// <summary>The model of a name; null when there is none.</summary>
    public LlmModel? Model(string? name) => name is null ? null : _models.GetValueOrDefault(name);

    /// <summary>Repository on Hugging Face of what an endpoint or one of its pods serves; null where its model lies elsewhere or is not known.</summary>
    public string? RepositoryOf(EndpointFacts facts) => !facts.IsModelKnown ? null : facts.Repository ?? Model(facts.Model)?.Spec?.Source.HuggingFace?.Repo;

    /// <summary>Begins to watch, until the token fires.</summary>
    public void Start(CancellationToken cancellationToken) => _informers.Start(cancellationToken);

    /// <summary>Ends when no watch runs any more.</summary>
    public Task StoppedAsync() => _informers.StoppedAsync();

    private void IndexChanged(ObjectEvent change)
    {
        var index = (RagIndex)change.Object;
        if (change.Type == ObjectEventType.Deleted || index.Spec is null)
        {
            _indexes.TryRemove(index.Metadata.Name!, out _);
        }
        else
        {
            _indexes[index.Metadata.Name!] = IndexFacts.Of(index);
        }

        if (!change.IsResync)
        {
            Changed?.Invoke();
        }
    }
}
