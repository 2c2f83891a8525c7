using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>How many pods of a Job have succeeded and failed: what its status says, and those that ended since.</summary>
internal sealed class JobTally
{
    /// <summary>Label and annotation with the index of a pod.</summary>
    public const string Index = "batch.kubernetes.io/job-completion-index";

    /// <summary>Annotation with how often a pod's index had failed before it.</summary>
    public const string IndexFailures = "batch.kubernetes.io/job-index-failure-count";

    private readonly SortedSet<int> _indexes = [];
    private readonly SortedSet<int> _failedIndexes = [];
    private readonly bool _indexed;
    private readonly long? _limitPerIndex;
    private readonly long _completions;

    /// <summary>Counts the pods that ended and that nobody has counted yet.</summary>
    /// <param name="job">The Job.</param>
    /// <param name="uncounted">Its pods that still wait to be counted, ended or not.</param>
    public JobTally(JsonObject job, IEnumerable<JsonObject> uncounted)
    {
        _indexed = job.Text("spec", "completionMode") == "Indexed";
        Succeeded = job.Integer("status", "succeeded") ?? 0;
        Failed = job.Integer("status", "failed") ?? 0;
        _limitPerIndex = job.Integer("spec", "backoffLimitPerIndex");
        _completions = job.Integer("spec", "completions") ?? int.MaxValue;
        _indexes.UnionWith(Read(job.Text("status", "completedIndexes") ?? ""));
        _failedIndexes.UnionWith(Read(job.Text("status", "failedIndexes") ?? ""));
        var replacesFailedOnly = job.Text("spec", "podReplacementPolicy") == "Failed";
        foreach (var pod in uncounted)
        {
            var phase = pod.Text("status", "phase");
            if (phase == "Succeeded")
            {
                Counted.Add(pod);
                NewSuccesses++;
                if (IndexOf(pod) is { } index && index < _completions)
                {
                    _indexes.Add(index);
                }
            }
            else if (phase == "Failed" || (pod.IsDeleting() && (!replacesFailedOnly || phase == "Pending")))
            {
                Counted.Add(pod);
                Fail(job, pod);
            }
        }

        Succeeded = _indexed ? _indexes.Count : Succeeded + NewSuccesses;
        Failed += NewFailures;
    }

    /// <summary>Pods that succeeded; of an indexed Job, indexes that did.</summary>
    public long Succeeded { get; }

    /// <summary>Pods that failed.</summary>
    public long Failed { get; private set; }

    /// <summary>Successes that are not in the status yet.</summary>
    public int NewSuccesses { get; }

    /// <summary>Failures that are not in the status yet.</summary>
    public int NewFailures { get; private set; }

    /// <summary>The pods counted just now.</summary>
    public List<JsonObject> Counted { get; } = [];

    /// <summary>Indexes done, as ranges; null when the Job has none.</summary>
    public string? CompletedIndexes => _indexed ? Ranges(_indexes) : null;

    /// <summary>Indexes that will not be tried again, as ranges; null when the Job does not limit failures by index.</summary>
    public string? FailedIndexes => _limitPerIndex is null ? null : Ranges(_failedIndexes);

    /// <summary>Number of those indexes.</summary>
    public int FailedIndexCount => _failedIndexes.Count;

    /// <summary>Indexes done.</summary>
    public IReadOnlySet<int> Done => _indexes;

    /// <summary>Why a failed pod fails the whole Job; null when none does.</summary>
    public string? FailsJob { get; private set; }

    /// <summary>Counts pods as failed that are being stopped.</summary>
    public void AddFailed(IEnumerable<JsonObject> pods)
    {
        foreach (var pod in pods)
        {
            Counted.Add(pod);
            NewFailures++;
            Failed++;
        }
    }

    /// <summary>The indexes that still need a pod, the lowest first.</summary>
    public IEnumerable<int> OpenIndexes(IEnumerable<JsonObject> active)
    {
        var taken = active.Select(IndexOf).ToHashSet();
        for (var index = 0; index < _completions; index++)
        {
            if (!_indexes.Contains(index) && !_failedIndexes.Contains(index) && !taken.Contains(index))
            {
                yield return index;
            }
        }
    }

    private void Fail(JsonObject job, JsonObject pod)
    {
        var (action, message) = pod.Text("status", "phase") == "Failed" ? JobPolicies.OfFailure(job, pod) : (null, null);
        FailsJob ??= message;
        if (action == "Ignore")
        {
            return;
        }

        NewFailures++;
        if (_limitPerIndex is { } limit && IndexOf(pod) is { } index && (action == "FailIndex" || FailuresBefore(pod) >= limit))
        {
            _failedIndexes.Add(index);
        }
    }

    /// <summary>How often a pod's index had failed when the pod was made.</summary>
    public static long FailuresBefore(JsonObject pod) => long.TryParse(pod.Annotation(IndexFailures), CultureInfo.InvariantCulture, out var failures) ? failures : 0;

    /// <summary>Index of a pod; null when it has none.</summary>
    public static int? IndexOf(JsonObject pod) => int.TryParse(pod.Annotation(Index), CultureInfo.InvariantCulture, out var index) ? index : null;

    /// <summary>The indexes of ranges such as <c>0,2-4</c>.</summary>
    public static IEnumerable<int> Read(string text)
    {
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (int.TryParse(ends[0], CultureInfo.InvariantCulture, out var from) && int.TryParse(ends[^1], CultureInfo.InvariantCulture, out var to))
            {
                for (var index = from; index <= to; index++)
                {
                    yield return index;
                }
            }
        }
    }

    private static string Ranges(IEnumerable<int> indexes)
    {
        var parts = new List<(int From, int To)>();
        foreach (var index in indexes)
        {
            if (parts.Count > 0 && parts[^1].To == index - 1)
            {
                parts[^1] = (parts[^1].From, index);
            }
            else
            {
                parts.Add((index, index));
            }
        }

        return string.Join(",", parts.Select(part => part.From == part.To ? $"{part.From}" : part.To == part.From + 1 ? $"{part.From},{part.To}" : $"{part.From}-{part.To}"));
    }
}

/// <summary>How long a Job waits before it replaces a failed pod: each failure in a row doubles the time.</summary>
internal sealed class JobBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private int _inRow;
    private DateTimeOffset _last;

    /// <summary>When the next pod may be made; null when at once.</summary>
    public DateTimeOffset? Due => _inRow == 0 ? null : _last + After(_inRow);

    /// <summary>The wait after a number of failures.</summary>
    public static TimeSpan After(long failures) => TimeSpan.FromTicks(Math.Min(First.Ticks << (int)Math.Min(failures - 1, 10), Longest.Ticks));

    /// <summary>Takes newly ended pods in.</summary>
    public void Count(JobTally tally, DateTimeOffset now)
    {
        if (tally.NewSuccesses > 0)
        {
            _inRow = 0;
        }

        if (tally.NewFailures > 0)
        {
            _inRow += tally.NewFailures;
            _last = now;
        }
    }
}
