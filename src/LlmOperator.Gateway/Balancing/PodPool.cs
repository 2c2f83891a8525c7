namespace LlmOperator.Gateway.Balancing;

/// <summary>How requests are spread over the pods of an endpoint.</summary>
/// <param name="PrefixCharacters">Characters of the prompt that decide which pod is asked; null to ask the pod with the fewest requests in flight.</param>
/// <param name="LoadFactor">How far above the mean the load of a pod may go before the next one on the ring is asked.</param>
/// <param name="Replication">Places of a pod on the ring.</param>
internal sealed record BalancingRules(int? PrefixCharacters = null, double LoadFactor = 1.25, int Replication = 256);

/// <summary>
/// The pods of an endpoint: chooses one for each request, counts what each has in hand, and leaves alone for a while those that keep failing. Never more than half of them are left alone:
/// when most fail, the fault is not theirs.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="random">Chooses among pods that are equally busy.</param>
/// <param name="ejected">Told when a pod is left alone.</param>
internal sealed class PodPool(TimeProvider time, Random random, Action? ejected = null)
{
    /// <summary>Failures one after the other that take a pod out.</summary>
    public const int FailuresToEject = 3;

    /// <summary>How long a pod is left alone the first time; each further time twice as long.</summary>
    public static readonly TimeSpan FirstEjection = TimeSpan.FromSeconds(5);

    /// <summary>Longest time a pod is left alone.</summary>
    public static readonly TimeSpan LongestEjection = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private Pod[] _pods = [];
    private BalancingRules _rules = new();
    private HashRing _ring = HashRing.Empty;

    /// <summary>Pods there are.</summary>
    public int Count => _pods.Length;

    /// <summary>Revisions the pods are of, each once.</summary>
    public IReadOnlyList<string?> Revisions => [.. _pods.Select(pod => pod.Revision).Distinct(StringComparer.Ordinal)];

    /// <summary>How requests are spread.</summary>
    public BalancingRules Rules => _rules;

    /// <summary>Sets the pods there are; what is known of those that stay is kept.</summary>
    /// <param name="pods">Addresses, and the revision each pod is of; null where that is not known.</param>
    /// <param name="rules">How requests are spread.</param>
    public void Update(IReadOnlyDictionary<string, string?> pods, BalancingRules rules)
    {
        lock (_gate)
        {
            // A pod of another revision is another pod, though it has been given the address. One that is deleted is known no more a moment before its address goes.
            var known = _pods.Where(pod => pods.TryGetValue(pod.Address, out var revision) && (pod.Revision is null || revision is null || pod.Revision == revision)).ToDictionary(pod => pod.Address, StringComparer.Ordinal);
            var isSame = known.Count == _pods.Length && known.Count == pods.Count;
            if (!isSame)
            {
                _pods = [.. pods.Keys.Order(StringComparer.Ordinal).Select(address => known.GetValueOrDefault(address) ?? new Pod(address))];
            }

            foreach (var pod in _pods)
            {
                pod.Revision = pods[pod.Address] ?? pod.Revision;
            }

            if (!isSame || rules != _rules)
            {
                _rules = rules;
                _ring = rules.PrefixCharacters is null ? HashRing.Empty : new(_pods.Select(pod => pod.Address), rules.Replication);
            }
        }
    }

    /// <summary>Chooses a pod and counts a request on it.</summary>
    /// <param name="key">What decides, where the prompt does.</param>
    /// <param name="tried">Pods that have failed the request already.</param>
    /// <param name="isFit">Says which pods may be asked; any when null.</param>
    /// <returns>The pod; null when none is left.</returns>
    public PodLease? Take(ulong key, IReadOnlyCollection<Pod> tried, Func<Pod, bool>? isFit = null)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();

            // One that is left alone is still better than none.
            if ((Choose(key, pod => pod.EjectedUntil <= now && MayBeAsked(pod)) ?? Choose(key, MayBeAsked)) is not { } pod)
            {
                return null;
            }

            pod.InFlight++;
            return new(this, pod);
        }

        bool MayBeAsked(Pod pod) => !tried.Contains(pod) && isFit?.Invoke(pod) != false;
    }

    /// <summary>Whether there is a pod besides these.</summary>
    public bool HasOther(IReadOnlyCollection<Pod> tried) => Array.Exists(_pods, pod => !tried.Contains(pod));

    internal void Give(Pod pod)
    {
        lock (_gate)
        {
            pod.InFlight--;
        }
    }

    internal void Succeeded(Pod pod)
    {
        lock (_gate)
        {
            pod.Failures = 0;
            pod.Ejections = pod.EjectedUntil <= time.GetUtcNow() ? 0 : pod.Ejections;
        }
    }

    internal void Failed(Pod pod)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            pod.Failures++;
            if (pod.Failures < FailuresToEject || pod.EjectedUntil > now || (_pods.Count(other => other.EjectedUntil > now) + 1) * 2 > _pods.Length || !_pods.Contains(pod))
            {
                return;
            }

            var length = FirstEjection * Math.Pow(2, Math.Min(pod.Ejections, 16));
            pod.EjectedUntil = now + (length < LongestEjection ? length : LongestEjection);
            pod.Ejections++;

            // Back on probation: the next failure is one too many.
            pod.Failures = FailuresToEject - 1;
        }

        ejected?.Invoke();
    }

    private Pod? Choose(ulong key, Func<Pod, bool> isAllowed) => _rules.PrefixCharacters is null ? LeastBusy(isAllowed) : OnRing(key, isAllowed);

    private Pod? LeastBusy(Func<Pod, bool> isAllowed)
    {
        var (best, equals) = ((Pod?)null, 0);
        foreach (var pod in _pods)
        {
            if (!isAllowed(pod) || pod.InFlight > best?.InFlight)
            {
                continue;
            }

            equals = best is null || pod.InFlight < best.InFlight ? 1 : equals + 1;
            best = equals == 1 || random.Next(equals) == 0 ? pod : best;
        }

        return best;
    }

    /// <summary>Consistent hashing with bounded load: the first pod on the ring that has room under the bound. At least one has, as not all can be above the mean.</summary>
    private Pod? OnRing(ulong key, Func<Pod, bool> isAllowed)
    {
        var (count, inFlight) = (0, 0);
        foreach (var pod in _pods)
        {
            if (isAllowed(pod))
            {
                (count, inFlight) = (count + 1, inFlight + pod.InFlight);
            }
        }

        if (count == 0)
        {
            return null;
        }

        var most = (int)Math.Ceiling(_rules.LoadFactor * (inFlight + 1) / count);
        foreach (var index in _ring.From(key))
        {
            if (isAllowed(_pods[index]) && _pods[index].InFlight < most)
            {
                return _pods[index];
            }
        }

        return LeastBusy(isAllowed);
    }
}

/// <summary>A request on a pod.</summary>
internal sealed class PodLease(PodPool pool, Pod pod) : IDisposable
{
    private bool _isGiven;

    /// <summary>The pod.</summary>
    public Pod Pod { get; } = pod;

    /// <summary>The pod did what it should.</summary>
    public void Succeeded() => pool.Succeeded(Pod);

    /// <summary>The pod failed.</summary>
    public void Failed() => pool.Failed(Pod);

    public void Dispose()
    {
        if (!_isGiven)
        {
            _isGiven = true;
            pool.Give(Pod);
        }
    }
}
