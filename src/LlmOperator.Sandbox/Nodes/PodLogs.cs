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
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Uid, string Container), (LogRun? Present, LogRun? Previous)> _runs = [];

    /// <summary>A container starts.</summary>
    public void Begin(string uid, string container, DateTimeOffset time, string? text)
    {
        var lines = (text ?? $"{container} started").ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        lock (_gate)
        {
            var previous = _runs.GetValueOrDefault((uid, container)).Present;
            previous?.Over.TrySetResult();
            _runs[(uid, container)] = (new LogRun(time, lines), previous);
        }
    }

    /// <summary>A container ended.</summary>
    public void End(string uid, string container)
    {
        lock (_gate)
        {
            _runs.GetValueOrDefault((uid, container)).Present?.Over.TrySetResult();
        }
    }

    /// <summary>A pod is gone.</summary>
    public void Forget(string uid)
    {
        lock (_gate)
        {
            foreach (var key in _runs.Keys.Where(key => key.Uid == uid).ToList())
            {
                _runs[key].Present?.Over.TrySetResult();
                _runs.Remove(key);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> Read(JsonObject pod, PodLogOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var container = options.Container ?? pod.Objects("spec", "containers").First().Text("name") ?? "";
        var run = Find(pod, container, options.Previous);
        var lines = options.Since is { } since && run.Time < since ? [] : run.Lines;
        if (options.TailLines is { } tail and >= 0)
        {
            lines = lines[^(int)Math.Min(tail, lines.Length)..];
        }

        var left = options.LimitBytes ?? long.MaxValue;
        foreach (var line in lines)
        {
            var text = options.Timestamps ? $"{run.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff00'Z'} {line}" : line;
            var size = Encoding.UTF8.GetByteCount(text) + 1;
            if (size > left)
            {
                break;
            }

            left -= size;
            yield return text;
        }

        if (options.Follow && !options.Previous)
        {
            await run.Over.Task.WaitAsync(cancellationToken);
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

    private sealed record LogRun(DateTimeOffset Time, string[] Lines)
    {
        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
