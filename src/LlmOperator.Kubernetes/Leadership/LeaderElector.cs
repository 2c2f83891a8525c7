using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Telemetry;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Leadership;

/// <summary>
/// Decides by a Lease which of several processes leads. Whether another's lease has run out is judged by the local clock from the moment its last
/// renewal was seen, never by comparing clocks of two machines.
/// </summary>
/// <remarks>Used by one caller: <see cref="AcquireAsync"/>, then <see cref="HoldAsync"/>, then <see cref="ReleaseAsync"/> when all work has stopped.</remarks>
public sealed partial class LeaderElector
{
    private static readonly TimeSpan HealthTolerance = TimeSpan.FromSeconds(20);

    private readonly IKubeClient _client;
    private readonly LeaderElectionOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly RuntimeMetrics? _metrics;
    private readonly ObjectKey _key;
    private Lease? _observed;
    private long _observedAt;
    private long _renewedAt;
    private volatile bool _leading;

    /// <summary>Creates an elector; checks the options.</summary>
    public LeaderElector(IKubeClient client, LeaderElectionOptions options, TimeProvider time, Random random, ILogger logger, RuntimeMetrics? metrics = null, LeaderFence? fence = null)
    {
        options.Validate();
        (_client, _options, _time, _random, _logger, _metrics) = (client, options, time, random, logger, metrics);
        _key = new ObjectKey(options.Namespace, options.Name);
        Fence = fence ?? new LeaderFence(time);
        metrics?.ObserveLeader(options.Name, () => IsLeader);
    }

    /// <summary>What keeps writes back when this process does not lead.</summary>
    public LeaderFence Fence { get; }

    /// <summary>Who this process is.</summary>
    public string Identity => _options.Identity;

    /// <summary>Whether this process leads at this moment, by its own clock.</summary>
    public bool IsLeader => _leading && Fence.IsOpen;

    /// <summary>Who was seen to lead last; null when nobody was.</summary>
    public string? Leader => _observed?.Spec?.HolderIdentity is { Length: > 0 } holder ? holder : null;

    /// <summary>The lease as last seen: what an event about the election is regarding.</summary>
    public Lease? Lease => _observed;

    /// <summary>Null when healthy; else what is wrong: this process believes to lead and has not renewed for longer than the lease lasts.</summary>
    public string? CheckHealth()
    {
        if (!_leading)
        {
            return null;
        }

        var silent = _time.GetElapsedTime(_renewedAt);
        return silent <= _options.LeaseDuration + HealthTolerance ? null : $"lease {_key} was last renewed {silent.TotalSeconds:F0} s ago";
    }

    /// <summary>Completes when this process leads.</summary>
    public async Task AcquireAsync(CancellationToken cancellationToken)
    {
        Log.Acquiring(_logger, _key, Identity);
        string? told = null;
        while (true)
        {
            using (var deadline = new CancellationTokenSource(_options.RenewDeadline, _time))
            using (var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token))
            {
                if (await TryAcquireOrRenewAsync(attempt.Token, cancellationToken).ConfigureAwait(false))
                {
                    _leading = true;
                    Log.Acquired(_logger, _key, Identity);
                    return;
                }
            }

            if (Leader is { } leader && leader != told)
            {
                told = leader;
                Log.OtherLeads(_logger, _key, leader);
            }

            await Task.Delay(_options.RetryPeriod * (1 + (_random.NextDouble() * LeaderElectionOptions.JitterFactor)), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Renews until the lease is lost, which completes the task, or until cancelled, which throws. The fence is closed in the first case, and stays open in the second.</summary>
    public async Task HoldAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(_options.RetryPeriod, _time, cancellationToken).ConfigureAwait(false);
            if (!await RenewAsync(cancellationToken).ConfigureAwait(false))
            {
                _leading = false;
                Fence.Close();
                Log.Lost(_logger, _key, Identity);
                return;
            }
        }
    }

    /// <summary>Closes the fence and gives the lease up, so that another may take it at once. To be called when all work has stopped.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        var held = _leading;
        _leading = false;
        Fence.Close();
        if (!held || !_options.ReleaseOnStop || _observed is not { Spec: { } spec } lease || spec.HolderIdentity != Identity)
        {
            return;
        }

