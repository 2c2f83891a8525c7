using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>
/// Speaks HTTP/1.1 with the engine, and no more of it than a proxy needs: nothing is followed, unpacked, remembered or added. Connections are kept; the one that was used last is used first.
/// </summary>
internal sealed class EngineClient : IDisposable
{
    private const int MostInterim = 16;

    // Shorter than the five seconds after which the servers of Python's engines close a connection: they must not close one while a request is on its way.
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(3);

    // Whether a connection still stands is asked only after a while: it costs a system call.
    private static readonly TimeSpan TrustTime = TimeSpan.FromMilliseconds(100);

    // As long as clients that expect to be asked for a body wait before they send it all the same.
    private static readonly TimeSpan ContinueTime = TimeSpan.FromSeconds(1);

    private readonly EndPoint _engine;
    private readonly TimeSpan _connectTime;
    private readonly TimeSpan _answerTime;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<EngineConnection> _idle = [];
    private readonly ITimer _sweep;
    private bool _isClosed;

    /// <summary>Creates a client.</summary>
    /// <param name="engine">Address of the engine.</param>
    /// <param name="connectTime">How long making a connection may take.</param>
    /// <param name="answerTime">How long an answer may take to begin.</param>
    /// <param name="time">Clock.</param>
    public EngineClient(Uri engine, TimeSpan connectTime, TimeSpan answerTime, TimeProvider time)
    {
        (_connectTime, _answerTime, _time) = (connectTime, answerTime, time);
        _engine = IPAddress.TryParse(engine.Host.Trim('[', ']'), out var address) ? new IPEndPoint(address, engine.Port) : new DnsEndPoint(engine.Host, engine.Port);
        _sweep = time.CreateTimer(static client => ((EngineClient)client!).Sweep(), this, IdleTime, IdleTime);
    }

    /// <summary>Connections that wait for a request.</summary>
    public int Idle
    {
        get
        {
            lock (_gate)
            {
                return _idle.Count;
            }
        }
    }

    /// <summary>Sends a request and reads the head of its answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Fires when the client is gone.</param>
    /// <returns>The answer, whose body is still to come.</returns>
    /// <exception cref="EngineException">There is no answer.</exception>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<EngineExchange> SendAsync(OutgoingRequest request, CancellationToken cancellationToken)
    {
        if (TakeIdle() is { } kept)
        {
            var exchange = new EngineExchange(this, kept, request, cancellationToken);
            try
            {
                await AskAsync(exchange, request, cancellationToken).ConfigureAwait(false);
                return exchange;
            }
            catch (EngineException error) when (error.InnerException is SocketException && request.IsReplayable && !kept.HasAnswer && !kept.IsAborted && kept.Asked < EngineConnections.LongestClosing)
            {
                // The engine had closed the connection, or did so as the request came: nobody has seen anything of an answer, the request is all here, and nobody can have worked on it for long.
                await exchange.DisposeAsync().ConfigureAwait(false);
            }
            catch
            {
                await exchange.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        var made = new EngineExchange(this, await ConnectAsync(cancellationToken).ConfigureAwait(false), request, cancellationToken);
        try
        {
            await AskAsync(made, request, cancellationToken).ConfigureAwait(false);
            return made;
        }
        catch
        {
            await made.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Keeps a connection whose answer has ended.</summary>
    public void Keep(EngineConnection connection)
    {
        connection.End();
        lock (_gate)
        {
            if (!_isClosed)
            {
                _idle.Add(connection);
                return;
            }
        }

        connection.Dispose();
    }

    public void Dispose()
    {
        List<EngineConnection> idle;
        lock (_gate)
        {
            _isClosed = true;
            idle = [.. _idle];
            _idle.Clear();
        }

        idle.ForEach(static connection => connection.Dispose());
        _sweep.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AskAsync(EngineExchange exchange, OutgoingRequest request, CancellationToken cancellationToken)
    {
        var connection = exchange.Connection;
        try
        {
            await connection.SendAsync(request.Bytes).ConfigureAwait(false);
            if (!request.WaitsForContinue)
            {
                exchange.SendRest();
            }

            using var asked = request.WaitsForContinue
                ? _time.CreateTimer(static exchange => ((EngineExchange)exchange!).SendRest(), exchange, ContinueTime, Timeout.InfiniteTimeSpan)
                : null;
            for (var interim = 0; interim <= MostInterim; interim++)
            {
                await connection.ReadHeadAsync(request.IsHead).ConfigureAwait(false);
                if (!connection.Head.IsInterim)
                {
                    return;
                }

                if (connection.Head.Status == 100)
                {
                    exchange.SendRest();
                }
                else if (connection.Head.Status == 101)
                {
                    throw new MalformedAnswerException("it goes on in another protocol, for which nobody has asked");
                }
            }

            throw new MalformedAnswerException("it does not come to the point");
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or MalformedAnswerException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new EngineException(connection.IsTooLate ? EngineFault.TooSlow : EngineFault.Failed, error);
        }
    }

    private EngineConnection? TakeIdle()
    {
        while (true)
        {
            EngineConnection connection;
            lock (_gate)
            {
                if (_idle.Count == 0)
                {
                    return null;
                }

                connection = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }

            var unused = _time.GetElapsedTime(connection.LastUsed);
            if (unused < TrustTime || (unused < IdleTime && !connection.IsStale()))
            {
                return connection;
            }

            connection.Dispose();
        }
    }

    private async ValueTask<EngineConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(_connectTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            return await EngineConnection.OpenAsync(_engine, _answerTime, _time, either.Token).ConfigureAwait(false);
        }
        catch (SocketException error)
        {
            throw new EngineException(EngineFault.Unreachable, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EngineException(EngineFault.TooSlow, error);
        }
    }

    /// <summary>Closes connections that nobody has used for a while. They lie at the bottom.</summary>
    private void Sweep()
    {
        List<EngineConnection> unused;
        lock (_gate)
        {
            var count = _idle.FindIndex(connection => _time.GetElapsedTime(connection.LastUsed) < IdleTime);
            unused = _idle[..(count < 0 ? _idle.Count : count)];
            _idle.RemoveRange(0, unused.Count);
        }

        unused.ForEach(static connection => connection.Dispose());
    }
}

/// <summary>Why the engine has not answered.</summary>
internal enum EngineFault
{
    /// <summary>It takes no connections.</summary>
    Unreachable,

    /// <summary>It took too long.</summary>
    TooSlow,

    /// <summary>It ended the connection, or said what is no answer.</summary>
    Failed,
}

/// <summary>The engine has not answered.</summary>
/// <param name="fault">Why.</param>
/// <param name="cause">How it was noticed.</param>
internal sealed class EngineException(EngineFault fault, Exception cause) : Exception(cause.Message, cause)
{
    public EngineFault Fault => fault;
}
