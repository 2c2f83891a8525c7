using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Inference.Hosting;

/// <summary>
/// Tells of a connection's end only to somebody who has seen all that came before it: the server takes a body for cut off when its last bytes come with the end. A body that is cut off fails without
/// the server ending the connection, so that the client can be told.
/// </summary>
/// <param name="inner">The connection's input.</param>
internal sealed class WholeInput(PipeReader inner) : PipeReader
{
    private ReadOnlySequence<byte> _read;
    private long _seen;

    /// <summary>Whether a request is being answered, so that what is read is its body.</summary>
    public bool IsBody { get; set; }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Shown(result);
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new(Shown(reading.Result)) : ShownAsync(reading);
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _seen = consumed.Equals(examined) ? 0 : _read.Slice(consumed, examined).Length;
        _read = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ShownAsync(ValueTask<ReadResult> reading) => Shown(await reading.ConfigureAwait(false));

    private ReadResult Shown(ReadResult result)
    {
        _read = result.Buffer;
        if (!result.IsCompleted)
        {
            return result;
        }

        if (_read.Length > _seen)
        {
            return new(_read, result.IsCanceled, isCompleted: false);
        }

        return IsBody ? throw new BadHttpRequestException("The connection ended before the whole body of the request had come.", StatusCodes.Status400BadRequest) : result;
    }
}
