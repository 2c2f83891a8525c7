using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Events;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Leadership;
using LlmOperator.Kubernetes.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Kubernetes.Controllers;

/// <summary>
/// Runs controllers: fills the caches, waits for leadership, lets the workers go, and stops all of it in order.
/// </summary>
/// <example>
/// <code>
/// var manager = new ControllerManager(client, new ControllerManagerOptions { Name = "example.com/operator" });
/// manager.AddController("echo", new EchoReconciler(manager.Client, manager.Informers), c => c
///     .For&lt;Echo&gt;(Predicates.GenerationChanged).Owns&lt;Deployment&gt;().Workers(4));
/// var outcome = await manager.RunAsync(stop);
/// </code>
/// </example>
/// <remarks>
/// Start: caches, then leadership, then workers; servers for metrics and probes are the caller's and come before.
/// Stop: queues close, what is in hand is finished within the grace period, events are sent, the lease is given up, caches stop last.
/// The lease is renewed until the work has ended.
/// </remarks>
public sealed partial class ControllerManager : IDisposable
{
    private static readonly TimeSpan CancelledWorkGrace = TimeSpan.FromSeconds(1);

    private readonly ControllerManagerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LeaderFence _fence;
    private readonly bool _ownsMetrics;
    private readonly List<Controller> _controllers = [];
    private readonly List<(string Name, Func<CancellationToken, Task> Run)> _runnables = [];
    private bool _started;

    /// <summary>Creates a manager.</summary>
    /// <param name="client">Client of the cluster.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Clock; the system's when null.</param>
    /// <param name="logger">Logger; none when null.</param>
    /// <param name="metrics">Instruments; of its own when null.</param>
    /// <param name="random">Source of jitter; a fresh one when null.</param>
    public ControllerManager(
        IKubeClient client, ControllerManagerOptions options, TimeProvider? time = null, ILogger? logger = null, RuntimeMetrics? metrics = null, Random? random = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
        _ownsMetrics = metrics is null;
        Metrics = metrics ?? new RuntimeMetrics();
        random ??= new Random();
        _fence = options.Fence ?? new LeaderFence(_time);
        if (options.LeaderElection is { } election)
        {
            Elector = new LeaderElector(client, election, _time, new Random(random.Next()), _logger, Metrics, _fence);
        }

        Client = new FencedKubeClient(client, _fence);
        Informers = new InformerSet(client, options.Informers.Seed is null ? options.Informers with { Seed = random.Next() } : options.Informers, _time, _logger);
        Events = new EventRecorder(Client, new EventRecorderOptions { Controller = options.Name, Instance = Elector?.Identity ?? Environment.MachineName }, _time, _logger, Metrics);
    }

    /// <summary>The client for reconcilers: its writes pass only while this process leads.</summary>
    public IKubeClient Client { get; }

    /// <summary>The shared caches.</summary>
    public InformerSet Informers { get; }

    /// <summary>Where reconcilers report what happened.</summary>
    public EventRecorder Events { get; }

    /// <summary>The election; null when there is none.</summary>
    public LeaderElector? Elector { get; }

    /// <summary>Tells whether writes may leave; for a <see cref="LeaderFenceHandler"/>.</summary>
    public LeaderFence Fence => _fence;

    /// <summary>The instruments.</summary>
    public RuntimeMetrics Metrics { get; }

    /// <summary>Whether the caches are filled: ready to take over, leader or not.</summary>
    public bool IsReady => _started && Informers.HasSynced;

    /// <summary>Adds a controller.</summary>
    /// <param name="name">Name in logs and metrics; unique in the process.</param>
    /// <param name="reconciler">What is run for each key.</param>
    /// <param name="configure">Says what the controller looks at.</param>
    public ControllerManager AddController(string name, IReconciler reconciler, Action<ControllerBuilder> configure)
    {
        if (_started)
        {
            throw new InvalidOperationException($"controller '{name}' was added after the start");
        }

        if (_controllers.Exists(controller => controller.Name == name))
        {
            throw new ArgumentException($"there is a controller '{name}' already: names must be unique, metrics go by them", nameof(name));
        }

        var plan = new ControllerBuilder(Informers);
        configure(plan);
        _controllers.Add(new Controller(name, reconciler, plan, Metrics, _time, _logger));
        return this;
    }

    /// <summary>Adds a loop that runs while this process leads. When it throws, the manager stops and <see cref="RunAsync"/> throws the same.</summary>
    public ControllerManager AddRunnable(string name, Func<CancellationToken, Task> run)
    {
        _runnables.Add((name, run));
        return this;
    }

