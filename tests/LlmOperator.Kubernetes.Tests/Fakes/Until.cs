using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Fakes;

/// <summary>Waits for what loops on the thread pool bring about, without sleeping; gives up after a generous time.</summary>
internal static class Until
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        using var guard = new CancellationTokenSource(Hang);
        while (!condition())
        {
            Assert.False(guard.IsCancellationRequested, $"never happened: {what}");
            await Task.Yield();
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

    /// <summary>Gives the loops a chance to run as far as they get.</summary>
    public static async Task QuietAsync()
    {
        for (var i = 0; i < 100; i++)
        {
            await Task.Yield();
        }
    }
}
