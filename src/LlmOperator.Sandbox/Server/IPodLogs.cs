using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Server;

/// <summary>Which part of a container's log is wanted.</summary>
internal sealed record PodLogOptions
{
    /// <summary>Container; the pod's only one when null.</summary>
    public string? Container { get; init; }

    /// <summary>Keep the answer open for lines to come.</summary>
    public bool Follow { get; init; }

    /// <summary>The log of the run before this one.</summary>
    public bool Previous { get; init; }

    /// <summary>Begin each line with its time.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Last lines only.</summary>
    public long? TailLines { get; init; }

    /// <summary>At most this many bytes.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>Lines not older than this.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <summary>Serves container logs: the part of a kubelet the API server asks.</summary>
internal interface IPodLogs
{
    /// <summary>Lines of a container's log, without line ends; ends when the log does or, when followed, with the container.</summary>
    /// <exception cref="StatusException">The container has no log (yet).</exception>
    IAsyncEnumerable<string> Read(JsonObject pod, PodLogOptions options, CancellationToken cancellationToken);
}
