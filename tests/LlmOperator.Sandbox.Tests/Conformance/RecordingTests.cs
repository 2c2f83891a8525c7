using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Conformance;

public sealed class RecordingTests
{
    /// <summary>Far beyond what any recording takes; a hang then fails instead of stalling the run.</summary>
    private static readonly TimeSpan HangGuard = TimeSpan.FromMinutes(1);

    public static TheoryData<string> Recordings => [.. Recording.Names];

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task The_sandbox_answers_as_the_real_server_did(string name)
    {
        var recording = Recording.Read(name);
        Assert.SkipWhen(recording.NeedsControllers && ControllersHook.Start is null, "needs controllers, which are not part of this build");
        using var guard = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        guard.CancelAfter(HangGuard);
        var time = new ManualTimeProvider();
        await using var server = await SandboxServer.StartAsync(new SandboxServerOptions { Time = time }, guard.Token);
        await using var controllers = recording.NeedsControllers ? ControllersHook.Start!(server, time) : null;
        using var replayer = new Replayer(server, time, () => controllers?.SettleAsync() ?? Task.CompletedTask, guard.Token);
        await replayer.Run(recording);
    }
}
