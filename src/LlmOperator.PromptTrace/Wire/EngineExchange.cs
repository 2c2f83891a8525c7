using System.Runtime.CompilerServices;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>A request under way on a connection, and the answer that comes. When it is disposed, the connection is kept for another, or closed if that may not be.</summary>
internal sealed class EngineExchange : IAsyncDisposable
{
    private readonly EngineClient _client;
    private readonly CancellationTokenRegistration _gone;
    private readonly ClientBody? _rest;
    private readonly Lock? _gate;
    private Task<bool>? _sending;
    private bool _isOver;

    public EngineExchange(EngineClient client, EngineConnection connection, OutgoingRequest request, CancellationToken cancellationToken)
    {
        (_client, Connection, _rest) = (client, connection, request.Rest);
        _gate = _rest is null ? null : new();
        connection.Begin();
        _gone = cancellationToken.UnsafeRegister(static connection => ((EngineConnection)connection!).Abort(), connection);
    }

    public EngineConnection Connection { get; }

    /// <summary>The answer's head.</summary>
    public AnswerHead Head => Connection.Head;

    /// <summary>Sends what remains of the request's body, if it is not being sent already, while the answer may come.</summary>
    public void SendRest()
    {
        if (_rest is null)
        {
            return;
        }

        lock (_gate!)
        {
            _sending ??= _isOver ? null : SendAsync(_rest);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask DisposeAsync()
    {
        var isSent = _rest is null || await EndSendingAsync().ConfigureAwait(false);
        await _gone.DisposeAsync().ConfigureAwait(false);
        if (isSent && Connection.MayBeUsedAgain)
        {
            _client.Keep(Connection);
        }
        else
        {
            Connection.Dispose();
        }
    }

    private async ValueTask<bool> EndSendingAsync()
    {
        lock (_gate!)
        {
            _isOver = true;
        }

        if (_sending is not { } sending)
        {
            return false;
        }

        if (!sending.IsCompleted)
        {
            // The answer has ended before the request: what is still to come of it nobody wants.
            Connection.Abort();
            _rest!.Stop();
        }

        return await sending.ConfigureAwait(false);
    }

    private async Task<bool> SendAsync(ClientBody rest)
    {
        var isSent = await rest.SendAsync(Connection).ConfigureAwait(false);
        if (rest.Failure is not null)
        {
            // The engine must not take half a request for a whole one, nor wait for the rest.
            Connection.Abort();
        }

        return isSent;
    }
}
