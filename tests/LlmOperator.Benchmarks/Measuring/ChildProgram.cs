using System.Diagnostics;
using System.Text;

namespace LlmOperator.Benchmarks.Measuring;

/// <summary>A program under measurement, in a process of its own.</summary>
internal sealed class ChildProgram : IDisposable
{
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource<TimeSpan> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _started = Stopwatch.GetTimestamp();

    private ChildProgram(string path, IEnumerable<string> args, string readyLine)
    {
        if (!File.Exists(path))
        {
            throw new ArgumentsException($"there is no {path}; build it first: dotnet build -c Release, or name another by its option");
        }

        var start = path.EndsWith(".dll", StringComparison.Ordinal)
            ? new ProcessStartInfo("dotnet", [path, .. args])
            : new ProcessStartInfo(path, args);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        Process = new Process { StartInfo = start, EnableRaisingEvents = true };
        Process.OutputDataReceived += (_, line) => Heard(line.Data, readyLine);
        Process.ErrorDataReceived += (_, line) => Heard(line.Data, readyLine);
        Process.Exited += (_, _) => _ready.TrySetException(new ArgumentsException($"{path} ended before \"{readyLine}\": {_said}"));
        Process.Start();
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    /// <summary>Time since the start of the process.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_started);

    /// <summary>The line that said the process is ready.</summary>
    public string? ReadyLine { get; private set; }

    /// <summary>Time from the start of the process to the line that says it is ready.</summary>
    public Task<TimeSpan> Ready => _ready.Task;

    public static ChildProgram Start(string path, string readyLine, params IEnumerable<string> args) => new(path, args, readyLine);

    /// <summary>This program with another command.</summary>
    public static ChildProgram StartSelf(string readyLine, params IEnumerable<string> args) =>
        Start(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "LlmOperator.Benchmarks.exe" : "LlmOperator.Benchmarks"), readyLine, args);

    /// <summary>The program another project of this repository builds, in the configuration this one was built in.</summary>
    public static string Built(string project, string name)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var configuration = here.FullName.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Debug" : "Release";
        var root = here;
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Operator.sln")))
        {
            root = root.Parent;
        }

        return Path.Combine(root?.FullName ?? ".", "src", project, "bin", configuration, "net10.0", OperatingSystem.IsWindows() ? $"{name}.exe" : name);
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
        }

        Process.Dispose();
    }

    private void Heard(string? line, string readyLine)
    {
        if (line is null)
        {
            return;
        }

        if (line.Contains(readyLine, StringComparison.Ordinal))
        {
            ReadyLine ??= line;
            _ready.TrySetResult(Age);
        }
        else if (_said.Length < 4000)
        {
            lock (_said)
            {
                _said.Append(line).Append('\n');
            }
        }
    }
}
