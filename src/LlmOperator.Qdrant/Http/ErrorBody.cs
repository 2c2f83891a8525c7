using System.Text;
using System.Text.Json;

namespace LlmOperator.Qdrant.Http;

/// <summary>The body of a refusal: Qdrant's envelope, or plain text (401, proxies).</summary>
internal static class ErrorBody
{
    private const int MostBytes = 16 * 1024;
    private const int MostText = 500;

    /// <summary>Reads the beginning of a body; the rest says no more.</summary>
    public static async Task<byte[]> StartAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[MostBytes];
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var length = await stream.ReadAtLeastAsync(buffer, MostBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return buffer[..length];
        }
    }

    /// <summary>The server's words, and whether they came in Qdrant's envelope.</summary>
    public static (string? Text, bool IsQdrants) Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("status", out var status)
                && status.ValueKind == JsonValueKind.Object
                && status.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.String)
            {
                return (error.GetString(), true);
            }
        }
        catch (JsonException)
        {
            // Plain text.
        }

        var text = Encoding.UTF8.GetString(body).Trim();
        return (text.Length == 0 ? null : text.Length > MostText ? $"{text[..MostText]}…" : text, false);
    }
}
