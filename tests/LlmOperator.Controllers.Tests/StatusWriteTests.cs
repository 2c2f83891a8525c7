using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests;

/// <summary>When the status is written: what people wait for at once, mere progress together, and nothing never.</summary>
public sealed class StatusWriteTests
{
    private static readonly TimeSpan AlmostASecond = TimeSpan.FromMilliseconds(999);
    private static readonly TimeSpan TheRest = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_start_within_a_second_is_told_in_one_write()
    {
        await using var cluster = await WithModelAsync();
        cluster.PutEndpoint();
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("twin") is not null, "the children are made");
        await cluster.SettleAsync();
        Assert.Equal(0, StatusWrites(cluster));

        await RunPodsAsync(cluster);

        Assert.True(Status(cluster)!.Conditions.IsTrue("Ready"));
        Assert.Equal(1, StatusWrites(cluster));
        cluster.Clock.Advance(TimeSpan.FromMinutes(1));
        await cluster.SettleAsync();
        Assert.Equal(1, StatusWrites(cluster));
        Assert.Equal(["PodsScheduled", "Serving"], Reasons(cluster));
    }

    [Fact]
    public async Task A_slow_start_shows_how_far_it_is_after_a_second()
    {
        await using var cluster = await WithModelAsync();
        cluster.PutEndpoint();
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("twin") is not null, "the children are made");
        await cluster.SettleAsync();

        cluster.Clock.Advance(AlmostASecond);
        await cluster.SettleAsync();
        Assert.Null(Status(cluster));

        cluster.Clock.Advance(TheRest);
        await Until.TrueAsync(() => cluster.Condition("Ready") is { Status: "False", Reason: "PodsNotReady" }, "the start is told");
    }

    [Fact]
    public async Task A_status_without_children_is_written_at_once()
    {
        await using var cluster = new OperatorFixture();
        cluster.Start();
        cluster.PutEndpoint();

        await Until.TrueAsync(() => cluster.Condition("Ready") is { Status: "False", Reason: "ModelNotFound" }, "the missing model is told");
    }

    [Fact]
    public async Task A_change_of_the_spec_is_seen_at_once()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();

        cluster.PutEndpoint(spec: """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"replicas":2}""");

        await Until.TrueAsync(() => Status(cluster)!.ObservedGeneration == cluster.Api.Peek<LlmEndpoint>("twin")!.Metadata.Generation, "the change is seen");
        Assert.Equal("1/2", Status(cluster)!.Ready);
    }

    [Fact]
    public async Task An_endpoint_that_stops_answering_says_so_at_once_and_the_rest_within_a_second()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        var deployment = cluster.Api.Peek<Deployment>("twin")!;

        cluster.Api.Put(deployment with { Status = deployment.Status! with { ReadyReplicas = 0, AvailableReplicas = 0, Conditions = [new() { Type = "Available", Status = "False" }] } });
        await Until.TrueAsync(() => cluster.Condition("Ready") is { Status: "False" }, "it is not ready");
        await cluster.SettleAsync();

        cluster.Api.Put(cluster.Api.Peek<Pod>("twin-pod")! with { Status = new() { Phase = "Running", ContainerStatuses = [new() { Name = "vllm", State = new() { Waiting = new() { Reason = "CrashLoopBackOff" } } }] } });
        await cluster.SettleAsync();
        Assert.DoesNotContain("CrashLoopBackOff", cluster.Condition("Ready")!.Message);

        cluster.Clock.Advance(TimeSpan.FromSeconds(1));
        await Until.TrueAsync(() => cluster.Condition("Ready")!.Message!.Contains("CrashLoopBackOff", StringComparison.Ordinal), "the reason follows");
        await cluster.SettleAsync();
        Assert.Single(Reasons(cluster), "PodsNotReady");
    }

    [Fact]
    public async Task A_status_held_back_when_the_operator_stops_is_written_when_it_starts()
    {
        await using var cluster = await WithModelAsync();
        cluster.PutEndpoint();
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("twin") is not null, "the children are made");
        await cluster.SettleAsync();
        await cluster.StopAsync();
        Assert.Null(Status(cluster));

        cluster.Start();

        await Until.TrueAsync(() => cluster.Condition("Ready") is { Status: "False", Reason: "PodsNotReady" }, "the start is told", cluster.Clock, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task Definitions_older_than_the_operator_are_told_in_the_log()
    {
        await using var cluster = new OperatorFixture();
        cluster.Api.Intercept = (request, _) => request is { Verb: "apply", Subresource: "status" }
            ? throw new KubeApiException(HttpStatusCode.InternalServerError, "InternalError", ".status.new: field not declared in schema", null, null)
            : Task.CompletedTask;
        cluster.Start();
        cluster.PutEndpoint();

        await Until.TrueAsync(
            () => cluster.Log.Errors.Any(error => error.Message.Contains("the cluster's definition of LlmEndpoint is older than this operator", StringComparison.Ordinal)), "the log says so");
    }

    private static async Task<OperatorFixture> WithModelAsync()
    {
        var cluster = new OperatorFixture();
        cluster.PutNode();
        cluster.PutModel();
        cluster.Start();
        await Until.TrueAsync(() => cluster.Api.Peek<Api.Models.LlmModel>("m")!.Status is not null, "the model was looked at");
        await cluster.SettleAsync();
        return cluster;
    }

    /// <summary>The pod is seen before the Deployment that counts it, as each has a watch of its own.</summary>
    private static async Task RunPodsAsync(OperatorFixture cluster)
    {
        cluster.RunPod();
        await cluster.SettleAsync();
        cluster.CountPods();
        await Until.TrueAsync(() => cluster.Condition("Ready") is { Status: "True" }, "the endpoint is ready");
        await cluster.SettleAsync();
    }

    private static LlmEndpointStatus? Status(OperatorFixture cluster) => cluster.Api.Peek<LlmEndpoint>("twin")!.Status;

    private static int StatusWrites(OperatorFixture cluster) => cluster.Writes.Count(write => write == "apply llmendpoints/status twin");

    private static IReadOnlyList<string?> Reasons(OperatorFixture cluster) =>
        [.. cluster.Api.PeekAll<Event>().Where(report => report.Regarding?.Name == "twin").Select(report => report.Reason).Order(StringComparer.Ordinal)];
}
