using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes;
using Xunit;

namespace LlmOperator.Planning.Tests.RagIndexes;

public sealed class SnapshotPlannerTests
{
    [Theory]
    [InlineData("*/15 * * * *", "2026-11-21T12:00:00Z", "2026-11-21T12:15:00Z")]
    [InlineData("0 3 * * *", "2026-11-21T12:00:00Z", "2026-11-22T03:00:00Z")]
    [InlineData("@hourly", "2026-11-21T12:00:30Z", "2026-11-21T13:00:00Z")]
    [InlineData("@weekly", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("30 2 * * mon-fri", "2026-11-21T12:00:00Z", "2026-11-23T02:30:00Z")]
    [InlineData("0 0 29 2 *", "2026-11-21T12:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 1 * 5", "2026-11-21T12:00:00Z", "2026-11-27T00:00:00Z")]
    [InlineData("0 0 * * 7", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("5/20 8-10,22 * JAN *", "2026-11-21T12:00:00Z", "2027-01-01T08:05:00Z")]
    public void The_next_time_is_what_cron_has(string schedule, string after, string next)
    {
        Assert.Null(CronSchedule.TryParse(schedule, out var cron));
        Assert.Equal(DateTimeOffset.Parse(next), cron!.Next(DateTimeOffset.Parse(after)));
    }

    [Theory]
    [InlineData("* * * *", "it has 4 fields")]
    [InlineData("61 * * * *", "minute is \"61\"")]
    [InlineData("* * * * mond", "day of week is \"mond\"")]
    [InlineData("*/0 * * * *", "minute is \"*/0\"")]
    [InlineData("* 5-3 * * *", "hour is \"5-3\"")]
    [InlineData("0 0 31 2 *", "there is no such day")]
    public void What_cannot_be_read_is_told_by_its_field(string schedule, string problem) =>
        Assert.StartsWith(problem, CronSchedule.TryParse(schedule, out _), StringComparison.Ordinal);

    [Fact]
    public void Of_the_times_that_were_missed_the_latest_counts()
    {
        var plan = SnapshotPlanner.Plan(new() { Schedule = "0 3 * * *" }, Indexes.Now.AddYears(-3), Indexes.Now);

        Assert.Equal(new DateTimeOffset(2026, 11, 21, 3, 0, 0, TimeSpan.Zero), plan.Due);
        Assert.Equal(new DateTimeOffset(2026, 11, 22, 3, 0, 0, TimeSpan.Zero), plan.Next);
        Assert.Null(SnapshotPlanner.Plan(new() { Schedule = "0 3 * * *" }, plan.Due!.Value, Indexes.Now).Due);
    }

    [Fact]
    public void Suspended_or_unscheduled_none_is_due()
    {
        Assert.Equal(new(null, null, null), SnapshotPlanner.Plan(null, Indexes.Now, Indexes.Now.AddYears(1)));
        Assert.Equal(new(null, null, null), SnapshotPlanner.Plan(new SnapshotSchedule { Schedule = "* * * * *", Suspend = true }, Indexes.Now, Indexes.Now.AddYears(1)));
    }

    [Fact]
    public void The_oldest_are_too_many() =>
        Assert.Equal(["a", "b"], SnapshotPlanner.Old([("d", "2026-11-04T00:00:00"), ("a", null), ("c", "2026-11-03T00:00:00"), ("b", "2026-11-02T00:00:00")], 2));
}
