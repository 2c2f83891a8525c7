using System.Globalization;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>
/// Puts files into a volume as a kubelet does: they lie in a folder of their own time, <c>..data</c> is a link to it, and the names in the volume are links through <c>..data</c>.
/// Turning that one link changes all files together: a reader sees those of before or those of after, never a mixture.
/// </summary>
internal static class AtomicWriter
{
    /// <summary>Name of the link to the present folder.</summary>
    public const string DataLink = "..data";

    /// <summary>Makes the files of a volume be these and no others. Nothing is touched when they are.</summary>
    /// <param name="folder">Folder of the volume.</param>
    /// <param name="staging">Folder beside it, on the same file system, where links are made before they are turned.</param>
    /// <param name="files">Contents by path within the volume.</param>
    /// <param name="now">Time the folder of the files is named after.</param>
    public static void Write(string folder, string staging, IReadOnlyDictionary<string, byte[]> files, DateTimeOffset now)
    {
        if (OperatingSystem.IsWindows())
        {
            // Links need a privilege there which most users lack.
            Replace(folder, files);
            return;
        }

        var link = Path.Combine(folder, DataLink);
        var before = new DirectoryInfo(link).LinkTarget;
        if (before is not null && Holds(link, files))
        {
            return;
        }

        var name = $"..{now.UtcDateTime.ToString("yyyy_MM_dd_HH_mm_ss", CultureInfo.InvariantCulture)}.{Guid.NewGuid().ToString("N")[..10]}";
        WriteAll(Path.Combine(folder, name), files);

        // A link that leads nowhere counts as a file, which can be renamed over another: it is made where its target is not beside it.
        Directory.CreateDirectory(staging);
        var next = Path.Combine(staging, name);
        File.CreateSymbolicLink(next, name);
        File.Move(next, link, overwrite: true);

        var names = files.Keys.Select(path => path.Split('/')[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var present in Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)))
        {
            if (!names.Remove(present) && !present.StartsWith("..", StringComparison.Ordinal))
            {
                File.Delete(Path.Combine(folder, present));
            }
        }

        foreach (var added in names)
        {
            File.CreateSymbolicLink(Path.Combine(folder, added), Path.Combine(DataLink, added));
        }

        if (before is not null)
        {
            Directory.Delete(Path.Combine(folder, before), recursive: true);
        }
    }

    private static bool Holds(string folder, IReadOnlyDictionary<string, byte[]> files)
    {
        var present = Directory.GetFiles(folder + Path.DirectorySeparatorChar, "*", SearchOption.AllDirectories);
        return present.Length == files.Count && files.All(file => Path.Combine(folder, file.Key) is var path && File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(file.Value));
    }

    private static void Replace(string folder, IReadOnlyDictionary<string, byte[]> files)
    {
        if (Directory.Exists(folder) && Holds(folder, files))
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (!files.ContainsKey(Path.GetRelativePath(folder, file).Replace('\\', '/')))
            {
                File.Delete(file);
            }
        }

        WriteAll(folder, files);
    }

    private static void WriteAll(string folder, IReadOnlyDictionary<string, byte[]> files)
    {
        Directory.CreateDirectory(folder);
        foreach (var (path, bytes) in files)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
    }
}
