using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Sandbox;

/// <summary>How a sandbox's API server starts.</summary>
public sealed record SandboxServerOptions
{
    /// <summary>Port on the loopback address; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock of everything in the sandbox.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Changes of each kind that are kept for watches; older versions are gone (410).</summary>
    public int HistoryWindow { get; init; } = 4096;

    /// <summary>Changes a watch may fall behind before the server ends it.</summary>
    public int WatchQueue { get; init; } = 4096;

    /// <summary>
    /// Where services that admission webhooks name listen, by <c>namespace/name</c>; host and port count. Pods of the sandbox do
    /// not run, so others play them.
    /// </summary>
    public IReadOnlyDictionary<string, Uri> WebhookServices { get; init; } = new Dictionary<string, Uri>();

    /// <summary>Clock of the time admission webhooks have for an answer; <see cref="Time"/> when null.</summary>
    public TimeProvider? WebhookTime { get; init; }

    /// <summary>Where the server's own faults are logged.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>First byte of the addresses of Services.</summary>
    internal byte ServiceNetwork { get; init; } = LlmOperator.Sandbox.Kinds.Behaviors.ServiceAddresses.Usual;

    /// <summary>Built-in kinds.</summary>
    internal IReadOnlyList<KindDefinition> Kinds { get; init; } = BuiltinKinds.All;

    /// <summary>Where container logs come from; null when nothing runs pods.</summary>
    internal IPodLogs? Logs { get; init; }
}
