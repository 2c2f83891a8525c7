using System.Collections.Concurrent;
using System.Net;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>A client's request as it is sent to the engine.</summary>
internal static class EngineRequest
{
    private const int MostKnown = 64;

    private static readonly UriCreationOptions AsGiven = new() { DangerousDisablePathAndQueryCanonicalization = true };

    // Nearly all requests ask for one of a few paths. What a client makes up is not kept beyond the first ones.
    private static readonly ConcurrentDictionary<(string, string), Uri> Known = new();

    /// <summary>The request; null when its target is none that can be asked for.</summary>
    /// <param name="context">The client's.</param>
    /// <param name="engine">Address of the engine, without a slash at the end.</param>
    /// <param name="trace">Where in its trace the request stands; null to leave the client's headers alone.</param>
    /// <param name="body">The body that goes with it, if it has one.</param>
    public static HttpRequestMessage? Create(HttpContext context, string engine, TraceContext? trace, ClientBody? body)
    {
        if (Target(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) is not { } target)
        {
            return null;
        }

        var request = new HttpRequestMessage(HttpMethod.Parse(context.Request.Method), Address(engine, target))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        RequestHeaders.Copy(context.Request.Headers, request, trace, static name => name.Equals(PodRevision.AskHeader, StringComparison.OrdinalIgnoreCase));
        return request;
    }

    private static Uri Address(string engine, string target)
    {
        if (Known.TryGetValue((engine, target), out var known))
        {
            return known;
        }

        var address = new Uri(engine + target, AsGiven);
        if (Known.Count < MostKnown)
        {
            Known.TryAdd((engine, target), address);
        }

        return address;
    }

    /// <summary>Path and query as the client wrote them, not a byte changed. A client may name the host too (absolute form), as clients of a proxy do.</summary>
    private static string? Target(string raw)
    {
        if (raw is ['/', ..])
        {
            return raw;
        }

        var host = raw.IndexOf("://", StringComparison.Ordinal);
        if (host < 0)
        {
            return null;
        }

        var path = raw.AsSpan(host + 3).IndexOfAny('/', '?');
        return path < 0 ? "/" : raw[host + 3 + path] == '/' ? raw[(host + 3 + path)..] : "/" + raw[(host + 3 + path)..];
    }
}
