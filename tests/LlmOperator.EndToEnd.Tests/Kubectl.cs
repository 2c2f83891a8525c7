using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>What a run of kubectl came to.</summary>
internal sealed record KubectlResult(int ExitCode, string Output, string Error);

/// <summary>The kubectl binary of the machine, against one cluster. A test that asks for it is skipped where there is none.</summary>
internal sealed class Kubectl(string kubeconfig)
{
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(90);
    private static readonly Lazy<bool> Installed = new(IsInstalled);

    /// <summary>Environment of the next runs, for example KUBE_EDITOR.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Skips the test where kubectl is missing.</summary>
    public static void SkipUnlessInstalled() => Assert.SkipUnless(Installed.Value, "kubectl is not on the PATH");

    /// <summary>Runs kubectl and expects it to succeed.</summary>
    public async Task<string> RunAsync(string arguments, string? input = null)
    {
        var result = await TryAsync(arguments, input);
        Assert.True(result.ExitCode == 0, $"kubectl {arguments}\nexit code {result.ExitCode}\n{result.Output}\n{result.Error}");
        return result.Output;
    }

    /// <summary>Runs kubectl; a failure is a result.</summary>
    public async Task<KubectlResult> TryAsync(string arguments, string? input = null)
    {
        using var process = Start(arguments, input is not null);
        using var guard = new CancellationTokenSource(HangGuard);
        var output = process.StandardOutput.ReadToEndAsync(guard.Token);
        var error = process.StandardError.ReadToEndAsync(guard.Token);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }

        try
        {
            await process.WaitForExitAsync(guard.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"kubectl {arguments} did not end");
        }
    }

    /// <summary>Runs kubectl until a line of its output matches, then stops it.</summary>
    public async Task<string> UntilLineAsync(string arguments, Func<string, bool> wanted, Func<Task> meanwhile)
    {
        using var process = Start(arguments, input: false);
        using var guard = new CancellationTokenSource(HangGuard);
        var changed = meanwhile();
        var seen = new List<string>();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(guard.Token) is { } line)
            {
                seen.Add(line);
                if (wanted(line))
                {
                    await changed;
                    return line;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told below, with what was seen.
        }
        finally
        {
            process.Kill();
        }

        throw new TimeoutException($"kubectl {arguments} never printed the line; it printed:\n{string.Join('\n', seen)}");
    }

    private static bool IsInstalled()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("kubectl", ["version", "--client"]) { RedirectStandardOutput = true, RedirectStandardError = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private Process Start(string arguments, bool input)
    {
        var start = new ProcessStartInfo("kubectl", Split(arguments))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input,
        };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["KUBECACHEDIR"] = Path.Combine(Path.GetDirectoryName(kubeconfig)!, "cache");
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Splits at blanks outside single quotes, as a shell would.</summary>
    private static IEnumerable<string> Split(string arguments)
    {
        var word = new System.Text.StringBuilder();
        var quoted = false;
        var any = false;
        foreach (var character in arguments)
        {
            if (character == '\'')
            {
                quoted = !quoted;
                any = true;
            }
            else if (character == ' ' && !quoted)
            {
                if (any)
                {
                    yield return word.ToString();
                }

                word.Clear();
                any = false;
            }
            else
            {
                word.Append(character);
                any = true;
            }
        }

        if (any)
        {
            yield return word.ToString();
        }
    }
}
