using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmOperator.Inference.Proxying;

/// <summary>A client's headers on their way to an engine.</summary>
public static class RequestHeaders
{
    /// <summary>Copies them.</summary>
    /// <param name="headers">The client's.</param>
    /// <param name="request">The request to the engine.</param>
    /// <param name="trace">Where in its trace the request stands; null to leave the client's headers alone.</param>
    /// <param name="isLeftOut">Says of more headers that they stay behind.</param>
    public static void Copy(IHeaderDictionary headers, HttpRequestMessage request, TraceContext? trace, Func<string, bool>? isLeftOut = null)
    {
        var connection = headers.Connection;
        var isContinued = trace is { } known && known.ParentSpanId != default;
        foreach (var (name, values) in headers)
        {
            if (HopByHop.Is(name, connection) || (trace is not null && IsReplaced(name, isContinued)) || isLeftOut?.Invoke(name) == true)
            {
                continue;
            }

            if (!Add(request.Headers, name, values))
            {
                // A header about a body, though there is none: it is sent all the same.
                request.Content ??= new ByteArrayContent([]);
                Add(request.Content.Headers, name, values);
            }
        }

        if (trace is { } span)
        {
            request.Headers.TryAddWithoutValidation("traceparent", span.ToString());
        }
    }

    /// <summary>Why a request cannot be passed on as it is, without another reader taking it for something else; null when it can.</summary>
    public static (int Status, string Message)? WhyNotPassedOn(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan().ContainsAnyInRange('\0', ' ') || request.QueryString.Value?.Contains('\x7f') == true)
        {
            return (StatusCodes.Status400BadRequest, "The target of the request has a control character in it; write it as %0D and the like.");
        }

        var coding = request.Headers.TransferEncoding;
        return coding.Count == 0 || (coding.Count == 1 && string.Equals(coding[0], "chunked", StringComparison.OrdinalIgnoreCase))
            ? null
            : (StatusCodes.Status501NotImplemented, "The body's Transfer-Encoding is not known here; send it in chunks, or with a Content-Length.");
    }

    /// <summary>Whether a client wants to go on in another protocol. An offer of HTTP/2 may be passed over, and many clients make it; a web socket would wait for an answer that never comes.</summary>
    public static bool AskForAnotherProtocol(HttpRequest request) =>
        HttpMethods.IsConnect(request.Method)
        || (HopByHop.IsNamed("upgrade", request.Headers.Connection) && request.Headers.Upgrade.Count > 0 && !request.Headers.Upgrade.ToString().Contains("h2c", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a client's header gives way to the trace's: a state belongs to the parent it came with, and without a valid parent it belongs to none.</summary>
    /// <param name="name">Name of the header.</param>
    /// <param name="isContinued">Whether the trace goes on from the client's.</param>
    public static bool IsReplaced(string name, bool isContinued) =>
        name.Equals("traceparent", StringComparison.OrdinalIgnoreCase) || (!isContinued && name.Equals("tracestate", StringComparison.OrdinalIgnoreCase));

    private static bool Add(System.Net.Http.Headers.HttpHeaders headers, string name, Microsoft.Extensions.Primitives.StringValues values) =>
        values.Count == 1 ? headers.TryAddWithoutValidation(name, values[0]) : headers.TryAddWithoutValidation(name, values.AsEnumerable());
}
