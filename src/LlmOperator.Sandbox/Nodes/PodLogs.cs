using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>Keeps the logs of the containers the kubelet runs: the present run's and the one before.</summary>
internal sealed class PodLogs : IPodLogs
{
    // As a kubelet falls back to the log.
    private const int MostLastLines = 80;
    private const int MostLastLetters = 2048;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Uid, string Container), (LogRun? Present, LogRun? Previous)> _runs = [];

    /// <summary>A container starts.</summary>
    public void Begin(string uid, string container, DateTimeOffset time, string? text)
    {
        var run = new LogRun();
        foreach (var line in text is null ? [] : text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
        {
            run.Append(time, line);
        }

        lock (_gate)
        {
            var previous = _runs.GetValueOrDefault((uid, container)).Present;
            previous?.End();
            _runs[(uid, container)] = (run, previous);
        }
    }

    /// <summary>A container writes.</summary>
    public void Append(string uid, string container, DateTimeOffset time, string text)
    {
        LogRun? run;
        lock (_gate)
        {
            run = _runs.GetValueOrDefault((uid, container)).Present;
        }

        foreach (var line in text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
        {
            run?.Append(time, line);
        }
    }

    /// <summary>The end of what a container has written, as much as its status may hold of it; null when it has written nothing.</summary>
    public string? LastWords(string uid, string container)
    {
        LogRun? run;
        lock (_gate)
        {
            run = _runs.GetValueOrDefault((uid, container)).Present;
        }

        if (run is null)
        {
            return null;
        }

        var (next, _, _) = run.From(0);
        var lines = run.Lines(ref next);
        var text = string.Join('\n', lines.Skip(lines.Count - MostLastLines).Select(line => line.Text));
        return text.Length == 0 ? null : text.Length <= MostLastLetters ? text : text[^MostLastLetters..];
    }

    /// <summary>A container ended.</summary>
    public void End(string uid, string container)
    {
        lock (_gate)
        {
            _runs.GetValueOrDefault((uid, container)).Present?.End();
        }
    }

    /// <summary>A pod is gone.</summary>
    public void Forget(string uid)
    {
        lock (_gate)
        {
            foreach (var key in _runs.Keys.Where(key => key.Uid == uid).ToList())
            {
                _runs[key].Present?.End();
                _runs.Remove(key);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> Read(JsonObject pod, PodLogOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var container = options.Container ?? pod.Objects("spec", "containers").First().Text("name") ?? "";
        var run = Find(pod, container, options.Previous);
        var (next, _, changed) = run.From(0);
        var lines = run.Lines(ref next).Where(line => !(line.Time < options.Since)).ToList();
        if (options.TailLines is { } tail and >= 0)
        {
            lines = lines[^(int)Math.Min(tail, lines.Count)..];
        }

        var left = options.LimitBytes ?? long.MaxValue;
        while (true)
        {
            foreach (var line in lines)
            {
                var text = options.Timestamps ? $"{line.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff00'Z'} {line.Text}" : line.Text;
                var size = Encoding.UTF8.GetByteCount(text) + 1;
                if (size > left)
                {
                    yield break;
                }

                left -= size;
                yield return text;
            }

            (next, var over, changed) = run.From(next);
            lines = run.Lines(ref next);
            if (lines.Count > 0)
            {
                continue;
            }

            if (over || !options.Follow || options.Previous)
            {
                yield break;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private LogRun Find(JsonObject pod, string container, bool previous)
    {
        lock (_gate)
        {
            var runs = _runs.GetValueOrDefault((pod.Uid(), container));
            if (previous)
            {
                return runs.Previous
                    ?? throw Refusals.BadRequest($"previous terminated container \"{container}\" in pod \"{pod.Name()}\" not found");
            }

            if (runs.Present is { } present)
            {
                return present;
            }
        }

        var state = pod.Objects("status", "containerStatuses").Concat(pod.Objects("status", "initContainerStatuses"))
            .FirstOrDefault(status => status.Text("name") == container);
        var reason = state.Text("state", "waiting", "reason") ?? "ContainerCreating";
        throw Refusals.BadRequest(reason is "ErrImagePull" or "ImagePullBackOff"
            ? $"container \"{container}\" in pod \"{pod.Name()}\" is waiting to start: trying and failing to pull image"
            : $"container \"{container}\" in pod \"{pod.Name()}\" is waiting to start: {reason}");
    }

    /// <summary>The log of one run: its last lines, bounded as a kubelet's rotation does.</summary>
    private sealed class LogRun
    {
        private const int MostLines = 10_000;

        private readonly Lock _gate = new();
        private readonly Queue<(DateTimeOffset Time, string Text)> _lines = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _dropped;
        private bool _isOver;

        public void Append(DateTimeOffset time, string text) => Change(() =>
        {
            _lines.Enqueue((time, text));
            if (_lines.Count > MostLines)
            {
                _lines.Dequeue();
                _dropped++;
            }
        });

        public void End() => Change(() => _isOver = true);

        /// <summary>Where to read on from a line's number, whether more can come, and what completes when it has.</summary>
        public (long Next, bool IsOver, Task Changed) From(long number)
        {
            lock (_gate)
            {
                return (Math.Max(number, _dropped), _isOver, _changed.Task);
            }
        }

        /// <summary>The lines there are from a number on, which moves behind them.</summary>
        public List<(DateTimeOffset Time, string Text)> Lines(ref long next)
        {
            lock (_gate)
            {
                var skipped = (int)Math.Max(next - _dropped, 0);
                next = _dropped + _lines.Count;
                return [.. _lines.Skip(skipped)];
            }
        }

        private void Change(Action change)
        {
            TaskCompletionSource changed;
            lock (_gate)
            {
                change();
                (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            changed.TrySetResult();
        }
    }
}
