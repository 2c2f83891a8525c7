using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Testing;

namespace LlmOperator.Sandbox.Tests.Conformance;

/// <summary>Starts the controllers, scheduler and kubelet beside a sandbox for the recordings that need them.</summary>
internal static class ControllersHook
{
    /// <summary>Starts them on the sandbox's clock.</summary>
    public static Func<SandboxServer, ManualTimeProvider, IRunningControllers>? Start => (server, _) => new SteppedControllers(server);

    /// <summary>Controllers that work while the test waits for them, and at no other time.</summary>
    private sealed class SteppedControllers(SandboxServer server) : IRunningControllers
    {
        private readonly ClusterRuntime _runtime = ControllerManager.Create(server.Cluster, new PodLogs(), server.CertificateAuthorityPem);

        public Task SettleAsync()
        {
            _runtime.RunUntilIdle();
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => _runtime.DisposeAsync();
    }
}

/// <summary>Controllers at work.</summary>
internal interface IRunningControllers : IAsyncDisposable
{
    /// <summary>Completes when they have nothing left to do at the clock's present moment.</summary>
    Task SettleAsync();
}
