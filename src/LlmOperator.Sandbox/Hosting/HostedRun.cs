using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>Something a kubelet tells about a container as an Event.</summary>
internal readonly record struct ContainerEvent(bool IsWarning, string Reason, string Message);

/// <summary>One run of a container that really runs: its start, its probes, its end. The kubelet reads what it knows and is called when that changes.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The sources have no timer and no handle to give back, and late callers may still ask for the end.")]
internal sealed class HostedRun
{
    private static readonly TimeSpan LeastAfterPreStop = TimeSpan.FromSeconds(2);

    private readonly ContainerContext _context;
    private readonly IHostedContainer _container;
    private readonly JsonObject _spec;
    private readonly JsonObject _pod;
    private readonly Action _changed;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _killed = new();
    private readonly List<ContainerEvent> _events = [];
    private TaskCompletionSource _nudge = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _stopping = Task.CompletedTask;
    private bool _isStopping;
    private bool _isKilledByProbe;

    /// <summary>Starts a container.</summary>
    /// <param name="context">What it finds.</param>
    /// <param name="container">The container, not started.</param>
    /// <param name="spec">Container of the pod spec.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="changed">Called when the state changes, on any thread.</param>
    public HostedRun(ContainerContext context, IHostedContainer container, JsonObject spec, JsonObject pod, Action changed)
    {
        (_context, _container, _spec, _pod, _changed) = (context, container, spec, pod, changed);
        Done = Task.Run(RunAsync);
    }

    /// <summary>Completes when it has ended and nothing of it is left.</summary>
    public Task Done { get; }

    /// <summary>Whether its startup is over.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Whether its readiness probe succeeds.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Exit code; null while it runs.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Events since they were last taken.</summary>
    public IReadOnlyList<ContainerEvent> TakeEvents()
    {
        lock (_gate)
        {
            ContainerEvent[] events = [.. _events];
            _events.Clear();
            return events;
        }
    }

