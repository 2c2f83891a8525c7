using System.Net;

namespace LlmOperator.Gateway.Requests;

/// <summary>Something else in the place of a part of a body.</summary>
/// <param name="Start">Where the part begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Bytes">What stands there instead.</param>
internal readonly record struct Edit(int Start, int End, ReadOnlyMemory<byte> Bytes);

/// <summary>A client's body with some parts replaced, and every other byte as it came. It can be sent as often as it must.</summary>
internal sealed class SplicedContent : HttpContent
{
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private readonly long _length;

    /// <summary>Makes a body.</summary>
    /// <param name="body">The client's body. It must not change any more.</param>
    /// <param name="edits">Parts that do not overlap.</param>
    public SplicedContent(ReadOnlyMemory<byte> body, IEnumerable<Edit> edits)
    {
        var position = 0;
        foreach (var edit in edits.OrderBy(edit => edit.Start))
        {
            Add(body[position..edit.Start]);
            Add(edit.Bytes);
            position = edit.End;
        }

        Add(body[position..]);
        _length = _pieces.Sum(piece => (long)piece.Length);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var piece in _pieces)
        {
            await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    private void Add(ReadOnlyMemory<byte> piece)
    {
        if (piece.Length > 0)
        {
            _pieces.Add(piece);
        }
    }
}
