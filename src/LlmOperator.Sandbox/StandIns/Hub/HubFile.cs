using System.Security.Cryptography;
using System.Text;

namespace LlmOperator.Sandbox.StandIns.Hub;

/// <summary>A file of a repository at the stand-in hub: small ones with their content, weights with their size alone; read, they are zeros of that length.</summary>
/// <param name="Name">Path in the repository.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Content">Content; null for weights.</param>
public sealed record HubFile(string Name, long Size, ReadOnlyMemory<byte>? Content = null)
{
    /// <summary>Whether the hub keeps it in large file storage, whose SHA-256 it tells.</summary>
    public bool IsLarge => Content is null;

    /// <summary>Hash by which the file is told: of weights a made-up one that depends on name and size.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Content?.ToArray() ?? Encoding.UTF8.GetBytes($"{Name} {Size}")));

    /// <summary>A file of text.</summary>
    public static HubFile Text(string name, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        return new(name, bytes.Length, bytes);
    }
}
