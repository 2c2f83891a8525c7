using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>A client's body on its way to the engine: as fast as the engine takes it, and each piece at once.</summary>
/// <param name="reader">The body.</param>
/// <param name="head">Where its beginning is kept; null when nobody asks for it.</param>
/// <param name="isChunked">Whether it goes in chunks, as its length is not known.</param>
internal sealed class ClientBody(PipeReader reader, BodyHead? head, bool isChunked)
{
    private volatile bool _isStopped;

    public bool IsChunked => isChunked;

    /// <summary>Why the client's body could not be read; null while it can.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What has arrived already, if it is no more than so much. <see cref="Taken"/> must follow.</summary>
    public bool TryTake(int most, out ReadOnlySequence<byte> bytes, out bool isWhole)
    {
        (bytes, isWhole) = (default, false);
        try
        {
            if (!reader.TryRead(out var read))
            {
                return false;
            }

            (bytes, isWhole) = (read.Buffer, read.IsCompleted);
            if (bytes.Length <= most)
            {
                return true;
            }

            reader.AdvanceTo(bytes.Start);
            return false;
        }
        catch (Exception)
        {
            // It comes again when the body is sent, where it is told.
            return false;
        }
    }

    /// <summary>What was taken is done with.</summary>
    public void Taken(ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            head?.Add(piece.Span);
        }

        reader.AdvanceTo(bytes.End);
    }

    /// <summary>Sends the body to its end.</summary>
    /// <param name="to">The connection.</param>
    /// <returns>Whether all of it was sent.</returns>
    public async Task<bool> SendAsync(EngineConnection to)
    {
        try
        {
            while (!_isStopped)
            {
                if (await ReadAsync().ConfigureAwait(false) is not { IsCanceled: false } read)
                {
                    break;
                }

                try
                {
                    foreach (var piece in read.Buffer)
                    {
                        head?.Add(piece.Span);
                        await SendAsync(piece, to).ConfigureAwait(false);
                    }
                }
                finally
                {
                    reader.AdvanceTo(read.Buffer.End);
                }

                if (read.IsCompleted)
                {
                    if (isChunked)
                    {
                        await to.SendAsync("0\r\n\r\n"u8.ToArray()).ConfigureAwait(false);
                    }

                    return true;
                }
            }
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // The engine takes no more, but may answer all the same: why, for instance.
        }

        return false;
    }

    /// <summary>Nobody wants the rest.</summary>
    public void Stop()
    {
        _isStopped = true;
        reader.CancelPendingRead();
    }

    private async ValueTask<ReadResult?> ReadAsync()
    {
        try
        {
            return await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Failure = error;
            return null;
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> piece, EngineConnection to)
    {
        if (!isChunked)
        {
            await to.SendAsync(piece).ConfigureAwait(false);
            return;
        }

        if (piece.IsEmpty)
        {
            return; // An empty chunk would be the last.
        }

        var size = string.Create(CultureInfo.InvariantCulture, $"{piece.Length:X}\r\n");
        var framed = ArrayPool<byte>.Shared.Rent(size.Length + piece.Length + 2);
        try
        {
            var length = Encoding.ASCII.GetBytes(size, framed);
            piece.Span.CopyTo(framed.AsSpan(length));
            "\r\n"u8.CopyTo(framed.AsSpan(length + piece.Length));
            await to.SendAsync(framed.AsMemory(0, length + piece.Length + 2)).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(framed);
        }
    }
}
