namespace LlmOperator.Testing;

/// <summary>A file of the repository that must equal what the code makes. With UPDATE_GOLDEN=1 in the environment it is written instead, and the change is reviewed in the diff.</summary>
public static class GoldenFile
{
    private static bool Updating => Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    /// <summary>What differs, in a form a person can act on; null when file and text are equal.</summary>
    /// <param name="path">Path relative to the repository's root.</param>
    /// <param name="text">What the code makes.</param>
    public static string? Difference(string path, string text)
    {
        var file = Path.Combine(SharedData.RepositoryRoot, path);
        if (Updating)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
            return null;
        }

        if (!File.Exists(file))
        {
            return $"{path} is missing: run the tests once with UPDATE_GOLDEN=1 and review it";
        }

        var expected = File.ReadAllText(file).Split('\n');
        var actual = text.Split('\n');
        for (var line = 0; line < Math.Max(expected.Length, actual.Length); line++)
        {
            var was = line < expected.Length ? expected[line] : "<end of file>";
            var made = line < actual.Length ? actual[line] : "<end of file>";
            if (was != made)
            {
                return $"{path} differs at line {line + 1}:\n  in the file: {was}\n  made now:    {made}\nrun the tests once with UPDATE_GOLDEN=1 and review the change";
            }
        }

        return null;
    }
}