    /// <summary>Has a failing readiness probe asked again at once.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _nudge.TrySetResult();
        }
    }

    /// <summary>Lets it end: preStop, then the signal, then the kill when the grace is over.</summary>
    /// <param name="grace">Time for all of it.</param>
    /// <returns>Completes when it has ended.</returns>
    public Task StopAsync(TimeSpan grace)
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                _isStopping = true;
                _stopping = Task.Run(() => EndAsync(grace));
            }
        }

        return Done;
    }

    /// <summary>Ends it at once.</summary>
    public Task KillAsync()
    {
        _killed.Cancel();
        return StopAsync(TimeSpan.Zero);
    }

    private async Task RunAsync()
    {
        int code;
        var probing = Task.CompletedTask;
        try
        {
            await _container.StartAsync(_killed.Token).ConfigureAwait(false);
            probing = ProbeAsync();
            code = await _container.Exited.ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            if (!_killed.IsCancellationRequested)
            {
                _context.WriteLine($"error: {fault.Message}");
            }

            code = 1;
        }

        await _over.CancelAsync().ConfigureAwait(false);
        await probing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeContainerAsync().ConfigureAwait(false);
        Change(() => (IsStarted, IsReady, ExitCode) = (false, false, _killed.IsCancellationRequested || _isKilledByProbe ? PodDirections.KilledCode : code));
    }

    private async Task DisposeContainerAsync()
    {
        try
        {
            await _container.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            _context.WriteLine($"error: {fault.Message}");
        }
    }

    private async Task EndAsync(TimeSpan grace)
    {
        var sleep = TimeSpan.FromSeconds(_spec.Integer("lifecycle", "preStop", "sleep", "seconds") ?? 0);
        using var kill = CancellationTokenSource.CreateLinkedTokenSource(_killed.Token);
        if (grace > TimeSpan.Zero && sleep > TimeSpan.Zero)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, _killed.Token);
            await Task.Delay(sleep < grace ? sleep : grace, _context.Time, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var left = grace <= TimeSpan.Zero ? TimeSpan.Zero : sleep < grace - LeastAfterPreStop ? grace - sleep : LeastAfterPreStop;
        using var timer = left > TimeSpan.Zero ? new CancellationTokenSource(left, _context.Time) : null;
        await using var passed = timer?.Token.Register(_killed.Cancel) ?? default;
        if (timer is null)
        {
            await _killed.CancelAsync().ConfigureAwait(false);
        }

        try
        {
            await _container.StopAsync(kill.Token).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            if (!kill.IsCancellationRequested)
            {
                _context.WriteLine($"error: {fault.Message}");
            }

            // A container that cannot be asked is taken down.
            await _killed.CancelAsync().ConfigureAwait(false);
            await DisposeContainerAsync().ConfigureAwait(false);
        }

        await Done.ConfigureAwait(false);
    }

    private async Task ProbeAsync()
    {
        if (_spec.Object("startupProbe") is { } startup && !await WatchAsync("Startup", startup, endsWithSuccess: true).ConfigureAwait(false))
        {
            return;
        }

        var readiness = _spec.Object("readinessProbe");
        Change(() => (IsStarted, IsReady) = (true, readiness is null));
        var liveness = _spec.Object("livenessProbe");
        await Task.WhenAll(
            readiness is null ? Task.CompletedTask : WatchAsync("Readiness", readiness, endsWithSuccess: false),
            liveness is null ? Task.CompletedTask : WatchAsync("Liveness", liveness, endsWithSuccess: false)).ConfigureAwait(false);
    }

    /// <summary>Asks a probe time and again. Returns true when it succeeded and that is the end of it, false when the container was ended for it.</summary>
    private async Task<bool> WatchAsync(string kind, JsonObject probe, bool endsWithSuccess)
    {
        var (successes, failures) = (0L, 0L);
        var period = TimeSpan.FromSeconds(Math.Max(probe.Integer("periodSeconds") ?? 10, 1));
        var isReadiness = kind == "Readiness";
        await WaitAsync(TimeSpan.FromSeconds(probe.Integer("initialDelaySeconds") ?? 0), mayBeNudged: false).ConfigureAwait(false);
        while (!_over.IsCancellationRequested)
        {
            string? problem;
            try
            {
                problem = await Prober.ProbeAsync(probe, _spec, _context, _over.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return false;
            }

            (successes, failures) = problem is null ? (successes + 1, 0L) : (0L, failures + 1);
            if (problem is not null)
            {
                Change(() => _events.Add(new(true, "Unhealthy", $"{kind} probe failed: {problem}")));
            }

            if (successes >= Math.Max(probe.Integer("successThreshold") ?? 1, 1))
            {
                if (endsWithSuccess)
                {
                    return true;
                }

                SetReady(isReadiness, true);
            }
            else if (failures >= Math.Max(probe.Integer("failureThreshold") ?? 3, 1))
            {
                if (!isReadiness)
                {
                    Fail(kind, probe);
                    return false;
                }

                SetReady(isReadiness, false);
            }

            await WaitAsync(period, mayBeNudged: isReadiness && !IsReady).ConfigureAwait(false);
        }

        return false;
    }

    private void SetReady(bool isReadiness, bool value)
    {
        if (isReadiness && IsReady != value)
        {
            Change(() => IsReady = value);
        }
    }

    private void Fail(string kind, JsonObject probe)
    {
        _isKilledByProbe = true;
        Change(() => _events.Add(new(false, "Killing", $"Container {_context.Container} failed {kind.ToLowerInvariant()} probe, will be restarted")));
        _ = StopAsync(TimeSpan.FromSeconds(probe.Integer("terminationGracePeriodSeconds") ?? _pod.Integer("spec", "terminationGracePeriodSeconds") ?? 30));
    }

    private async Task WaitAsync(TimeSpan time, bool mayBeNudged)
    {
        if (time <= TimeSpan.Zero)
        {
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        var delay = Task.Delay(time, _context.Time, either.Token);
        Task nudged;
        lock (_gate)
        {
            nudged = mayBeNudged ? _nudge.Task : delay;
        }

        await Task.WhenAny(delay, nudged).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        lock (_gate)
        {
            // One that came while a probe was on its way counted for this wait, and for no later one.
            if (mayBeNudged && _nudge.Task.IsCompleted)
            {
                _nudge = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
        }

        _changed();
    }
}
