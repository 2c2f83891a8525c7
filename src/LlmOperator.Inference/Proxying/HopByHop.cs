using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;

namespace LlmOperator.Inference.Proxying;

/// <summary>Headers that are about one connection and do not pass to the next (RFC 9110, 7.6.1).</summary>
public static class HopByHop
{
    private static readonly FrozenSet<string> Names = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // What a message is to whom, and where it ends, is nothing a Connection header may take away: the next one would read it otherwise.
    private static readonly FrozenSet<string> Lasting = new[] { "Host", "Content-Length", "Expect" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header stays behind.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="connection">The message's Connection header, which may name more.</param>
    public static bool Is(string name, StringValues connection) => Names.Contains(name) || (connection.Count > 0 && IsNamed(name, connection) && !Lasting.Contains(name));

    /// <summary>Whether a Connection header has an option.</summary>
    public static bool IsNamed(string name, StringValues connection)
    {
        foreach (var line in connection)
        {
            foreach (var option in line.AsSpan().Split(','))
            {
                if (line.AsSpan()[option].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
