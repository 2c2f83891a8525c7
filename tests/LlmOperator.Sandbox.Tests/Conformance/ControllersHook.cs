using LlmOperator.Testing;

namespace LlmOperator.Sandbox.Tests.Conformance;

/// <summary>
/// Starts the controllers, scheduler and kubelet beside a sandbox for the recordings that need them. Null as long as there are none
/// to start: those recordings are then skipped and say so.
/// </summary>
internal static class ControllersHook
{
    /// <summary>Starts them on the sandbox's clock.</summary>
    public static Func<SandboxServer, ManualTimeProvider, IRunningControllers>? Start => null;
}

/// <summary>Controllers at work.</summary>
internal interface IRunningControllers : IAsyncDisposable
{
    /// <summary>Completes when they have nothing left to do at the clock's present moment.</summary>
    Task SettleAsync();
}
