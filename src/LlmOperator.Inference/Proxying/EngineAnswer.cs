using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace LlmOperator.Inference.Proxying;

/// <summary>The engine's answer on its way to the client: each piece is passed on before anything else is done with it.</summary>
public static class EngineAnswer
{
    /// <summary>Copies status and headers.</summary>
    public static void CopyHead(HttpResponseMessage from, HttpResponse to)
    {
        to.StatusCode = (int)from.StatusCode;
        to.HttpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = from.ReasonPhrase;
        var connection = from.Headers.NonValidated.TryGetValues("Connection", out var options) ? new StringValues(options.ToArray()) : StringValues.Empty;
        Copy(from.Headers.NonValidated, to.Headers, connection);
        Copy(from.Content.Headers.NonValidated, to.Headers, connection);
    }

    /// <summary>Copies the body.</summary>
    /// <param name="from">The engine's answer.</param>
    /// <param name="body">Its body.</param>
    /// <param name="context">The client's request.</param>
    /// <param name="exchange">What is told of the pieces; null when nobody asks.</param>
    /// <param name="cancellationToken">Fires when the client is gone.</param>
    /// <exception cref="EngineBrokeOffException">The engine ended the answer before its end.</exception>
    public static Task CopyBodyAsync(HttpResponseMessage from, AnswerStream body, HttpContext context, Exchange? exchange, CancellationToken cancellationToken) =>
        CopyBodyAsync(from, body, context, exchange, rewriter: null, cancellationToken);

    /// <summary>Copies the body, changed on its way.</summary>
    /// <param name="from">The engine's answer.</param>
    /// <param name="body">Its body.</param>
    /// <param name="context">The client's request.</param>
    /// <param name="exchange">What is told of the pieces as the engine sent them; null when nobody asks.</param>
    /// <param name="rewriter">What changes them; null when nothing does. The head must not promise a length then.</param>
    /// <param name="cancellationToken">Fires when the client is gone.</param>
    /// <exception cref="EngineBrokeOffException">The engine ended the answer before its end.</exception>
    public static async Task CopyBodyAsync(HttpResponseMessage from, AnswerStream body, HttpContext context, Exchange? exchange, AnswerRewriter? rewriter, CancellationToken cancellationToken)
    {
        var hasTrailers = rewriter is null && from.Headers.TransferEncodingChunked == true && from.Headers.NonValidated.Contains("Trailer") && HttpProtocol.IsHttp11(context.Request.Protocol);
        if (hasTrailers)
        {
            // The server has no trailers for HTTP/1.1, but leaves the framing to whoever asks for it.
            context.Response.Headers.TransferEncoding = "chunked";
            context.Response.Headers.Trailer = new StringValues(from.Headers.NonValidated["Trailer"].ToArray());

            // Until the head is out, the server counts on writing the frames itself.
            await context.Response.StartAsync(cancellationToken).ConfigureAwait(false);
        }

        if (rewriter is not null && !context.Response.HasStarted)
        {
            // Before its head is out, the server may lend a writer no room at all when it is not told how much is wanted.
            await context.Response.StartAsync(cancellationToken).ConfigureAwait(false);
        }

        var to = context.Response.BodyWriter;
        while (true)
        {
            var reading = body.ReadAsync(cancellationToken);
            if (!reading.IsCompleted && !context.Response.HasStarted)
            {
                // The head does not wait for a body that takes its time.
                await to.FlushAsync(cancellationToken).ConfigureAwait(false);
            }

            var count = await reading.ConfigureAwait(false);
            if (count == 0)
            {
                break;
            }

            var piece = body.Piece(count);
            if (rewriter is not null)
            {
                exchange?.Add(piece.Span);
                rewriter.Add(piece.Span, to);
                if ((await to.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted)
                {
                    throw new OperationCanceledException("the client is gone");
                }

                continue;
            }

            if (hasTrailers)
            {
                to.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{count:X}\r\n")));
                to.Write(piece.Span);
                to.Write("\r\n"u8);
            }

            var writing = hasTrailers ? to.FlushAsync(cancellationToken) : to.WriteAsync(piece, cancellationToken);
            exchange?.Add(piece.Span);
            if ((await writing.ConfigureAwait(false)).IsCompleted)
            {
                throw new OperationCanceledException("the client is gone");
            }
        }

        if (rewriter is not null)
        {
            rewriter.End(to);
            await to.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (hasTrailers)
        {
            to.Write(Encoding.Latin1.GetBytes(Trailers(from)));
            await to.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Trailers(HttpResponseMessage from)
    {
        var text = new StringBuilder("0\r\n");
        foreach (var (name, values) in from.TrailingHeaders.NonValidated)
        {
            foreach (var value in values)
            {
                text.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }

        return text.Append("\r\n").ToString();
    }

    private static void Copy(System.Net.Http.Headers.HttpHeadersNonValidated from, IHeaderDictionary to, StringValues connection)
    {
        foreach (var (name, values) in from)
        {
            if (!HopByHop.Is(name, connection))
            {
                to[name] = values.Count == 1 ? new StringValues(values.ToString()) : new StringValues([.. values]);
            }
        }
    }
}

/// <summary>The engine ended an answer before its end.</summary>
/// <param name="cause">How it was noticed.</param>
public sealed class EngineBrokeOffException(Exception cause) : Exception(cause.Message, cause);
