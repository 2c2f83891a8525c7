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

    private bool _isBody;
    private bool _isCut;

    /// <summary>Whether anybody has begun to read the body of the request that is being answered.</summary>
    public bool IsBodyRead { get; private set; }

    /// <summary>A request is being answered: what is read now is its body.</summary>
    public void BeginBody() => (_isBody, IsBodyRead) = (true, false);

    /// <summary>The request has been answered.</summary>
    public void EndBody() => _isBody = false;

    public override bool TryRead(out ReadResult result)
    {
        IsBodyRead |= _isBody;
        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Shown(result);
        ThrowIfCut();
        return true;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        IsBodyRead |= _isBody;
        var reading = inner.ReadAsync(cancellationToken);
        if (!reading.IsCompletedSuccessfully)
        {
            return ShownAsync(reading);
        }

        var result = Shown(reading.Result);
        ThrowIfCut();
        return new(result);
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

        // To the server a reader that fails while it is waited for still reads, which it would complain of: so it gets nothing, and the fault when it asks again.
        _isCut |= _isBody;
        return _isCut ? new(_read, result.IsCanceled, isCompleted: false) : result;
    }

    private void ThrowIfCut()
    {
        if (_isCut)
        {
            AdvanceTo(_read.Start, _read.End);
            throw new BadHttpRequestException("The connection ended before the whole body of the request had come.", StatusCodes.Status400BadRequest);
        }
    }
}
