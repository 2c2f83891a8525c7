using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>
/// Who may ask: a client certificate of the sandbox's own authority (checked in the handshake) or its bearer token. Others on
/// the machine share the loopback address, so it is asked for even there.
/// </summary>
internal sealed class Authentication(string token)
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);

    /// <summary>The administrator's token; those of service accounts are this one with a suffix.</summary>
    public string Token => token;

    /// <summary>A token nobody can guess.</summary>
    public static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    /// <summary>Refuses strangers.</summary>
    /// <exception cref="StatusException">401.</exception>
    public void Require(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not null)
        {
            return;
        }

        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            var given = Encoding.UTF8.GetBytes(header[7..].Trim().Split('.')[0]);
            if (CryptographicOperations.FixedTimeEquals(given, _token))
            {
                return;
            }
        }

        throw new StatusException(401, "Unauthorized", "Unauthorized");
    }
}
