using System.Globalization;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>Names of the collections that hold the data of a logical collection: its name with the generation.</summary>
public static class CollectionNames
{
    /// <summary>Name of a generation.</summary>
    /// <param name="name">Name in the spec, which is the alias.</param>
    /// <param name="generation">Its number.</param>
    public static string Physical(string name, int generation) => string.Create(CultureInfo.InvariantCulture, $"{name}-g{generation}");

    /// <summary>Takes the name of a generation apart.</summary>
    /// <param name="physical">Name of a collection.</param>
    /// <param name="name">Name in the spec.</param>
    /// <param name="generation">Its number.</param>
    public static bool TryParse(string physical, out string name, out int generation)
    {
        (name, generation) = ("", 0);
        var at = physical.LastIndexOf("-g", StringComparison.Ordinal);
        if (at < 1 || !int.TryParse(physical.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out generation) || generation < 1 || physical[at + 2] == '0')
        {
            return false;
        }

        name = physical[..at];
        return true;
    }
}
