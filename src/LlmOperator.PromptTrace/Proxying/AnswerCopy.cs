using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using LlmOperator.Inference.Proxying;
using LlmOperator.PromptTrace.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>The engine's answer on its way to the client: each piece is passed on before anything else is done with it.</summary>
internal static class AnswerCopy
{
    /// <summary>Copies status and headers.</summary>
    public static void Head(AnswerHead from, HttpResponse to)
    {
        to.StatusCode = from.Status;
        to.HttpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = from.Reason;
        var headers = to.Headers;
        foreach (var (name, value) in from.Headers)
        {
            if (!HopByHop.Is(name, from.Connection))
            {
                headers[name] = headers.TryGetValue(name, out var earlier) ? StringValues.Concat(earlier, value) : value;
            }
        }
    }

    /// <summary>Copies the body.</summary>
    /// <param name="from">The connection.</param>
    /// <param name="context">The client's request.</param>
    /// <param name="exchange">What is told of the pieces; null when nobody asks.</param>
    /// <exception cref="EngineBrokeOffException">The engine ended the answer before its end.</exception>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public static async ValueTask BodyAsync(EngineConnection from, HttpContext context, Exchange? exchange)
    {
        var response = context.Response;
        var hasTrailers = from.Head.Framing == Framing.Chunked && from.Head.Trailer.Count > 0 && HttpProtocol.IsHttp11(context.Request.Protocol);
        if (hasTrailers)
        {
            // The server has no trailers for HTTP/1.1, but leaves the framing to whoever asks for it.
            response.Headers.TransferEncoding = "chunked";
            response.Headers.Trailer = from.Head.Trailer;

            // Until the head is out, the server counts on writing the frames itself.
            await response.StartAsync().ConfigureAwait(false);
        }

        var to = response.BodyWriter;
        while (true)
        {
            if (!from.TryRead(out var piece))
            {
                if (!response.HasStarted && !from.HasArrived())
                {
                    // The head does not wait for a body that takes its time.
                    await to.FlushAsync().ConfigureAwait(false);
                }

                piece = await from.ReadAsync().ConfigureAwait(false);
            }

            if (piece.IsEmpty)
            {
                break;
            }

            if (hasTrailers)
            {
                to.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{piece.Length:X}\r\n")));
                to.Write(piece.Span);
                to.Write("\r\n"u8);
            }

            var writing = hasTrailers ? to.FlushAsync() : to.WriteAsync(piece);
            exchange?.Add(piece.Span);
            if ((await writing.ConfigureAwait(false)).IsCompleted)
            {
                throw new OperationCanceledException("the client is gone");
            }
        }

        if (hasTrailers)
        {
            to.Write(Encoding.Latin1.GetBytes(Trailers(from.Trailers)));
            await to.FlushAsync().ConfigureAwait(false);
        }
    }

    private static string Trailers(IReadOnlyList<(string Name, string Value)> trailers)
    {
        var text = new StringBuilder("0\r\n");
        foreach (var (name, value) in trailers)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return text.Append("\r\n").ToString();
    }
}
