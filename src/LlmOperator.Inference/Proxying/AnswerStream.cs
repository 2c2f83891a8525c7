using System.Buffers;

namespace LlmOperator.Inference.Proxying;

/// <summary>The body of an engine's answer, read piece by piece. The first piece may be read ahead, before anything is promised to the client.</summary>
/// <param name="response">The answer; stays the caller's.</param>
public sealed class AnswerStream(HttpResponseMessage response) : IAsyncDisposable
{
    private const int BufferBytes = 16 << 10;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private Stream? _stream;
    private int? _ahead;

    /// <summary>Reads the first piece and keeps it for <see cref="ReadAsync"/>.</summary>
    /// <exception cref="EngineBrokeOffException">The engine ended the answer before its end.</exception>
    public async Task ReadAheadAsync(CancellationToken cancellationToken) => _ahead = await ReadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Reads the next piece.</summary>
    /// <returns>Its bytes, valid until the next call; 0 at the end.</returns>
    /// <exception cref="EngineBrokeOffException">The engine ended the answer before its end.</exception>
    public async ValueTask<int> ReadAsync(CancellationToken cancellationToken)
    {
        if (_ahead is { } count)
        {
            _ahead = null;
            return count;
        }

        try
        {
            _stream ??= await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return await _stream.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or HttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            throw new EngineBrokeOffException(error);
        }
    }

    /// <summary>The piece that was read last.</summary>
    /// <param name="count">Its bytes.</param>
    public ReadOnlyMemory<byte> Piece(int count) => _buffer.AsMemory(0, count);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }

        ArrayPool<byte>.Shared.Return(_buffer);
    }
}
