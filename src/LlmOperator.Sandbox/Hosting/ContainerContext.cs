using System.Net;
using LlmOperator.Sandbox.Networking;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>
/// What a container finds when it starts. What a pod would open on 0.0.0.0 or 127.0.0.1 listens on the pod's address: containers of one pod share it, and no other pod has it.
/// </summary>
public sealed class ContainerContext
{
    private readonly Func<string, string?> _annotation;
    private readonly IReadOnlyDictionary<string, string> _mounts;

    internal ContainerContext(Func<string, string?> annotation, IReadOnlyDictionary<string, string> mounts) => (_annotation, _mounts) = (annotation, mounts);

    /// <summary>Name of the pod.</summary>
    public required string Pod { get; init; }

    /// <summary>Its namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the container.</summary>
    public required string Container { get; init; }

    /// <summary>Its image.</summary>
    public required string Image { get; init; }

    /// <summary>Command in place of the image's own; empty when the pod says none.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Arguments, variables in them expanded.</summary>
    public required IReadOnlyList<string> Args { get; init; }

    /// <summary>Environment: values of ConfigMaps, Secrets and the pod itself filled in.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Address of the pod.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The network of the cluster.</summary>
    public required SandboxNetwork Network { get; init; }

    /// <summary>Clock of the cluster.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>What the container writes is what <c>kubectl logs</c> shows.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>Writes a line to the container's log.</summary>
    public required Action<string> WriteLine { get; init; }

    /// <summary>An annotation of the pod as it is now; null when it has none of that name.</summary>
    /// <param name="name">Name.</param>
    public string? Annotation(string name) => _annotation(name);

    /// <summary>Where a port of this pod is opened.</summary>
    /// <param name="port">Port within the pod.</param>
    public IPEndPoint Listen(int port) => Network.Bind(Address, port);

    /// <summary>Where another container of this pod listens that says it does so on a port.</summary>
    /// <param name="port">Port within the pod.</param>
    public IPEndPoint Reach(int port) => Network.Bind(Address, port);

    /// <summary>The folder or file of this machine that stands for a path in the container; null where nothing is mounted.</summary>
    /// <param name="path">Path within the container.</param>
    public string? RealPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var mount = _mounts.Keys.Where(mount => path == mount || path.StartsWith(mount.TrimEnd('/') + "/", StringComparison.Ordinal)).MaxBy(mount => mount.Length);
        var rest = mount is null ? "" : path[mount.Length..].TrimStart('/');
        return mount is null || rest.Split('/').Contains("..") ? null : Path.Combine(_mounts[mount], rest);
    }
}
