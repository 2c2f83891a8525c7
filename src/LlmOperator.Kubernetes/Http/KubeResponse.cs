using System.IO.Compression;

namespace LlmOperator.Kubernetes.Http;

/// <summary>An answer whose body is still to be read, with the deadline that runs meanwhile.</summary>
internal sealed class KubeResponse(HttpResponseMessage message, CancellationTokenSource deadline, CancellationTokenSource linked) : IDisposable
{
    public HttpResponseMessage Message => message;

    /// <summary>Fires when the caller gives up or the deadline passes.</summary>
    public CancellationToken Cancellation => linked.Token;

    public bool DeadlinePassed => deadline.IsCancellationRequested;

    /// <summary>Sets the deadline anew, or lifts it (<see cref="Timeout.InfiniteTimeSpan"/>).</summary>
    public void SetDeadline(TimeSpan remaining) => deadline.CancelAfter(remaining);

    public async Task<Stream> ReadAsStreamAsync()
    {
        var stream = await message.Content.ReadAsStreamAsync(Cancellation).ConfigureAwait(false);
        return message.Content.Headers.ContentEncoding.Contains("gzip") ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    public void Dispose()
    {
        message.Dispose();
        linked.Dispose();
        deadline.Dispose();
    }
}
