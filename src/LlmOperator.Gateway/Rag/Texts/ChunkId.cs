using System.Security.Cryptography;
using System.Text;

namespace LlmOperator.Gateway.Rag.Texts;

/// <summary>The id of a point: the MD5 of its text in the form of a UUID whose version is 4. The same text has the same id whenever it is ingested; nothing secret hangs on the hash.</summary>
internal static class ChunkId
{
    /// <summary>The id of a text.</summary>
    public static string Of(string text)
    {
#pragma warning disable CA5351 // Ids of indexes that exist are made of MD5.
        var hash = MD5.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5351
        hash[6] = (byte)((hash[6] & 0x0F) | 0x40);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true).ToString("D");
    }

    /// <summary>An id as Qdrant takes it: the text itself where it is a UUID, else the id of the text.</summary>
    public static string OfName(string name) => Guid.TryParseExact(name, "D", out var id) ? id.ToString("D") : Of(name);
}
