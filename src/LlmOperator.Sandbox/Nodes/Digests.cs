using System.Security.Cryptography;
using System.Text;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>Stable made-up ids.</summary>
internal static class Digests
{
    /// <summary>64 hexadecimal digits that depend on nothing but the text.</summary>
    public static string Hex(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
