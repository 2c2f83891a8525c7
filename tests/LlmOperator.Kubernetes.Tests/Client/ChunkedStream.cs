namespace LlmOperator.Kubernetes.Tests.Client;

/// <summary>A body that arrives in pieces of given sizes (the last size repeats), and may break off at its end.</summary>
internal sealed class ChunkedStream(byte[] content, IReadOnlyList<int> sizes, bool breaksOff = false) : Stream
{
    private int _at;
    private int _piece;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _at; set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_at == content.Length)
        {
            return breaksOff ? throw new IOException("connection reset") : 0;
        }

        var size = Math.Min(Math.Min(buffer.Length, Math.Max(1, sizes[Math.Min(_piece++, sizes.Count - 1)])), content.Length - _at);
        content.AsSpan(_at, size).CopyTo(buffer);
        _at += size;
        return size;
    }

    // Always at hand, so that whole streams are read on the caller's thread and what that costs can be measured.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return new(Read(buffer.Span));
        }
        catch (IOException fault)
        {
            return ValueTask.FromException<int>(fault);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
