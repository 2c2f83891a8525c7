using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmOperator.Inference.Hosting;

/// <summary>
/// A client's connection, which tells a client that has left from one that has closed only its own half and waits for its answer. Over TCP the two look alike until something is sent: where nobody is
/// left, a reset comes back. An answer that is on its way does that; while there is none yet, an interim one (102) does, which a client that waits passes over.
/// </summary>
internal sealed class ClientConnection : IDuplexPipe, IDisposable
{
    private const int Begun = 0;
    private const int Waiting = 1;
    private const int Asking = 2;

    // By the machine's clock, as the network goes by it. What is answered soon needs no interim answer: not every script expects one.
    private static readonly TimeSpan FirstAsked = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    // Nor is one possible once the answer has begun, or in HTTP/1.0. An answer that pauses for so long is given up rather than made for nobody.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly WholeInput _input;
    private readonly CancellationTokenSource _left = new();
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenRegistration _closed;
    private volatile Task _asked = Task.CompletedTask;
    private int _stage;
    private bool _isHttp11;
    private bool _isLeaveWanted;

    private ClientConnection(ConnectionContext connection, Socket socket)
    {
        (_socket, _input, Output) = (socket, new(connection.Transport.Input), connection.Transport.Output);
        connection.Transport = this;
        connection.Features.Set(this);
        _closed = connection.ConnectionClosed.UnsafeRegister(static client => _ = ((ClientConnection)client!).ClosedAsync(), this);
        connection.ConnectionClosed = _left.Token;
    }

    /// <inheritdoc/>
    public PipeReader Input => _input;

    /// <inheritdoc/>
    public PipeWriter Output { get; }

    /// <summary>Serves a connection with one of these among its features.</summary>
    public static ConnectionDelegate Serve(ConnectionDelegate next) => async connection =>
    {
        using var client = new ClientConnection(connection, connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket);
        await next(connection).ConfigureAwait(false);
    };

    /// <summary>Lets a request be answered.</summary>
    public async Task AnswerAsync(HttpContext context, RequestDelegate answer)
    {
        // Somebody who waits for leave to send a body gets that from the server, when the body is read.
        (_isHttp11, _isLeaveWanted) = (HttpProtocol.IsHttp11(context.Request.Protocol), context.Request.Headers.Expect.Count > 0);
        context.Response.OnStarting(static client => ((ClientConnection)client).BeginAsync(), this);
        _input.BeginBody();
        Volatile.Write(ref _stage, Waiting);
        try
        {
            await answer(context).ConfigureAwait(false);
        }
        finally
        {
            // What nobody began, the server does now.
            _input.EndBody();
            await BeginAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed.Dispose();
        _over.Cancel();
        _over.Dispose();
        _left.Dispose();
    }

    /// <summary>From here on the output is the answer's.</summary>
    private Task BeginAsync()
    {
        while (Interlocked.CompareExchange(ref _stage, Begun, Waiting) == Asking)
        {
            if (!_asked.IsCompleted)
            {
                return AfterAsync(_asked);
            }
        }

        return Task.CompletedTask;

        async Task AfterAsync(Task asked)
        {
            await asked.ConfigureAwait(false);
            await BeginAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The client sends no more.</summary>
    private async Task ClosedAsync()
    {
        try
        {
            var (since, ask) = (Environment.TickCount64, FirstAsked);
            while (HalfClosedFor(_socket) is { } silence)
            {
                var elapsed = TimeSpan.FromMilliseconds(Environment.TickCount64 - since);
                if (Volatile.Read(ref _stage) != Waiting || !_isHttp11 || (_isLeaveWanted && !_input.IsBodyRead))
                {
                    if (elapsed > LongestSilence && silence > LongestSilence)
                    {
                        break;
                    }
                }
                else if (elapsed > ask && silence > TimeSpan.Zero)
                {
                    // Somebody in between may keep our connection, and hears of the reset only with the next.
                    ask = elapsed * 2;
                    await AskAsync().ConfigureAwait(false);
                }

                await Task.Delay(Between, _over.Token).ConfigureAwait(false);
            }

            await _left.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or InvalidOperationException)
        {
            // The connection is over.
        }
    }

    private async Task AskAsync()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked = asked.Task;
        if (Interlocked.CompareExchange(ref _stage, Asking, Waiting) != Waiting)
        {
            asked.SetResult();
            return;
        }

        try
        {
            await Output.WriteAsync("HTTP/1.1 102 Processing\r\n\r\n"u8.ToArray()).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _stage, Waiting);
            asked.SetResult();
        }
    }

    /// <summary>For how long nothing was sent to a client that may still be there, and nothing waits to be; null when it is not.</summary>
    private static TimeSpan? HalfClosedFor(Socket socket)
    {
        const int TcpLevel = 6;
        const int TcpInformation = 11;
        const int Unacknowledged = 24;
        const int LastDataSent = 44;
        const int Unsent = 144;
        const byte CloseWait = 8;
        Span<byte> information = stackalloc byte[Unsent + sizeof(uint)];
        try
        {
            if (!OperatingSystem.IsLinux() || socket.GetRawSocketOption(TcpLevel, TcpInformation, information) != information.Length || information[0] != CloseWait)
            {
                return null;
            }

            // One who reads slowly is waited for here; how slowly is the server's to judge.
            return BinaryPrimitives.ReadUInt32LittleEndian(information[Unacknowledged..]) > 0 || BinaryPrimitives.ReadUInt32LittleEndian(information[Unsent..]) > 0
                ? TimeSpan.Zero
                : TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32LittleEndian(information[LastDataSent..]) + 1);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
