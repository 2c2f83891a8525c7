using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LlmOperator.Telemetry;

/// <summary>What Prometheus client libraries say of their process.</summary>
public static class ProcessMetrics
{
    private const string OpenFiles = "/proc/self/fd";

    /// <summary>Adds the <c>process_*</c> instruments to a meter.</summary>
    public static void AddTo(Meter meter)
    {
        using var process = Process.GetCurrentProcess();
        var started = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        meter.CreateObservableCounter("process_cpu_seconds_total", static () => Environment.CpuUsage.TotalTime.TotalSeconds, null, "Total user and system CPU time spent in seconds");
        meter.CreateObservableGauge("process_resident_memory_bytes", static () => Environment.WorkingSet, null, "Resident memory size in bytes");
        meter.CreateObservableGauge("process_start_time_seconds", () => started, null, "Start time of the process since unix epoch in seconds");
        if (Directory.Exists(OpenFiles))
        {
            meter.CreateObservableGauge("process_open_fds", static () => Directory.EnumerateFileSystemEntries(OpenFiles).Count(), null, "Number of open file descriptors");
        }
    }
}
