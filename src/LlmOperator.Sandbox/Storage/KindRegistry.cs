using System.Collections.Frozen;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>The kinds served now: the built-in ones and those of established definitions. Readers see one immutable state at a time.</summary>
internal sealed class KindRegistry
{
    private readonly IReadOnlyList<KindDefinition> _builtin;
    private readonly SortedDictionary<string, IReadOnlyList<KindDefinition>> _custom = new(StringComparer.Ordinal);
    private volatile State _state;

    /// <summary>Starts with the built-in kinds.</summary>
    public KindRegistry(IReadOnlyList<KindDefinition> builtin)
    {
        _builtin = builtin;
        _state = new State(builtin, 1);
    }

    /// <summary>Every version of every kind, built-in ones first.</summary>
    public IReadOnlyList<KindDefinition> All => _state.All;

    /// <summary>Storage version of every collection.</summary>
    public IReadOnlyCollection<KindDefinition> Stored => _state.Stored;

    /// <summary>Changes whenever the kinds do.</summary>
    public long Generation => _state.Generation;

    /// <summary>The kind behind a path.</summary>
    public KindDefinition? Find(string group, string version, string plural) => _state.ByPath.GetValueOrDefault((group, version, plural));

    /// <summary>The kind an object names.</summary>
    public KindDefinition? FindKind(string apiVersion, string kind) => _state.ByKind.GetValueOrDefault((apiVersion, kind));

    /// <summary>Storage version of a collection.</summary>
    public KindDefinition? Storage(ResourceName resource) => _state.ByCollection.GetValueOrDefault(resource);

    /// <summary>Collection in which a kind's objects are kept.</summary>
    public static ResourceName CollectionOf(KindDefinition kind) => kind.StoredAs ?? kind.Name;

    /// <summary>Serves the versions of a definition, in place of what it had.</summary>
    public void SetCustom(string definition, IReadOnlyList<KindDefinition> versions)
    {
        _custom[definition] = versions;
        Rebuild();
    }

    /// <summary>Ends the kinds of a definition.</summary>
    public void RemoveCustom(string definition)
    {
        if (_custom.Remove(definition))
        {
            Rebuild();
        }
    }

    private void Rebuild() => _state = new State([.. _builtin, .. _custom.Values.SelectMany(versions => versions)], _state.Generation + 1);

    private sealed class State
    {
        public State(IReadOnlyList<KindDefinition> all, long generation)
        {
            All = all;
            Generation = generation;
            ByPath = all.ToFrozenDictionary(kind => (kind.Group, kind.Version, kind.Plural));
            ByKind = all.DistinctBy(kind => (kind.ApiVersion, kind.Kind)).ToFrozenDictionary(kind => (kind.ApiVersion, kind.Kind));
            ByCollection = all.Where(kind => kind.StorageVersion)
                .DistinctBy(kind => kind.Name)
                .ToFrozenDictionary(kind => kind.Name);
            Stored = [.. ByCollection.Values.Where(kind => kind.Custom || kind.Verbs.Contains("list"))];
        }

        public IReadOnlyList<KindDefinition> All { get; }

        public IReadOnlyCollection<KindDefinition> Stored { get; }

        public FrozenDictionary<(string Group, string Version, string Plural), KindDefinition> ByPath { get; }

        public FrozenDictionary<(string ApiVersion, string Kind), KindDefinition> ByKind { get; }

        public FrozenDictionary<ResourceName, KindDefinition> ByCollection { get; }

        public long Generation { get; }
    }
}
