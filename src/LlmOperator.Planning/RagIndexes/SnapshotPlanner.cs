using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>When snapshots are taken.</summary>
/// <param name="Due">The time of the schedule they are due for; null when none are.</param>
/// <param name="Next">When to look again; null for never.</param>
/// <param name="Problem">Why the schedule cannot be followed; null when it can.</param>
public sealed record SnapshotPlan(DateTimeOffset? Due, DateTimeOffset? Next, string? Problem);

/// <summary>Decides when snapshots are taken and which of them are old. Of several times that were missed the latest counts.</summary>
public static class SnapshotPlanner
{
    /// <summary>Decides whether snapshots are due.</summary>
    /// <param name="schedule">The schedule; null when there is none.</param>
    /// <param name="last">The time the latest were taken for; that of the index's creation before the first.</param>
    /// <param name="now">Present time.</param>
    public static SnapshotPlan Plan(SnapshotSchedule? schedule, DateTimeOffset last, DateTimeOffset now)
    {
        if (schedule is null or { Suspend: true })
        {
            return new(null, null, null);
        }

        if (CronSchedule.TryParse(schedule.Schedule, out var cron) is { } problem)
        {
            return new(null, null, $"spec.snapshots.schedule \"{schedule.Schedule}\" cannot be read: {problem}");
        }

        // After a long time without the operator the times missed are not counted one by one.
        DateTimeOffset? due = null;
        var from = now - last > TimeSpan.FromDays(2) ? LatestBase(cron!, last, now) : last;
        for (var next = cron!.Next(from); next <= now; next = cron.Next(next.Value))
        {
            due = next;
        }

        return new(due, cron.Next(now), null);
    }

    /// <summary>Snapshots of a collection on a node that are too many, oldest first.</summary>
    /// <param name="snapshots">Name and time of creation, as the server writes it: an ISO time, which sorts as text.</param>
    /// <param name="retention">How many are kept.</param>
    public static IReadOnlyList<string> Old(IReadOnlyList<(string Name, string? CreationTime)> snapshots, int retention) =>
        [.. snapshots.OrderBy(snapshot => snapshot.CreationTime, StringComparer.Ordinal).ThenBy(snapshot => snapshot.Name, StringComparer.Ordinal).Take(Math.Max(0, snapshots.Count - retention)).Select(snapshot => snapshot.Name)];

    /// <summary>A moment after the last that is known to lie before the latest time of the schedule.</summary>
    private static DateTimeOffset LatestBase(CronSchedule cron, DateTimeOffset last, DateTimeOffset now)
    {
        for (var span = TimeSpan.FromDays(2); now - span > last; span *= 2)
        {
            if (cron.Next(now - span) is { } next && next <= now)
            {
                return now - span;
            }
        }

        return last;
    }
}
