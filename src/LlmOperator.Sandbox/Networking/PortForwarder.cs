using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace LlmOperator.Sandbox.Networking;

/// <summary>Passes the connections of one port on to targets. Bytes go on as they come, no faster than they are taken; either side may end its half first.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no handle to give back, and connections live on when the port is closed.")]
internal sealed class PortForwarder
{
    private const int BufferBytes = 16 << 10;
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(5);

    private readonly Socket _listener;
    private readonly SandboxNetwork _network;
    private readonly CancellationTokenSource _broken = new();
    private IReadOnlyList<IPEndPoint> _targets;
    private uint _turn;

    /// <summary>Begins to accept.</summary>
    /// <param name="listener">Listening socket, which is its own from now on.</param>
    /// <param name="network">Says where targets really listen.</param>
    /// <param name="targets">Where to pass connections on; at least one.</param>
    public PortForwarder(Socket listener, SandboxNetwork network, IReadOnlyList<IPEndPoint> targets)
    {
        (_listener, _network, _targets) = (listener, network, targets);
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Where new connections go.</summary>
    public IReadOnlyList<IPEndPoint> Targets
    {
        get => Volatile.Read(ref _targets);
        set => Volatile.Write(ref _targets, value);
    }

    /// <summary>Takes no more connections.</summary>
    /// <param name="breakOff">Whether those there are end too.</param>
    public void Close(bool breakOff)
    {
        _listener.Dispose();
        if (breakOff)
        {
            _broken.Cancel();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.ConnectionReset or SocketError.TooManyOpenSockets)
            {
                // The client gave up before its turn, or there are no more sockets for the moment.
                await Task.Yield();
                continue;
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            client.NoDelay = true;
            using var server = await ConnectAsync().ConfigureAwait(false);
            if (server is null)
            {
                Reset(client);
                return;
            }

            using var broken = CancellationTokenSource.CreateLinkedTokenSource(_broken.Token);
            var directions = new[] { CopyAsync(client, server, broken), CopyAsync(server, client, broken) };
            await Task.WhenAll(directions).ConfigureAwait(false);
            if (broken.IsCancellationRequested)
            {
                // Whoever is left must see that this was no proper end.
                Reset(client);
                Reset(server);
            }
        }
    }

    /// <summary>Connects to the target whose turn it is, or else to the next that answers.</summary>
    private async Task<Socket?> ConnectAsync()
    {
        var targets = Targets;
        var first = Interlocked.Increment(ref _turn);
        for (var i = 0; i < targets.Count; i++)
        {
            var target = targets[(int)((first + (uint)i) % (uint)targets.Count)];
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_broken.Token);
            timeout.CancelAfter(ConnectTime);
            try
            {
                await socket.ConnectAsync(_network.Find(target.Address.ToString(), target.Port) ?? target, timeout.Token).ConfigureAwait(false);
                return socket;
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationTokenSource broken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await from.ReceiveAsync(buffer.AsMemory(0, BufferBytes), broken.Token).ConfigureAwait(false) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), broken.Token).ConfigureAwait(false);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await broken.CancelAsync().ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (SocketException)
        {
            // It is gone already.
        }
    }
}
