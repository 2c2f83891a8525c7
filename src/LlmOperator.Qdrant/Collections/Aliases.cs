using System.Text.Json.Serialization;

namespace LlmOperator.Qdrant.Collections;

/// <summary>An alias.</summary>
/// <param name="AliasName">Its name.</param>
/// <param name="CollectionName">The collection it points to.</param>
public sealed record AliasDescription(string AliasName, string CollectionName);

/// <summary>A change of aliases: one of <see cref="Create"/>, <see cref="Delete"/>, <see cref="Rename"/>.</summary>
public sealed record AliasAction
{
    [JsonInclude]
    internal CreateAliasAction? CreateAlias { get; init; }

    [JsonInclude]
    internal DeleteAliasAction? DeleteAlias { get; init; }

    [JsonInclude]
    internal RenameAliasAction? RenameAlias { get; init; }

    /// <summary>Points an alias to a collection, wherever it pointed before.</summary>
    /// <param name="alias">The alias.</param>
    /// <param name="collection">The collection, which must exist.</param>
    public static AliasAction Create(string alias, string collection) => new() { CreateAlias = new(collection, alias) };

    /// <summary>Deletes an alias; one that is not there is no fault.</summary>
    /// <param name="alias">The alias.</param>
    public static AliasAction Delete(string alias) => new() { DeleteAlias = new(alias) };

    /// <summary>Renames an alias.</summary>
    /// <param name="from">The alias, which must exist.</param>
    /// <param name="to">Its new name.</param>
    public static AliasAction Rename(string from, string to) => new() { RenameAlias = new(from, to) };
}

/// <summary>Points an alias to a collection.</summary>
internal sealed record CreateAliasAction(string CollectionName, string AliasName);

/// <summary>Deletes an alias.</summary>
internal sealed record DeleteAliasAction(string AliasName);

/// <summary>Renames an alias.</summary>
internal sealed record RenameAliasAction(string OldAliasName, string NewAliasName);
