using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Fakes;

/// <summary>Waits for what loops on the thread pool bring about, without sleeping; gives up after a generous time.</summary>
internal static class Until
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(90);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        using var guard = new CancellationTokenSource(Hang);
        while (!condition())
        {
            Assert.False(guard.IsCancellationRequested, $"never happened: {what}");
            await RoundAsync();
        }
    }

    /// <summary>Lets a manual clock run in steps until something holds.</summary>
    public static async Task TrueAsync(Func<bool> condition, string what, ManualTimeProvider clock, TimeSpan step)
    {
        using var guard = new CancellationTokenSource(Hang);
        while (!condition())
        {
            Assert.False(guard.IsCancellationRequested, $"never happened: {what}");
            await QuietAsync();
            if (!condition())
            {
                clock.Advance(step);
            }
        }
    }

    /// <summary>Waits for an operator that was told to stop: what is in hand may wait on the clock, such as an Event to be written again.</summary>
    public static async Task EndedAsync(Task running, ManualTimeProvider clock)
    {
        // Nearly always it needs no time at all; a clock that ran at once could make due what the test has stopped.
        for (var round = 0; round < 1000 && !running.IsCompleted; round++)
        {
            await QuietAsync();
        }

        await TrueAsync(() => running.IsCompleted, "the operator stops", clock, TimeSpan.FromMilliseconds(10));
        await running;
    }

    /// <summary>Gives the loops a chance to run as far as they get.</summary>
    public static async Task QuietAsync()
    {
        for (var i = 0; i < 50; i++)
        {
            await RoundAsync();
        }
    }

    /// <summary>
    /// Once through the pool's global queue, behind everything that is in it: a plain yield goes to the head of the thread's own queue and would let nobody else run.
    /// </summary>
    private static Task RoundAsync()
    {
        // On a busy machine a thread may have been stopped in the middle of what is waited for.
        Thread.Yield();
        var round = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(static done => done.SetResult(), round, preferLocal: false);
        return round.Task;
    }
}
