using System.Diagnostics;
using System.Globalization;

namespace LlmOperator.Benchmarks.Measuring;

/// <summary>What a process has used up to a moment.</summary>
/// <param name="Cpu">User and system time since its start.</param>
/// <param name="Resident">Resident memory now, in bytes.</param>
/// <param name="Peak">Most resident memory so far, in bytes.</param>
/// <param name="Own">Of <paramref name="Resident"/>, what the process has made itself: not pages of files, which are shared by all that run them and which the kernel may drop at any time.</param>
internal readonly record struct Usage(TimeSpan Cpu, long Resident, long Peak, long Own)
{
    public static Usage Of(Process process)
    {
        process.Refresh();
        return new(process.TotalProcessorTime, process.WorkingSet64, process.PeakWorkingSet64, OwnOf(process.Id));
    }

    public static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.00} s";

    public static string Megabytes(long bytes) => $"{bytes / 1024.0 / 1024.0:0} MiB";

    // Compiled code lives in shared memory that has no file.
    private static long OwnOf(int process) => File.ReadLines($"/proc/{process}/status")
        .Where(static line => line.StartsWith("RssAnon:", StringComparison.Ordinal) || line.StartsWith("RssShmem:", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024);
}
