using System.Collections;
using LlmOperator.Kubernetes.Queues;
using LlmOperator.Kubernetes.Telemetry;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Controllers;

/// <summary>A queue of keys and the workers that run a reconciler on them.</summary>
internal sealed partial class Controller : IDisposable
{
    private readonly ControllerBuilder _plan;
    private readonly IReconciler _reconciler;
    private readonly ControllerMetrics _metrics;
    private readonly QueueMetrics _queueMetrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public Controller(string name, IReconciler reconciler, ControllerBuilder plan, RuntimeMetrics metrics, TimeProvider time, ILogger logger)
    {
        Name = name;
        _reconciler = reconciler;
        _plan = plan;
        _time = time;
        _logger = logger;
        _metrics = metrics.ForController(name, plan.WorkerCount);
        _queueMetrics = metrics.ForQueue(name);
        Queue = new WorkQueue(time, new RetryBackoff(plan.BaseDelay, plan.MaxDelay), _queueMetrics);
        plan.Connect(Queue);
    }

    public string Name { get; }

    public WorkQueue Queue { get; }

    /// <summary>True when every cache the reconciler reads is filled.</summary>
    public bool HasSynced => _plan.Informers.All(informer => informer.HasSynced);

    /// <summary>
    /// Works until the queue is shut down and everything in hand is finished. Starts when the caches are filled: a reconciler that
    /// looked at half a cache would take what it does not see for gone.
    /// </summary>
    /// <param name="wait">Ends the wait for the caches.</param>
    /// <param name="work">Cancels what is in hand.</param>
    public async Task RunAsync(CancellationToken wait, CancellationToken work)
    {
        try
        {
            await Task.WhenAll(_plan.Informers.Select(informer => informer.Synced)).WaitAsync(wait).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Log.Started(_logger, Name, _plan.WorkerCount);
        var workers = new Task[_plan.WorkerCount];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = WorkAsync(work);
        }

        await Task.WhenAll(workers).ConfigureAwait(false);
    }

    /// <summary>Makes every counter exist at zero, on a standby too.</summary>
    public void InitializeCounters()
    {
        _metrics.InitializeCounters();
        _queueMetrics.InitializeCounters();
    }

    public void Dispose() => Queue.Dispose();

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (await Queue.GetAsync().ConfigureAwait(false) is { } item)
        {
            try
            {
                await ReconcileAsync(item, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Queue.Done(item.Key);
            }
        }
    }

    private async Task ReconcileAsync(WorkItem item, CancellationToken cancellationToken)
    {
        using var scope = _logger.BeginScope(new ReconcileScope(Name, _plan.Kind, item.Key));
        var started = _time.GetTimestamp();
        var result = ReconcileResults.Error;
        CancellationTokenSource? deadline = null;
        CancellationTokenSource? linked = null;
        _metrics.Started();
        try
        {
            var token = cancellationToken;
            if (_plan.Timeout is { } timeout)
            {
                deadline = new CancellationTokenSource(timeout, _time);
                linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
                token = linked.Token;
            }

            result = Settle(item, await _reconciler.ReconcileAsync(item.Key, token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The process stops or is no longer the leader: not a failure of the object, and the next leader looks at everything anyway.
        }
        catch (Exception error)
        {
            Fail(item, error, timedOut: error is OperationCanceledException && deadline is { IsCancellationRequested: true });
        }
        finally
        {
            linked?.Dispose();
            deadline?.Dispose();
            _metrics.Finished(result, _time.GetElapsedTime(started));
        }
    }

    private KeyValuePair<string, object?> Settle(WorkItem item, ReconcileResult result)
    {
        Queue.Forget(item.Key);
        if (result.Delay is not { } delay)
        {
            return ReconcileResults.Success;
        }

        Queue.AddAfter(item.Key, delay, result.Priority ?? item.Priority);
        return ReconcileResults.RequeueAfter;
    }

    private void Fail(WorkItem item, Exception error, bool timedOut)
    {
        _metrics.Error();
        if (error is TerminalException)
        {
            _metrics.TerminalError();
            Queue.Forget(item.Key);
            Log.Terminal(_logger, error);
            return;
        }

        if (timedOut)
        {
            _metrics.TimedOut();
        }
        else if (error is NullReferenceException or InvalidCastException or IndexOutOfRangeException or ArgumentException or ArithmeticException or KeyNotFoundException)
        {
            // Faults of the program rather than of its world, the like of a panic: an alert on them is an alert on a bug.
            _metrics.Panic();
        }

        Log.Failed(_logger, error, Queue.AddRateLimited(item.Key, item.Priority));
    }

    /// <summary>What every line logged during a run carries.</summary>
    private sealed class ReconcileScope(string controller, ResourceType kind, ObjectKey key) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        private string? _id;

        public int Count => 6;

        public KeyValuePair<string, object?> this[int index] => index switch
        {
            0 => new("controller", controller),
            1 => new("controllerGroup", kind.Group),
            2 => new("controllerKind", kind.Kind),
            3 => new("namespace", key.Namespace),
            4 => new("name", key.Name),
            5 => new("reconcileID", _id ??= Guid.NewGuid().ToString()),
            _ => throw new ArgumentOutOfRangeException(nameof(index)),
        };

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
        {
            for (var i = 0; i < Count; i++)
            {
                yield return this[i];
            }
        }

        public override string ToString() => $"{controller} {key}";

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Information, "Controller {Controller} started with {Workers} workers")]
        public static partial void Started(ILogger logger, string controller, int workers);

        [LoggerMessage(21, LogLevel.Error, "Reconcile failed, next attempt in {Delay}")]
        public static partial void Failed(ILogger logger, Exception error, TimeSpan delay);

        [LoggerMessage(22, LogLevel.Error, "Reconcile failed in a way no retry can mend; waiting for a change")]
        public static partial void Terminal(ILogger logger, Exception error);
    }
}
