using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>A connection to the engine. One request after the other goes over it, each with <see cref="Begin"/> first.</summary>
internal sealed class EngineConnection : IDisposable
{
    private const int BufferBytes = 16 << 10;
    private const int LongestHead = 128 << 10;
    private const int NotWaiting = 0;
    private const int Waiting = 1;
    private const int TimeOver = 2;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly TimeSpan _answerTime;
    private readonly ITimer _timer;
    private readonly BodyDecoder _body = new();
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _isAnswered;
    private int _waiting;
    private int _isTimed;
    private long _asked;
    private volatile bool _isAborted;

    private EngineConnection(EndPoint engine, TimeSpan answerTime, TimeProvider time)
    {
        // A name, localhost that is, may stand for an address of either family.
        _socket = engine is IPEndPoint ? new(engine.AddressFamily, SocketType.Stream, ProtocolType.Tcp) : new(SocketType.Stream, ProtocolType.Tcp);
        _socket.NoDelay = true;
        (_answerTime, _time) = (answerTime, time);
        _timer = time.CreateTimer(static connection => ((EngineConnection)connection!).CheckTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The answer, once its head has come.</summary>
    public AnswerHead Head { get; } = new();

    public IReadOnlyList<(string Name, string Value)> Trailers => _body.Trailers;

    /// <summary>Whether anything of the answer has arrived.</summary>
    public bool HasAnswer { get; private set; }

    /// <summary>Whether the engine took too long to begin with its answer.</summary>
    public bool IsTooLate => Volatile.Read(ref _waiting) == TimeOver;

    /// <summary>Whether it was ended from here.</summary>
    public bool IsAborted => _isAborted;

    /// <summary>How long ago the request was begun with.</summary>
    public TimeSpan Asked => _time.GetElapsedTime(_asked);

    /// <summary>When it was used last.</summary>
    public long LastUsed { get; private set; }

    /// <summary>Whether the answer is whole, so that another may follow on this connection.</summary>
    public bool MayBeUsedAgain => _isAnswered && _body.IsDone && Head.IsKept && _start == _end && !_isAborted;

    public static async Task<EngineConnection> OpenAsync(EndPoint engine, TimeSpan answerTime, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new EngineConnection(engine, answerTime, time);
        try
        {
            await connection._socket.ConnectAsync(engine, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Begins with a request: from now on its time runs.</summary>
    public void Begin()
    {
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        (_start, _end, HasAnswer, _isAnswered) = (0, 0, false, false);
        _asked = _time.GetTimestamp();
        Volatile.Write(ref _waiting, Waiting);

        // The timer is let run on from request to request, and looks when it rings: setting it each time would cost more.
        if (Interlocked.Exchange(ref _isTimed, 1) == 0)
        {
            _timer.Change(_answerTime, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The answer has been taken; the connection is kept for another.</summary>
    public void End()
    {
        GiveBack();
        LastUsed = _time.GetTimestamp();
    }

    /// <summary>Whether the engine has closed the connection, or says what nobody has asked for.</summary>
    public bool IsStale()
    {
        try
        {
            return _socket.Poll(0, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false)..];
        }
    }

    /// <summary>Reads the head of an answer, or of one before it (100 and the like).</summary>
    /// <param name="isHead">Whether the request was for a head alone.</param>
    /// <exception cref="MalformedAnswerException">It is none.</exception>
    /// <exception cref="SocketException">The connection has ended.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadHeadAsync(bool isHead)
    {
        var looked = 0;
        while (true)
        {
            var end = _buffer.AsSpan(_start + looked, _end - _start - looked).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                end += _start + looked + 4;
                Head.Read(_buffer.AsSpan(_start, end - _start), isHead);
                _start = end;
                if (!Head.IsInterim)
                {
                    _body.Begin(Head.Framing, Head.Length);
                    Answered();
                    _isAnswered = true;
                }

                return;
            }

            looked = Math.Max(0, _end - _start - 3);
            if (_end - _start >= LongestHead)
            {
                throw new MalformedAnswerException("its head is too long");
            }

            if (_end == _buffer.Length)
            {
                MakeRoom();
            }

            var count = await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None).ConfigureAwait(false);
            if (count == 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            HasAnswer = true;
            _end += count;
        }
    }

    /// <summary>Whether there is more to read at once.</summary>
    public bool HasArrived()
    {
        try
        {
            return _socket.Available > 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true; // Reading tells of it.
        }
    }

    /// <summary>The next piece of the body, if it has been received already.</summary>
    /// <param name="piece">Its bytes, valid until the next call; none at the end.</param>
    /// <exception cref="EngineBrokeOffException">It is none.</exception>
    public bool TryRead(out ReadOnlyMemory<byte> piece)
    {
        piece = default;
        if (_start == _end || _body.IsDone)
        {
            return _body.IsDone;
        }

        try
        {
            var from = _start;
            var (start, length) = _body.Take(_buffer.AsSpan(_start, _end - _start), out var taken);
            _start += taken;
            piece = _buffer.AsMemory(from + start, length);
            return length > 0 || _body.IsDone;
        }
        catch (MalformedAnswerException error)
        {
            throw new EngineBrokeOffException(error);
        }
    }

    /// <summary>Reads the next piece of the body.</summary>
    /// <returns>Its bytes, valid until the next call; none at the end.</returns>
    /// <exception cref="EngineBrokeOffException">The engine ended the answer before its end, or it is none.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        ReadOnlyMemory<byte> piece;
        while (!TryRead(out piece))
        {
            try
            {
                (_start, _end) = (0, await _socket.ReceiveAsync(_buffer, SocketFlags.None).ConfigureAwait(false));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                throw new EngineBrokeOffException(error);
            }

            if (_end == 0 && !_body.TryEnd())
            {
                throw new EngineBrokeOffException(new EndOfStreamException("the connection ended before the answer did"));
            }
        }

        return piece;
    }

    /// <summary>Ends the connection, whatever is under way on it.</summary>
    public void Abort()
    {
        _isAborted = true;
        _socket.Dispose();
    }

    public void Dispose()
    {
        Abort();
        _timer.Dispose();
        GiveBack();
    }

    /// <summary>From here on the answer may take as long as it likes.</summary>
    private void Answered()
    {
        if (Interlocked.CompareExchange(ref _waiting, NotWaiting, Waiting) == TimeOver)
        {
            throw new SocketException((int)SocketError.OperationAborted);
        }
    }

    private void CheckTime()
    {
        Volatile.Write(ref _isTimed, 0);
        if (Volatile.Read(ref _waiting) != Waiting)
        {
            return;
        }

        var left = _answerTime - _time.GetElapsedTime(Volatile.Read(ref _asked));
        if (left > TimeSpan.Zero)
        {
            if (Interlocked.Exchange(ref _isTimed, 1) == 0)
            {
                _timer.Change(left, Timeout.InfiniteTimeSpan);
            }
        }
        else if (Interlocked.CompareExchange(ref _waiting, TimeOver, Waiting) == Waiting)
        {
            Abort();
        }
    }

    private void MakeRoom()
    {
        var larger = _start > 0 ? _buffer : ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
        if (larger != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        (_start, _end) = (0, _end - _start);
    }

    private void GiveBack()
    {
        if (Interlocked.Exchange(ref _buffer, []) is { Length: > 0 } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
