using System.Globalization;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using LlmOperator.Sandbox.Workloads;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class CronJobTests
{
    private readonly SmallCluster _cluster = new();

    public CronJobTests() => _cluster.AddNode("n");

    [Theory]
    [InlineData("*/5 * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z")]
    [InlineData("0 * * * *", "2026-01-02T03:00:00Z", "2026-01-02T04:00:00Z")]
    [InlineData("30 2 1-5/2 * *", "2026-01-02T03:04:05Z", "2026-01-03T02:30:00Z")]
    [InlineData("0 0 13 * fri", "2026-01-03T00:00:00Z", "2026-01-09T00:00:00Z")]
    [InlineData("0 12 * jan,mar 7", "2026-01-26T00:00:00Z", "2026-03-01T12:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("@weekly", "2026-01-02T03:04:05Z", "2026-01-04T00:00:00Z")]
    [InlineData("@every 90s", "2026-01-02T03:04:05Z", "2026-01-02T03:05:35Z")]
    public void A_schedule_names_its_next_time(string schedule, string after, string next) =>
        Assert.Equal(Time(next), CronSchedule.Parse(schedule).Next(Time(after), TimeZoneInfo.Utc));

    [Fact]
    public void A_day_that_never_comes_has_no_next_time() =>
        Assert.Null(CronSchedule.Parse("0 0 30 2 *").Next(Time("2026-01-01T00:00:00Z"), TimeZoneInfo.Utc));

    [Theory]
    [InlineData("* * * *")]
    [InlineData("61 * * * *")]
    [InlineData("5-1 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("@every soon")]
    public void What_is_no_schedule_is_refused(string text) => Assert.Throws<FormatException>(() => CronSchedule.Parse(text));

    [Fact]
    public void A_job_starts_every_time_the_schedule_says_and_old_ones_are_cleared_away()
    {
        Create("*/1 * * * *");

        _cluster.Pass(56);
        var first = Assert.Single(_cluster.Cluster.List(Resources.Jobs));
        Assert.Equal("tick", first.ControllerRef().Text("name"));
        Assert.StartsWith("tick-", first.Name(), StringComparison.Ordinal);

        _cluster.Pass(30);
        var cron = _cluster.Get(Resources.CronJobs, "tick")!;
        Assert.Equal("2026-01-02T03:05:00Z", cron.Text("status", "lastScheduleTime"));
        Assert.NotNull(cron.Text("status", "lastSuccessfulTime"));
        Assert.Null(cron.At("status", "active"));

        _cluster.Pass(600);
        Assert.Equal(3, _cluster.Cluster.List(Resources.Jobs).Count);
    }

    [Fact]
    public void With_concurrency_forbidden_a_running_job_keeps_the_next_one_away()
    {
        Create("*/1 * * * *", "\"concurrencyPolicy\":\"Forbid\",", "\"sandbox.llmops.dev/start-seconds\":\"1\"", image: "\"nodeSelector\":{\"no\":\"where\"},");

        _cluster.Pass(200);

        Assert.Single(_cluster.Cluster.List(Resources.Jobs));
    }

    [Fact]
    public void With_replacement_the_new_job_ends_the_running_one()
    {
        Create("*/1 * * * *", "\"concurrencyPolicy\":\"Replace\",", image: "\"nodeSelector\":{\"no\":\"where\"},");

        _cluster.Pass(58);
        var first = Assert.Single(_cluster.Cluster.List(Resources.Jobs)).Name();
        _cluster.Pass(62);

        Assert.NotEqual(first, Assert.Single(_cluster.Cluster.List(Resources.Jobs)).Name());
    }

    [Fact]
    public void A_suspended_schedule_starts_nothing()
    {
        Create("*/1 * * * *", "\"suspend\":true,");

        _cluster.Pass(300);

        Assert.Empty(_cluster.Cluster.List(Resources.Jobs));
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private void Create(string schedule, string spec = "", string annotations = "", string image = "") => _cluster.Create(Resources.CronJobs, $$$$$$$$"""
        {"metadata":{"name":"tick"},"spec":{"schedule":"{{{{{{{{schedule}}}}}}}}",{{{{{{{{spec}}}}}}}}
         "jobTemplate":{"spec":{"template":{"metadata":{"annotations":{{{{{{{{{annotations}}}}}}}}}},
          "spec":{"restartPolicy":"Never",{{{{{{{{image}}}}}}}}"containers":[{"name":"c","image":"job:1"}]}}}}}}
        """);
}
