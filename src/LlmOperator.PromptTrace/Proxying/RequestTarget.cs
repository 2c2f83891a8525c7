namespace LlmOperator.PromptTrace.Proxying;

/// <summary>What a client asks for.</summary>
internal static class RequestTarget
{
    /// <summary>Path and query as the client wrote them, not a byte changed; null when it is none that can be asked for. A client may name the host too (absolute form), as clients of a proxy do.</summary>
    public static string? Of(string raw)
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
