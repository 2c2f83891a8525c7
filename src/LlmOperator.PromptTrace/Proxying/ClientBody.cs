using System.IO.Pipelines;
using System.Net;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>A client's body on its way to the engine: as fast as the engine takes it, and each piece at once.</summary>
/// <param name="reader">The body.</param>
/// <param name="head">Where its beginning is kept; null when nobody asks for it.</param>
internal sealed class ClientBody(PipeReader reader, BodyHead? head) : HttpContent
{
    private bool _isStarted;

    /// <summary>Why the client's body could not be read; null while it can.</summary>
    public Exception? Failure { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_isStarted)
        {
            throw new IOException("the body of the request has been sent already and cannot be sent again");
        }

        _isStarted = true;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                Failure = error;
                throw;
            }

            foreach (var piece in read.Buffer)
            {
                head?.Add(piece.Span);
                await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }

            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // The length is that of the client's header, if it sent one.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
