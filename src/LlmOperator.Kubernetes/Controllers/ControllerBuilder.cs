using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Queues;

namespace LlmOperator.Kubernetes.Controllers;

/// <summary>Says what a controller looks at: its own kind, what objects of that kind own, and what they refer to.</summary>
public sealed class ControllerBuilder
{
    private readonly InformerSet _informers;
    private readonly List<(IInformer Informer, Action<ObjectEvent, Action<ObjectKey>> Map, Func<ObjectEvent, bool>? When)> _sources = [];
    private readonly List<Action<Action<ObjectKey>>> _wakers = [];
    private ResourceType? _kind;

    internal ControllerBuilder(InformerSet informers) => _informers = informers;

    /// <summary>Kind the controller is for.</summary>
    internal ResourceType Kind => _kind ?? throw new InvalidOperationException("a controller needs For<T>(): the kind it reconciles");

    internal int WorkerCount { get; private set; } = 1;

    internal TimeSpan? Timeout { get; private set; }

    internal TimeSpan? BaseDelay { get; private set; }

    internal TimeSpan? MaxDelay { get; private set; }

    /// <summary>The informers the controller waits for.</summary>
    internal IEnumerable<IInformer> Informers => _sources.Select(source => source.Informer).Distinct();

    /// <summary>The kind reconciled: each change of an object leads to a look at it.</summary>
    public ControllerBuilder For<T>(Func<ObjectEvent, bool>? when = null, InformerScope? scope = null)
        where T : class, IKubeObject<T>
    {
        if (_kind is not null)
        {
            throw new InvalidOperationException($"the controller is for {_kind.Kind} already; a second kind is a Watches<{T.Resource.Kind}>");
        }

        _kind = T.Resource;
        return Source<T>(when, scope, static (change, add) => add(ObjectKey.Of(change.Object)));
    }

    /// <summary>A kind whose objects are made by this controller: a change leads to a look at the owner.</summary>
    /// <param name="when">Which changes count; all when null.</param>
    /// <param name="scope">Which objects are cached.</param>
    /// <param name="anyOwner">Every owner of the kind instead of the managing one.</param>
    public ControllerBuilder Owns<T>(Func<ObjectEvent, bool>? when = null, InformerScope? scope = null, bool anyOwner = false)
        where T : class, IKubeObject<T>
    {
        var owner = Kind;
        return Source<T>(when, scope, (change, add) =>
        {
            AddOwners(change.Object, owner, anyOwner, add);
            if (change.Old is not null && !change.IsResync)
            {
                AddOwners(change.Old, owner, anyOwner, add);
            }
        });
    }

    /// <summary>A kind objects refer to: a change leads to a look at whatever <paramref name="map"/> names, for the old state and the new.</summary>
    public ControllerBuilder Watches<T>(Func<T, IEnumerable<ObjectKey>> map, Func<ObjectEvent, bool>? when = null, InformerScope? scope = null)
        where T : class, IKubeObject<T>
        => Source<T>(when, scope, (change, add) =>
        {
            foreach (var key in map((T)change.Object))
            {
                add(key);
            }

            if (change.Old is not null && !change.IsResync)
            {
                foreach (var key in map((T)change.Old))
                {
                    add(key);
                }
            }
        });

    /// <summary>What is no kind that is watched as a whole, and leads to looks all the same.</summary>
    /// <param name="subscribe">Handed what asks for a look at an object.</param>
    public ControllerBuilder WokenBy(Action<Action<ObjectKey>> subscribe)
    {
        _wakers.Add(subscribe);
        return this;
    }

    /// <summary>How many keys are looked at in parallel; 1 when not said.</summary>
    public ControllerBuilder Workers(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        WorkerCount = count;
        return this;
    }

    /// <summary>Cuts a run off after this time, which counts as a failure. Not limited when not said.</summary>
    public ControllerBuilder ReconcileTimeout(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        Timeout = timeout;
        return this;
    }

    /// <summary>Delay after the first failure and the longest one; 5 ms and 1,000 s when not said.</summary>
    public ControllerBuilder RetryDelays(TimeSpan first, TimeSpan longest)
    {
        (BaseDelay, MaxDelay) = (first, longest);
        return this;
    }

    /// <summary>Lets changes flow into the controller's queue.</summary>
    internal void Connect(WorkQueue queue)
    {
        _wakers.ForEach(subscribe => subscribe(key => queue.Add(key)));
        foreach (var (informer, map, when) in _sources)
        {
            // One delegate a source, not one an event.
            Action<ObjectKey> normal = key => queue.Add(key);
            Action<ObjectKey> low = key => queue.Add(key, WorkPriority.Low);
            informer.AddHandler(change =>
            {
                if (when is null || when(change))
                {
                    map(change, change.Initial || change.IsResync ? low : normal);
                }
            });
        }
    }

    private static void AddOwners(IKubeObject obj, ResourceType kind, bool anyOwner, Action<ObjectKey> add)
    {
        if (obj.Metadata.OwnerReferences is not { } owners)
        {
            return;
        }

        foreach (var owner in owners)
        {
            if ((anyOwner || owner.Controller == true) && IsOfKind(owner, kind))
            {
                add(new ObjectKey(kind.Namespaced ? obj.Metadata.Namespace : null, owner.Name));
            }
        }
    }

    // The version an owner was written with says nothing about the version we read it in.
    private static bool IsOfKind(OwnerReference owner, ResourceType kind)
    {
        var slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        return owner.Kind == kind.Kind && owner.ApiVersion.AsSpan(0, Math.Max(slash, 0)).SequenceEqual(kind.Group);
    }

    private ControllerBuilder Source<T>(Func<ObjectEvent, bool>? when, InformerScope? scope, Action<ObjectEvent, Action<ObjectKey>> map)
        where T : class, IKubeObject<T>
    {
        _sources.Add((_informers.Get<T>(scope), map, when));
        return this;
    }
}
