using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LlmOperator.Sandbox.Networking;

/// <summary>
/// Addresses of the cluster on this machine. Every pod has one of its own out of 127.244.0.0/16 and up, and every Service one out of 127.96.0.0/12, so that any program of this machine
/// reaches them and ports need not differ. Where the system routes 127.0.0.1 alone (macOS), the addresses are names only: ports are mapped to free ones of 127.0.0.1, which clients
/// in this process find by <see cref="Find"/> and <see cref="ConnectAsync"/>.
/// </summary>
public sealed class SandboxNetwork : IDisposable
{
    /// <summary>First byte of the addresses of Services.</summary>
    internal const byte ServiceNetwork = 127;

    // Bound on each address that is in use, so that two sandboxes of one machine do not give out the same.
    private const int ClaimPort = 10250;
    private const int FirstPodByte = 244;
    private const int Privileged = 1024;
    private const int MappedFrom = 8000;

    private readonly ConcurrentDictionary<IPAddress, Socket?> _claims = new();
    private readonly ConcurrentDictionary<(IPAddress Address, int Port), IPEndPoint> _mapped = new();
    private readonly ConcurrentDictionary<string, IPAddress> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool _opensLowPorts;
    private int _last;

    /// <summary>Creates a network without addresses.</summary>
    public SandboxNetwork()
        : this(IsLoopbackRouted(), MayOpenLowPorts())
    {
    }

    internal SandboxNetwork(bool isRouted, bool opensLowPorts = true) => (IsRouted, _opensLowPorts) = (isRouted, opensLowPorts);

    /// <summary>Whether all of 127.0.0.0/8 is this machine's; where not, ports are mapped.</summary>
    public bool IsRouted { get; }

    /// <summary>Where a port of a pod or a Service is opened: the same address and port where that can be. A port that only administrators may open is mapped to the one 8000 above it.</summary>
    /// <param name="address">Address of the pod or Service.</param>
    /// <param name="port">Port.</param>
    public IPEndPoint Bind(IPAddress address, int port)
    {
        ArgumentNullException.ThrowIfNull(address);
        return !IsRouted ? _mapped.GetOrAdd((address, port), static _ => new(IPAddress.Loopback, FreePort()))
            : port < Privileged && !_opensLowPorts ? _mapped.GetOrAdd((address, port), static wanted => new(wanted.Address, wanted.Port + MappedFrom))
            : new(address, port);
    }

    /// <summary>Where an address or a name of the cluster really listens; null when it is none of the cluster's.</summary>
    /// <param name="host">Address, or name of a Service: <c>name.namespace</c>, <c>name.namespace.svc</c>, <c>name.namespace.svc.cluster.local</c>; or of a pod of a StatefulSet: <c>pod.service.namespace.svc</c>.</param>
    /// <param name="port">Port.</param>
    public IPEndPoint? Find(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (!IPAddress.TryParse(host, out var address) && !_names.TryGetValue(Short(host), out address))
        {
            return null;
        }

        return _mapped.TryGetValue((address, port), out var mapped) ? mapped
            : address.GetAddressBytes() is [127, not 0, ..] ? new(address, port)
            : null;
    }

    /// <summary>For HTTP clients in this process: connects to names and addresses of the cluster, and to everything else as usual.</summary>
    /// <param name="context">What is connected to.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var wanted = context.DnsEndPoint;
            await socket.ConnectAsync(Find(wanted.Host, wanted.Port) is { } found ? found : wanted, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var address in _claims.Keys)
        {
            Release(address);
        }
    }

    /// <summary>Takes a free address for a pod.</summary>
    internal IPAddress Claim()
    {
        while (true)
        {
            var number = Interlocked.Increment(ref _last);
            var address = new IPAddress([127, (byte)(FirstPodByte + ((number >> 16) % 11)), (byte)(number >> 8), (byte)number]);
            if ((byte)number is 0 or 255 || _claims.ContainsKey(address))
            {
                continue;
            }

            if (!IsRouted)
            {
                _claims[address] = null;
                return address;
            }

            var claim = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                claim.Bind(new IPEndPoint(address, ClaimPort));
                _claims[address] = claim;
                return address;
            }
            catch (SocketException)
            {
                // Another sandbox of this machine has it.
                claim.Dispose();
            }
        }
    }

    /// <summary>Gives an address back.</summary>
    internal void Release(IPAddress address)
    {
        if (_claims.TryRemove(address, out var claim))
        {
            claim?.Dispose();
        }

        foreach (var name in _names.Where(name => name.Value.Equals(address)))
        {
            _names.TryRemove(name);
        }

        foreach (var key in _mapped.Keys.Where(key => key.Address.Equals(address)))
        {
            _mapped.TryRemove(key, out _);
        }
    }

    /// <summary>Opens a port of a Service.</summary>
    internal Socket ListenAt(IPAddress address, int port) => Open(Bind(address, port));

    /// <summary>Makes a name known.</summary>
    internal void Name(string ns, string service, IPAddress? address)
    {
        if (address is null)
        {
            _names.TryRemove($"{service}.{ns}", out _);
        }
        else
        {
            _names[$"{service}.{ns}"] = address;
        }
    }

    private static Socket Open(IPEndPoint at)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(at);
            socket.Listen(512);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Short(string host)
    {
        foreach (var suffix in (ReadOnlySpan<string>)[".svc.cluster.local.", ".svc.cluster.local", ".svc"])
        {
            if (host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                return host[..^suffix.Length];
            }
        }

        return host;
    }

    private static int FreePort()
    {
        using var socket = Open(new(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static bool MayOpenLowPorts()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(new IPAddress([127, byte.MaxValue, byte.MaxValue, 254]), 80));
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode != SocketError.AccessDenied;
        }

        return true;
    }

    private static bool IsLoopbackRouted()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(new IPAddress([127, FirstPodByte, 0, 1]), 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
