using System.Diagnostics;

namespace LlmOperator.Benchmarks.Measuring;

/// <summary>What a process has used up to a moment.</summary>
/// <param name="Cpu">User and system time since its start.</param>
/// <param name="Resident">Resident memory now, in bytes.</param>
/// <param name="Peak">Most resident memory so far, in bytes.</param>
internal readonly record struct Usage(TimeSpan Cpu, long Resident, long Peak)
{
    public static Usage Of(Process process)
    {
        process.Refresh();
        return new(process.TotalProcessorTime, process.WorkingSet64, process.PeakWorkingSet64);
    }

    public static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.00} s";

    public static string Megabytes(long bytes) => $"{bytes / 1024.0 / 1024.0:0} MiB";
}
