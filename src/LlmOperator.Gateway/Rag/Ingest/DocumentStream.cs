using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Gateway.Requests;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>Reads documents one after the other, out of a body of any length: a JSON array, a single object, or an object a line (NDJSON). No more than one document is held.</summary>
internal sealed partial class DocumentStream
{
    /// <summary>The documents of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="mostBytes">Most bytes of one document.</param>
    /// <exception cref="RefusedException">The body cannot be read.</exception>
    public static async IAsyncEnumerable<JsonElement> ReadAsync(HttpContext context, int mostBytes)
    {
        if (context.Request.Headers.ContentEncoding.Count > 0 && context.Request.Headers.ContentEncoding != "identity")
        {
            throw new RefusedException(new(StatusCodes.Status415UnsupportedMediaType, "unsupported_encoding", "Compressed bodies are not taken; send the body without Content-Encoding"));
        }

        await using var bounded = new BoundedStream(context.Request.BodyReader.AsStream(leaveOpen: true), mostBytes);
        bool isArray;
        try
        {
            isArray = await BeginsWithAsync(context, (byte)'[').ConfigureAwait(false);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
        {
            throw Refused(error);
        }

        var documents = JsonSerializer.DeserializeAsyncEnumerable(bounded, Json.Default.JsonElement, topLevelValues: !isArray, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        await using (documents.ConfigureAwait(false))
        {
            while (true)
            {
                try
                {
                    if (!await documents.MoveNextAsync().ConfigureAwait(false))
                    {
                        yield break;
                    }
                }
                catch (JsonException error)
                {
                    throw new RefusedException(new(StatusCodes.Status400BadRequest, "invalid_json", $"The body is not valid JSON, an array of documents or a document a line: {error.Message.Split(" LineNumber:")[0].Split(" Path:")[0]}"));
                }
                catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
                {
                    throw Refused(error);
                }

                bounded.Restart();
                yield return documents.Current;
            }
        }
    }

    private static RefusedException Refused(Microsoft.AspNetCore.Http.BadHttpRequestException error) => new(new(error.StatusCode, "bad_request", error.Message));

    private static async Task<bool> BeginsWithAsync(HttpContext context, byte sign)
    {
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            foreach (var segment in read.Buffer)
            {
                if (segment.Span.TrimStart(" \t\r\n"u8) is [var first, ..])
                {
                    reader.AdvanceTo(read.Buffer.Start);
                    return first == sign;
                }
            }

            // Nothing but space so far, which is no part of any document.
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return false;
            }
        }
    }

    /// <summary>Ends a document that does not end.</summary>
    private sealed class BoundedStream(Stream inner, int most) : Stream
    {
        // What is read ahead belongs to documents after it.
        private const int ReadAhead = 64 << 10;

        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Restart() => _read = 0;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            _read += count;
            return _read <= (long)most + ReadAhead ? count : throw new RefusedException(new(StatusCodes.Status413PayloadTooLarge, "request_too_large", $"A document is larger than {most} bytes; send it in parts"));
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    [JsonSerializable(typeof(JsonElement))]
    private sealed partial class Json : JsonSerializerContext;
}
