using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests.Hold;

/// <summary>Where nothing changes nothing is asked and nothing is written, however many endpoints there are and however long it lasts.</summary>
public sealed class RestTests
{
    private const int Count = 50;

    /// <summary>Longer than a resync of the caches may take: ten hours, give or take a tenth.</summary>
    private static readonly TimeSpan Resync = TimeSpan.FromHours(11);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fifty_endpoints_at_rest_cost_nothing_but_their_watches(bool hasGroups)
    {
        await using var cluster = await ServeAsync(hasGroups);

        // Minute by minute, in which whatever polls would show, and then through ten resyncs.
        cluster.Api.ForgetRequests();
        for (var minute = 0; minute < 10; minute++)
        {
            cluster.Clock.Advance(TimeSpan.FromMinutes(1));
            await cluster.SettleAsync();
        }

        Assert.Empty(Requests(cluster));
        for (var resync = 0; resync < 10; resync++)
        {
            cluster.Clock.Advance(Resync);
            await cluster.SettleAsync();
        }

        Assert.Empty(Requests(cluster));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_operator_that_starts_again_beside_fifty_endpoints_writes_nothing(bool hasGroups)
    {
        await using var cluster = await ServeAsync(hasGroups);
        await cluster.StopAsync();

        cluster.Api.ForgetRequests();
        cluster.Start();
        await Outcome.PassAsync(cluster, seconds: 60);

        Assert.Empty(cluster.Api.Writes);
        Assert.NotEmpty(cluster.Api.Requests);
    }

    private static IEnumerable<string> Requests(OperatorFixture cluster) => cluster.Api.Requests.Where(request => request.Verb != "watch").Select(request => $"{request.Verb} {request.Plural} {request.Key}");

    private static async Task<OperatorFixture> ServeAsync(bool hasGroups)
    {
        var cluster = new OperatorFixture { DataPath = new() };
        if (!hasGroups)
        {
            cluster.Api.Intercept = (request, _) => request.Plural == LeaderWorkerSet.Resource.Plural ? throw FakeKubeClient.Error(HttpStatusCode.NotFound, "NotFound") : Task.CompletedTask;
        }

        cluster.PutNode();
        cluster.PutModel();
        var names = Enumerable.Range(0, Count).Select(number => $"e{number}").ToList();
        names.ForEach(name => cluster.PutEndpoint(name));
        cluster.Start();
        await Until.TrueAsync(
            () => names.All(name => cluster.Api.Peek<Deployment>(name) is not null && cluster.Api.Peek<LlmEndpoint>(name)!.Status is not null), "all are followed", cluster.Clock, TimeSpan.FromMilliseconds(100));
        names.ForEach(name => cluster.RunPods(name));
        await Until.TrueAsync(() => names.All(name => cluster.Condition("Ready", name) is { Status: "True" }), "all are served", cluster.Clock, TimeSpan.FromMilliseconds(100));
        cluster.CountPods("llm-gateway");

        // Held-back statuses and what is asked of the registry soon after the start; Events leave by a loop of their own.
        await Until.TrueAsync(
            () => names.All(name => cluster.Api.PeekAll<Event>().Count(told => told.Regarding?.Name == name) >= 2), "the transitions are told", cluster.Clock, TimeSpan.FromMilliseconds(100));
        await Outcome.PassAsync(cluster, seconds: 60);
        return cluster;
    }
}