    /// <summary>Runs until asked to stop or until leadership is lost. To be called once.</summary>
    /// <param name="stop">Asks for a clean stop.</param>
    public async Task<RunOutcome> RunAsync(CancellationToken stop)
    {
        _started = !_started ? true : throw new InvalidOperationException("the manager runs once");
        _controllers.ForEach(controller => controller.InitializeCounters());
        using var caches = new CancellationTokenSource();
        Informers.Start(caches.Token);
        try
        {
            await WaitForCachesAsync(stop).ConfigureAwait(false);
            if (Elector is null)
            {
                _fence.OpenForGood();
            }
            else
            {
                await Elector.AcquireAsync(stop).ConfigureAwait(false);
                if (Elector.Lease is { } lease)
                {
                    Events.Normal(lease, "LeaderElection", $"{Elector.Identity} became leader", "LeaderElection");
                }
            }

            return await LeadAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return RunOutcome.Stopped;
        }
        finally
        {
            _fence.Close();
            await caches.CancelAsync().ConfigureAwait(false);
            await Informers.StoppedAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _controllers.ForEach(controller => controller.Dispose());
        if (_ownsMetrics)
        {
            Metrics.Dispose();
        }
    }

    /// <summary>One term of leadership, from the first worker to the last.</summary>
    private async Task<RunOutcome> LeadAsync(CancellationToken stop)
    {
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var work = new CancellationTokenSource();
        using var renewing = new CancellationTokenSource();
        using var recording = new CancellationTokenSource();
        var events = Events.RunAsync(recording.Token);
        var hold = Elector?.HoldAsync(renewing.Token) ?? Task.Delay(Timeout.Infinite, renewing.Token);
        var controllers = Task.WhenAll(_controllers.Select(controller => controller.RunAsync(quit.Token, work.Token)));
        var runnables = _runnables.Select(runnable => runnable.Run(quit.Token)).ToList();
        var fault = FirstFaultAsync([.. runnables, controllers]);
        var asked = Task.Delay(Timeout.Infinite, quit.Token);

        var ended = await Task.WhenAny(asked, hold, fault).ConfigureAwait(false);
        var lost = ended == hold;
        if (lost)
        {
            _fence.Close();
            await work.CancelAsync().ConfigureAwait(false);
        }

        await quit.CancelAsync().ConfigureAwait(false);
        _controllers.ForEach(controller => controller.Queue.ShutDown());
        var all = Task.WhenAll([controllers, .. runnables.Select(Quietly)]);
        var stopped = await EndsWithinAsync(all, hold, lost ? CancelledWorkGrace : _options.GracePeriod).ConfigureAwait(false);
        lost |= hold.IsCompleted;
        if (!stopped)
        {
            Log.GraceOver(_logger, _options.GracePeriod);
            await work.CancelAsync().ConfigureAwait(false);
            stopped = await EndsWithinAsync(all, null, CancelledWorkGrace).ConfigureAwait(false);
        }

        await recording.CancelAsync().ConfigureAwait(false);
        await events.ConfigureAwait(false);
        await renewing.CancelAsync().ConfigureAwait(false);
        await Quietly(hold).ConfigureAwait(false);
        lost |= hold.IsCompletedSuccessfully;
        if (Elector is not null && stopped && !lost)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
            await Quietly(Elector.ReleaseAsync(limit.Token)).ConfigureAwait(false);
        }
        else if (!stopped)
        {
            // Whoever does not hear may still write; the lease keeps others away until it runs out.
            _fence.Close();
            Log.NotStopped(_logger);
        }

        if (fault.IsCompleted && !lost)
        {
            await (await fault.ConfigureAwait(false)).ConfigureAwait(false);
        }

        return lost ? RunOutcome.LeadershipLost : RunOutcome.Stopped;
    }

    private async Task WaitForCachesAsync(CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(_options.CacheSyncTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            await Informers.WaitForSyncAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            var missing = string.Join(", ", Informers.All.Where(informer => !informer.HasSynced).Select(informer => informer.Resource.Plural).Distinct());
            Log.CachesNotFilled(_logger, _options.CacheSyncTimeout, missing);
        }
    }

    /// <summary>Whether a task ends in time; false at once when <paramref name="unless"/> ends first.</summary>
    private async Task<bool> EndsWithinAsync(Task task, Task? unless, TimeSpan limit)
    {
        using var cancel = new CancellationTokenSource();
        var delay = Task.Delay(limit, _time, cancel.Token);
        var first = unless is null || unless.IsCompleted ? Task.WhenAny(task, delay) : Task.WhenAny(task, delay, unless);
        await first.ConfigureAwait(false);
        await cancel.CancelAsync().ConfigureAwait(false);
        return task.IsCompleted;
    }

    /// <summary>Completes with the first task that fails; never when none does.</summary>
    private static async Task<Task> FirstFaultAsync(List<Task> tasks)
    {
        while (tasks.Count > 0)
        {
            var ended = await Task.WhenAny(tasks).ConfigureAwait(false);
            if (ended.IsFaulted)
            {
                return ended;
            }

            tasks.Remove(ended);
        }

        return await new TaskCompletionSource<Task>().Task.ConfigureAwait(false);
    }

    private static async Task Quietly(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static partial class Log
    {
        [LoggerMessage(40, LogLevel.Warning, "Not all caches are filled after {Timeout}; controllers of these kinds wait on: {Missing}")]
        public static partial void CachesNotFilled(ILogger logger, TimeSpan timeout, string missing);

        [LoggerMessage(41, LogLevel.Warning, "Work in hand did not end within {Grace} and is cancelled")]
        public static partial void GraceOver(ILogger logger, TimeSpan grace);

        [LoggerMessage(42, LogLevel.Error, "Work in hand did not stop when cancelled; the lease is not given up and runs out by itself")]
        public static partial void NotStopped(ILogger logger);
    }
}
