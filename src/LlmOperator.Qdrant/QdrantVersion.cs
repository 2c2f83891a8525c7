namespace LlmOperator.Qdrant;

/// <summary>What a server says of itself.</summary>
/// <param name="Title">Its name.</param>
/// <param name="Version">Its version, such as <c>1.19.0</c>.</param>
/// <param name="Commit">Commit it was built from.</param>
public sealed record QdrantVersion(string Title, string Version, string? Commit)
{
    private static readonly Version MemoryField = new(1, 19);

    /// <summary>The version without its suffix; null when it is none.</summary>
    public Version? Number => System.Version.TryParse(Version.TrimStart('v').Split('-', '+')[0], out var number) ? number : null;

    /// <summary>
    /// Whether it knows the field <c>memory</c>, which replaced <c>on_disk</c>, <c>always_ram</c> and <c>on_disk_payload</c> in 1.19. One whose version cannot be read counts as new.
    /// </summary>
    public bool HasMemoryField => Number is not { } number || number >= MemoryField;

    /// <summary>Whether named vectors can be added to and dropped from a collection (1.19).</summary>
    public bool HasVectorChanges => Number is not { } number || number >= MemoryField;
}
