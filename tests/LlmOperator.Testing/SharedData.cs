using System.Runtime.CompilerServices;

namespace LlmOperator.Testing;

/// <summary>Where tests find the repository and the contract data that lies beside a developer's checkout but is never part of it.</summary>
public static class SharedData
{
    /// <summary>Root of the checkout.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>Folder of the contract data; null where it is absent (a test then skips and says so).</summary>
    public static string? Contracts { get; } = Existing(Path.Combine(RepositoryRoot, "..", "shared", "contracts"));

    /// <summary>A contract file; null where it is absent.</summary>
    public static string? Contract(string name) => Contracts is null ? null : Existing(Path.Combine(Contracts, name));

    private static string? Existing(string path) => Path.Exists(path) ? Path.GetFullPath(path) : null;

    private static string FindRoot([CallerFilePath] string here = "")
    {
        for (var folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Operator.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"no Operator.sln above {here}");
    }
}
