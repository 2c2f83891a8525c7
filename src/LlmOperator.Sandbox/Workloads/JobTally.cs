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

    private readonly SortedSet<int> _indexes = [];
    private readonly bool _indexed;

    /// <summary>Counts the pods that ended and that nobody has counted yet.</summary>
    /// <param name="job">The Job.</param>
    /// <param name="uncounted">Its pods that still wait to be counted, ended or not.</param>
    public JobTally(JsonObject job, IEnumerable<JsonObject> uncounted)
    {
        _indexed = job.Text("spec", "completionMode") == "Indexed";
        Succeeded = job.Integer("status", "succeeded") ?? 0;
        Failed = job.Integer("status", "failed") ?? 0;
        ReadIndexes(job.Text("status", "completedIndexes") ?? "");
        var completions = job.Integer("spec", "completions") ?? int.MaxValue;
        var replacesFailedOnly = job.Text("spec", "podReplacementPolicy") == "Failed";
        foreach (var pod in uncounted)
        {
            var phase = pod.Text("status", "phase");
            if (phase == "Succeeded")
            {
                Counted.Add(pod);
                NewSuccesses++;
                if (IndexOf(pod) is { } index && index < completions)
                {
                    _indexes.Add(index);
                }
            }
            else if (phase == "Failed" || (pod.IsDeleting() && (!replacesFailedOnly || phase == "Pending")))
            {
                Counted.Add(pod);
                NewFailures++;
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

    /// <summary>The lowest index that is neither done nor taken.</summary>
    public int NextIndex(IEnumerable<JsonObject> active)
    {
        var taken = active.Select(IndexOf).ToHashSet();
        var index = 0;
        while (_indexes.Contains(index) || taken.Contains(index))
        {
            index++;
        }

        return index;
    }

    private static int? IndexOf(JsonObject pod) => int.TryParse(pod.Annotation(Index), CultureInfo.InvariantCulture, out var index) ? index : null;

    private void ReadIndexes(string text)
    {
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (int.TryParse(ends[0], CultureInfo.InvariantCulture, out var from) && int.TryParse(ends[^1], CultureInfo.InvariantCulture, out var to))
            {
                for (var index = from; index <= to; index++)
                {
                    _indexes.Add(index);
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
    public DateTimeOffset? Due => _inRow == 0 ? null : _last + TimeSpan.FromTicks(Math.Min(First.Ticks << Math.Min(_inRow - 1, 10), Longest.Ticks));

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
