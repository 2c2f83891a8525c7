using System.Text.RegularExpressions;
using LlmOperator.Planning.Cache;

namespace LlmOperator.Controllers.Fetching;

/// <summary>
/// The volume of a cache: a folder a revision, each whole or not there. A fetch fills a folder of another name, in which a later one goes on where it broke off, and gives it its name at the end.
/// </summary>
internal sealed partial class CacheVolume(string root)
{
    private const string Unfinished = ".unfinished-";

    /// <summary>Bytes that can still be written.</summary>
    public long FreeBytes => new DriveInfo(root).AvailableFreeSpace;

    /// <summary>Whether a folder is whole.</summary>
    public bool Has(string folder) => Directory.Exists(Path.Combine(root, Checked(folder)));

    /// <summary>Where a folder is filled.</summary>
    public string Begin(string folder)
    {
        var path = Path.Combine(root, Unfinished + Checked(folder));
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Gives a filled folder its name.</summary>
    public void End(string folder) => Directory.Move(Path.Combine(root, Unfinished + Checked(folder)), Path.Combine(root, folder));

    /// <summary>Removes a folder, whole or not. One that is not there is as good as removed.</summary>
    public void Remove(string folder)
    {
        foreach (var path in new[] { Path.Combine(root, Checked(folder)), Path.Combine(root, Unfinished + folder) }.Where(Directory.Exists))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Removes what broken fetches of other revisions left behind.</summary>
    /// <param name="keep">Folders that are being filled.</param>
    public void Sweep(IEnumerable<string> keep)
    {
        var wanted = keep.Select(folder => Unfinished + folder).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.GetDirectories(root, Unfinished + "*").Where(path => !wanted.Contains(Path.GetFileName(path))))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    // The name comes from the command line of a Job anybody with the right to create Jobs could write.
    private static string Checked(string folder) =>
        FolderName().IsMatch(folder) ? folder : throw new FetchException($"\"{folder}\" is not a folder of a cache: letters, digits, '.', '-' and '_', and no '.' at the start", CacheJobs.Refused);

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    private static partial Regex FolderName();
}
