using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOperator.PromptTrace.Tests.Wire;

/// <summary>Stands in for an inference server that speaks bytes: the test says what becomes of each connection.</summary>
internal sealed class WireEngine : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<WireConnection, Task> _serve;
    private readonly List<Task> _serving = [];
    private readonly Task _accepting;
    private int _connections;

    public WireEngine(Func<WireConnection, Task> serve, IPAddress? address = null)
    {
        (_serve, _listener) = (serve, new(address ?? IPAddress.Loopback, 0));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url => new($"http://{_listener.LocalEndpoint}");

    /// <summary>Connections that were made.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _serving.Add(ServeAsync(new(socket, Interlocked.Increment(ref _connections), _stop.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(WireConnection connection)
    {
        using (connection)
        {
            try
            {
                await _serve(connection);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The other side has left, or the test is over.
            }
        }
    }
}

/// <summary>A connection to the stand-in.</summary>
internal sealed class WireConnection(Socket socket, int number, CancellationToken stop) : IDisposable
{
    private string _read = "";

    /// <summary>Which one it is, from 1.</summary>
    public int Number => number;

    /// <summary>Reads until what was read ends so.</summary>
    /// <returns>What was read since the last call; null when the connection ended before.</returns>
    public async Task<string?> ReadUntilAsync(string end)
    {
        var buffer = new byte[4096];
        while (true)
        {
            if (_read.IndexOf(end, StringComparison.Ordinal) is >= 0 and var at)
            {
                var text = _read[..(at + end.Length)];
                _read = _read[text.Length..];
                return text;
            }

            var count = await socket.ReceiveAsync(buffer, SocketFlags.None, stop);
            if (count == 0)
            {
                return null;
            }

            _read += Encoding.Latin1.GetString(buffer, 0, count);
        }
    }

    /// <summary>Ends when the other side has closed the connection.</summary>
    public async Task ClosedAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, stop) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset: closed too.
        }
    }

    public async Task WriteAsync(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), SocketFlags.None, stop);
        }
    }

    public void Dispose() => socket.Dispose();
}