        try
        {
            try
            {
                await GiveUpAsync(lease, spec, cancellationToken).ConfigureAwait(false);
            }
            catch (KubeApiException error) when (error.IsConflict)
            {
                // A renewal cut off by the stop may have reached the server all the same.
                if (await _client.GetAsync<Lease>(_key, cancellationToken).ConfigureAwait(false) is not { Spec: { } now } current || now.HolderIdentity != Identity)
                {
                    return;
                }

                await GiveUpAsync(current, now, cancellationToken).ConfigureAwait(false);
            }

            Log.Released(_logger, _key);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotReleased(_logger, _key, error.Message);
        }
    }

    private async Task GiveUpAsync(Lease lease, LeaseSpec spec, CancellationToken cancellationToken)
    {
        // No holder is a lease without the field: a server refuses an empty name.
        var now = _time.GetUtcNow();
        _observed = await _client.ReplaceAsync(
            lease with { Spec = spec with { HolderIdentity = null, LeaseDurationSeconds = 1, RenewTime = now, AcquireTime = now } },
            null,
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tries until it succeeds or the renew deadline has passed since the last success.</summary>
    private async Task<bool> RenewAsync(CancellationToken cancellationToken)
    {
        var left = _options.RenewDeadline - _time.GetElapsedTime(_renewedAt);
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        // An attempt must not outlive the deadline: a renewal that succeeded later would revive a leader that has stopped.
        using var deadline = new CancellationTokenSource(left, _time);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        while (true)
        {
            if (await TryAcquireOrRenewAsync(attempt.Token, cancellationToken).ConfigureAwait(false))
            {
                return true;
            }

            if (Leader is { } leader && leader != Identity)
            {
                return false;
            }

            try
            {
                await Task.Delay(_options.RetryPeriod, _time, attempt.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    private async Task<bool> TryAcquireOrRenewAsync(CancellationToken attempt, CancellationToken cancellationToken)
    {
        try
        {
            var started = _time.GetTimestamp();

            // The fast path: we lead, and nobody touched the lease since our last write. One PUT.
            if (_leading && _observed is { Spec: { } own } && own.HolderIdentity == Identity)
            {
                try
                {
                    Renewed(await _client.ReplaceAsync(_observed with { Spec = own with { RenewTime = _time.GetUtcNow() } }, null, attempt).ConfigureAwait(false), started);
                    return true;
                }
                catch (KubeApiException error) when (error.IsConflict || error.IsNotFound)
                {
                    _metrics?.SlowPath.Add(1, new KeyValuePair<string, object?>("name", _options.Name));
                    started = _time.GetTimestamp();
                }
            }

            var lease = await _client.GetAsync<Lease>(_key, attempt).ConfigureAwait(false);
            if (lease is null)
            {
                Renewed(await _client.CreateAsync(Claim(null), null, attempt).ConfigureAwait(false), started);
                return true;
            }

            Observe(lease);
            if (IsHeldByAnother(lease))
            {
                return false;
            }

            Renewed(await _client.ReplaceAsync(Claim(lease), null, attempt).ConfigureAwait(false), started);
            return true;
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
        catch (KubeApiException error) when (error.IsConflict || error.IsAlreadyExists)
        {
            // Another was faster; the next attempt sees who.
            return false;
        }
        catch (Exception error)
        {
            Log.AttemptFailed(_logger, _key, error.Message);
            return false;
        }
    }

    private Lease Claim(Lease? lease)
    {
        var now = _time.GetUtcNow();
        var seconds = (int)_options.LeaseDuration.TotalSeconds;
        if (lease is null)
        {
            return new Lease
            {
                Metadata = new ObjectMeta { Namespace = _options.Namespace, Name = _options.Name },
                Spec = new LeaseSpec { HolderIdentity = Identity, LeaseDurationSeconds = seconds, AcquireTime = now, RenewTime = now, LeaseTransitions = 0 },
            };
        }

        var spec = lease.Spec ?? new LeaseSpec();
        return spec.HolderIdentity == Identity
            ? lease with { Spec = spec with { LeaseDurationSeconds = seconds, RenewTime = now } }
            : lease with
            {
                Spec = spec with
                {
                    HolderIdentity = Identity,
                    LeaseDurationSeconds = seconds,
                    AcquireTime = now,
                    RenewTime = now,
                    LeaseTransitions = (spec.LeaseTransitions ?? 0) + 1,
                },
            };
    }

    private bool IsHeldByAnother(Lease lease)
    {
        var spec = lease.Spec;
        return !string.IsNullOrEmpty(spec?.HolderIdentity)
            && spec.HolderIdentity != Identity
            && _time.GetElapsedTime(_observedAt) < TimeSpan.FromSeconds(spec.LeaseDurationSeconds ?? _options.LeaseDuration.TotalSeconds);
    }

    private void Observe(Lease lease)
    {
        if (_observed?.Metadata.ResourceVersion != lease.Metadata.ResourceVersion || _observed?.Metadata.Uid != lease.Metadata.Uid)
        {
            _observed = lease;
            _observedAt = _time.GetTimestamp();
        }
    }

    /// <param name="lease">As the server stored it.</param>
    /// <param name="started">When the request was sent: the lease lasts at least from then.</param>
    private void Renewed(Lease lease, long started)
    {
        Observe(lease);
        _renewedAt = started;
        Fence.OpenUntil(started + (long)(_options.RenewDeadline.TotalSeconds * _time.TimestampFrequency));
    }

    private static partial class Log
    {
        [LoggerMessage(30, LogLevel.Information, "Waiting to become leader of {Lease} as {Identity}")]
        public static partial void Acquiring(ILogger logger, ObjectKey lease, string identity);

        [LoggerMessage(31, LogLevel.Information, "Became leader of {Lease} as {Identity}")]
        public static partial void Acquired(ILogger logger, ObjectKey lease, string identity);

        [LoggerMessage(32, LogLevel.Information, "Lease {Lease} is held by {Leader}")]
        public static partial void OtherLeads(ILogger logger, ObjectKey lease, string leader);

        [LoggerMessage(33, LogLevel.Error, "Lost lease {Lease} as {Identity}: nothing more is written, the process must end")]
        public static partial void Lost(ILogger logger, ObjectKey lease, string identity);

        [LoggerMessage(34, LogLevel.Information, "Gave lease {Lease} up")]
        public static partial void Released(ILogger logger, ObjectKey lease);

        [LoggerMessage(35, LogLevel.Warning, "Could not give lease {Lease} up; others wait until it runs out: {Error}")]
        public static partial void NotReleased(ILogger logger, ObjectKey lease, string error);

        [LoggerMessage(36, LogLevel.Warning, "Attempt at lease {Lease} failed: {Error}")]
        public static partial void AttemptFailed(ILogger logger, ObjectKey lease, string error);
    }
}
