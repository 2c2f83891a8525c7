using System.Buffers;

namespace LlmOperator.Inference.OpenAi;

/// <summary>
/// Reads the data of server-sent events out of a byte stream that arrives in pieces of any size. It takes <c>\n</c>, <c>\r\n</c> and <c>\r</c> as line ends, skips comments and fields other than data,
/// joins the lines of an event, and gives up on an event longer than the bound rather than keep it: a stream is passed on whatever is in it, and only what is understood is measured.
/// </summary>
/// <param name="longestEvent">Most bytes of an event that are kept; the data of a longer one is left out.</param>
public sealed class ServerSentEvents(int longestEvent = 1 << 20) : IDisposable
{
    private byte[] _line = ArrayPool<byte>.Shared.Rent(4096);
    private byte[] _data = ArrayPool<byte>.Shared.Rent(4096);
    private int _lineLength;
    private int _dataLength;
    private bool _hasData;
    private bool _tooLong;
    private bool _afterCarriageReturn;

    /// <summary>Receives the data of an event.</summary>
    /// <param name="data">The data; valid during the call only.</param>
    public delegate void EventHandler(ReadOnlySpan<byte> data);

    /// <summary>Events that were longer than the bound.</summary>
    public long Oversized { get; private set; }

    /// <summary>Takes the next bytes of the stream.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="received">Called for each event that is whole now.</param>
    public void Add(ReadOnlySpan<byte> bytes, EventHandler received)
    {
        ArgumentNullException.ThrowIfNull(received);
        while (!bytes.IsEmpty)
        {
            if (_afterCarriageReturn)
            {
                _afterCarriageReturn = false;
                if (bytes[0] == (byte)'\n')
                {
                    bytes = bytes[1..];
                    continue;
                }
            }

            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                Keep(bytes);
                return;
            }

            _afterCarriageReturn = bytes[end] == (byte)'\r';
            if (_lineLength == 0)
            {
                // The common case: a line that arrived in one piece is not copied.
                EndLine(bytes[..end], received);
            }
            else
            {
                Keep(bytes[..end]);
                EndLine(_line.AsSpan(0, _lineLength), received);
            }

            _lineLength = 0;
            bytes = bytes[(end + 1)..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _line, []));
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _data, []));
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_lineLength + bytes.Length > longestEvent)
        {
            _tooLong = true;
            return;
        }

        Append(ref _line, ref _lineLength, bytes);
    }

    private void EndLine(ReadOnlySpan<byte> line, EventHandler received)
    {
        if (line.IsEmpty)
        {
            Dispatch(received);
            return;
        }

        if (!line.StartsWith("data"u8))
        {
            return;
        }

        var value = line[4..];
        if (!value.IsEmpty)
        {
            if (value[0] != (byte)':')
            {
                return; // Another field whose name starts with data.
            }

            value = value[1..];
            value = value is [(byte)' ', ..] ? value[1..] : value;
        }

        if (_dataLength + value.Length + 1 > longestEvent)
        {
            _tooLong = true;
            return;
        }

        if (_hasData)
        {
            Append(ref _data, ref _dataLength, "\n"u8);
        }

        _hasData = true;
        Append(ref _data, ref _dataLength, value);
    }

    private void Dispatch(EventHandler received)
    {
        if (_tooLong)
        {
            Oversized++;
        }
        else if (_hasData)
        {
            received(_data.AsSpan(0, _dataLength));
        }

        (_hasData, _tooLong, _dataLength) = (false, false, 0);
    }

    private static void Append(ref byte[] buffer, ref int length, ReadOnlySpan<byte> bytes)
    {
        if (buffer.Length - length < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + bytes.Length));
            buffer.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        bytes.CopyTo(buffer.AsSpan(length));
        length += bytes.Length;
    }
}
