using System.Buffers;
using System.Globalization;
using System.Text;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>A client's request as bytes for the engine: the head, and with it a small body that has arrived already.</summary>
internal sealed class OutgoingRequest : IDisposable
{
    private const int FirstSize = 4096;
    private const int MostBodyWithHead = 64 << 10;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstSize);
    private int _length;

    /// <summary>What is sent first.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Whether only a head is asked for.</summary>
    public bool IsHead { get; private init; }

    /// <summary>What of the body is sent after <see cref="Bytes"/>; null for nothing.</summary>
    public ClientBody? Rest { get; private set; }

    /// <summary>Whether the body waits until the engine asks for it.</summary>
    public bool WaitsForContinue { get; private init; }

    /// <summary>Whether it can be sent once more.</summary>
    public bool IsReplayable => Rest is null;

    /// <summary>Writes a request.</summary>
    /// <param name="context">The client's.</param>
    /// <param name="target">Path and query.</param>
    /// <param name="host">Whom to ask for where the client does not say.</param>
    /// <param name="trace">Where in its trace the request stands; null to leave the client's headers alone.</param>
    /// <param name="kept">Keeps the beginning of the body; null when nobody asks for it.</param>
    public static OutgoingRequest Create(HttpContext context, string target, string host, TraceContext? trace, BodyHead? kept)
    {
        var from = context.Request;
        var hasBody = context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody;
        var isChunked = hasBody && (from.Headers.ContentLength is null || from.Headers.TransferEncoding.Count > 0);
        var request = new OutgoingRequest
        {
            IsHead = HttpMethods.IsHead(from.Method),
            WaitsForContinue = hasBody && from.Headers.Expect.Count > 0 && from.Headers.Expect.ToString().Contains("100-continue", StringComparison.OrdinalIgnoreCase),
        };
        request.Add(from.Method);
        request.Add(" "u8);
        request.Add(target);
        request.Add(" HTTP/1.1\r\n"u8);
        request.AddHeaders(from.Headers, host, trace, isChunked);
        if (hasBody)
        {
            request.AddBody(new(from.BodyReader, kept, isChunked));
        }

        return request;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void AddHeaders(IHeaderDictionary headers, string host, TraceContext? trace, bool isChunked)
    {
        if (headers.Host.Count == 0 || string.IsNullOrEmpty(headers.Host[0]))
        {
            AddHeader("Host", host);
        }

        var connection = headers.Connection;
        var isContinued = trace is { } known && known.ParentSpanId != default;
        foreach (var (name, values) in headers)
        {
            if (HopByHop.Is(name, connection) || (trace is not null && RequestHeaders.IsReplaced(name, isContinued))
                || name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) || (name.Equals("Host", StringComparison.OrdinalIgnoreCase) && string.IsNullOrEmpty(values[0])))
            {
                continue;
            }

            foreach (var value in values)
            {
                AddHeader(name, value);
            }
        }

        // Where the body ends is told by what was read of the client's headers, not by their text.
        if (isChunked)
        {
            Add("Transfer-Encoding: chunked\r\n"u8);
        }
        else if (headers.ContentLength is { } length)
        {
            AddHeader("Content-Length", length.ToString(CultureInfo.InvariantCulture));
        }

        if (trace is { } span)
        {
            Add("traceparent: 00-"u8);
            Add(span.TraceId.ToHexString());
            Add("-"u8);
            Add(span.SpanId.ToHexString());
            Add(span.IsSampled ? "-01\r\n"u8 : "-00\r\n"u8);
        }

        Add("\r\n"u8);
    }

    private void AddBody(ClientBody body)
    {
        if (WaitsForContinue || !body.TryTake(MostBodyWithHead, out var first, out var isWhole))
        {
            Rest = body;
            return;
        }

        foreach (var piece in first)
        {
            if (body.IsChunked && !piece.IsEmpty)
            {
                Add(string.Create(CultureInfo.InvariantCulture, $"{piece.Length:X}\r\n"));
                Add(piece.Span);
                Add("\r\n"u8);
            }
            else
            {
                Add(piece.Span);
            }
        }

        body.Taken(first);
        if (isWhole && body.IsChunked)
        {
            Add("0\r\n\r\n"u8);
        }

        Rest = isWhole ? null : body;
    }

    private void AddHeader(string name, string? value)
    {
        Add(name);
        Add(": "u8);
        Add(value);
        Add("\r\n"u8);
    }

    private void Add(string? text)
    {
        var length = text?.Length ?? 0;
        MakeRoom(length);
        _length += Encoding.Latin1.GetBytes(text, _bytes.AsSpan(_length));
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        MakeRoom(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void MakeRoom(int count)
    {
        if (_bytes.Length - _length < count)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + count));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }
    }
}
