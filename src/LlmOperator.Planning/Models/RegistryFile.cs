namespace LlmOperator.Planning.Models;

/// <summary>A file of a model's repository.</summary>
/// <param name="Name">Path in the repository.</param>
/// <param name="Size">Bytes; null where the registry does not say.</param>
/// <param name="Sha256">SHA-256 of its content in hexadecimal; null where the registry does not say.</param>
public sealed record RegistryFile(string Name, long? Size = null, string? Sha256 = null);
