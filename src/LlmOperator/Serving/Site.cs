using System.Net;
using System.Net.Sockets;
using LlmOperator.Configuration;
using LlmOperator.Controllers.Webhooks;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Serving;

/// <summary>Pages on a port of their own.</summary>
/// <param name="Setting">Setting the address comes from.</param>
/// <param name="Address">Address listened on.</param>
/// <param name="Answer">Answers a request.</param>
/// <param name="Certificate">Certificate of an HTTPS site; null for HTTP.</param>
internal sealed record Site(Setting Setting, ListenAddress Address, Func<HttpRequest, CancellationToken, Task<HttpReply>> Answer, ServingCertificate? Certificate = null)
{
    /// <summary>Most bytes of a request's body: an AdmissionReview holds an object twice, and the API server takes objects of 3 MiB.</summary>
    public const int MaxBodyBytes = 7 * 1024 * 1024;

    /// <summary>Where to bind; all interfaces, of both versions of IP, where no address is given.</summary>
    public IPEndPoint EndPoint { get; } = new(Address.Host ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any), Address.Port);
}
