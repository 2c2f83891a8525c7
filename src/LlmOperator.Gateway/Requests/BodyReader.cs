using LlmOperator.Gateway.Configuration;
using LlmOperator.Inference.Proxying;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Requests;

/// <summary>Reads bodies whole, as a request that fails on one pod is sent to another. Both the size of one and what all of them take are bounded.</summary>
/// <param name="options">Bounds.</param>
internal sealed class BodyReader(GatewayOptions options)
{
    private const int FirstBytes = 16 << 10;

    private long _held;

    /// <summary>Bytes that are held.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="RefusedException">It is too large, or there is no room for it.</exception>
    public async Task<HeldBody> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
        {
            throw new RefusedException(new(StatusCodes.Status415UnsupportedMediaType, "unsupported_encoding", "Compressed bodies are not taken; send the body without Content-Encoding"));
        }

        if (request.ContentLength > options.MaxBodyBytes)
        {
            throw TooLarge();
        }

        // A length that is only announced is not made room for: of a body that never comes, nothing is held.
        var held = new HeldBody(this);
        try
        {
            var buffer = new byte[Hold(held, (int)Math.Min(request.ContentLength ?? FirstBytes, FirstBytes))];
            var length = 0;
            while (true)
            {
                var count = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted).ConfigureAwait(false);
                if (count == 0 && length < buffer.Length)
                {
                    break;
                }

                length += count;
                if (length < buffer.Length)
                {
                    continue;
                }

                // Full. One more byte than announced is never needed, but the end must be read.
                if (length == request.ContentLength)
                {
                    break;
                }

                if (length > options.MaxBodyBytes)
                {
                    throw TooLarge();
                }

                var size = Math.Min((long)length * 2, Math.Min(request.ContentLength ?? long.MaxValue, (long)options.MaxBodyBytes + 1));
                Hold(held, (int)size - length);
                Array.Resize(ref buffer, (int)size);
            }

            held.Bytes = buffer.AsMemory(0, length);
            return held;
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
        {
            held.Dispose();
            throw error.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge() : new RefusedException(new(error.StatusCode, "bad_request", error.Message));
        }
        catch (IOException error) when (error is not ConnectionResetException)
        {
            // What the server makes of a length beyond all bounds.
            held.Dispose();
            throw new RefusedException(new(StatusCodes.Status400BadRequest, "bad_request", $"The body cannot be read: {error.Message}"));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    internal void Release(long bytes) => Interlocked.Add(ref _held, -bytes);

    private int Hold(HeldBody held, int bytes)
    {
        held.Held += bytes;
        return Interlocked.Add(ref _held, bytes) <= options.MaxHeldBytes
            ? bytes
            : throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "overloaded", "The gateway has as many prompts in hand as it may. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) });
    }

    private RefusedException TooLarge() =>
        new(new(StatusCodes.Status413PayloadTooLarge, "request_too_large", $"The body is larger than {options.MaxBodyBytes} bytes; send less"));
}

/// <summary>A body that is held. The array is never used again for another: the transport may still read it when the answer is there already.</summary>
internal sealed class HeldBody(BodyReader reader) : IDisposable
{
    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Bytes { get; set; }

    /// <summary>Memory it takes.</summary>
    public long Held { get; set; }

    public void Dispose()
    {
        reader.Release(Held);
        Held = 0;
    }
}
