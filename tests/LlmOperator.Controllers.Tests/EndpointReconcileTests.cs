using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Endpoints;
using Xunit;

namespace LlmOperator.Controllers.Tests;

public sealed class EndpointReconcileTests
{
    [Fact]
    public async Task An_endpoint_becomes_its_objects_and_one_status_with_one_write_each()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode();
        cluster.PutModel();
        cluster.Start();
        await Until.TrueAsync(() => cluster.Api.Peek<LlmModel>("m")!.Status is not null, "the model was looked at");
        await cluster.SettleAsync();
        cluster.Api.ForgetRequests();

        cluster.PutEndpoint();
        await cluster.ConditionAsync("Progressing", "True", "RollingOut");
        await cluster.SettleAsync();

        Assert.Equal(
            [$"apply configmaps {cluster.Api.Peek<Deployment>("twin")!.Spec!.Template!.Spec!.Volumes!.Single(volume => volume.Name == "prompt-trace").ConfigMap!.Name}", "apply deployments twin", "apply llmendpoints/status twin", "apply networkpolicies twin", "apply poddisruptionbudgets twin", "apply services twin"],
            cluster.Writes.Where(write => !write.Contains("llmmodels", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(cluster.Api.Requests, request => request.Verb is "get" or "list");
    }

    [Fact]
    public async Task An_endpoint_whose_pods_answer_is_ready_and_one_event_says_so()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();

        var status = cluster.Api.Peek<LlmEndpoint>("twin")!.Status!;
        Assert.Equal("1/1", status.Ready);
        Assert.Equal("http://twin.default.svc/v1", status.Url);
        Assert.Equal(status.TargetRevision, status.ActiveRevision);
        await Until.TrueAsync(() => cluster.Api.PeekAll<Event>().Any(report => report.Reason == "Serving"), "an event says so");
        await cluster.SettleAsync();
        Assert.Single(cluster.Api.PeekAll<Event>(), report => report.Reason == "Serving");
    }

    [Fact]
    public async Task An_object_the_api_server_refuses_is_told_in_the_status_and_tried_again()
    {
        await using var cluster = new OperatorFixture();
        var refuse = true;
        cluster.Api.Intercept = (request, _) => request.IsWrite && request.Plural == "deployments" && Volatile.Read(ref refuse)
            ? throw FakeKubeClient.Error(HttpStatusCode.UnprocessableEntity, "Invalid")
            : Task.CompletedTask;
        cluster.PutNode();
        cluster.PutModel();
        cluster.PutEndpoint();
        cluster.Start();
        await cluster.ConditionAsync("Ready", "False", "ObjectRefused");

        Volatile.Write(ref refuse, false);
        await Until.TrueAsync(() => cluster.Condition("Progressing") is { Reason: "RollingOut" }, "it heals", cluster.Clock, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_endpoint_created_before_its_model_is_served_when_the_model_appears()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode();
        cluster.PutEndpoint();
        cluster.Start();
        await cluster.ConditionAsync("ModelReady", "False", "ModelNotFound");
        Assert.Null(cluster.Api.Peek<Deployment>("twin"));

        cluster.PutModel();
        await cluster.ConditionAsync("ModelReady", "True", "ModelReady");

        Assert.NotNull(cluster.Api.Peek<Deployment>("twin"));
    }

    [Fact]
    public async Task A_node_that_appears_heals_an_endpoint_that_had_none()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode("a100-0", "NVIDIA-A100-SXM4-80GB");
        cluster.PutModel();
        cluster.PutEndpoint();
        cluster.Start();
        await cluster.ConditionAsync("Scheduled", "False", "NoMatchingNodes");
        Assert.Contains("A100-80GB", cluster.Condition("Scheduled")!.Message);

        cluster.PutNode();
        await cluster.ConditionAsync("Scheduled", "Unknown", "PodsPending");
        await cluster.ConditionAsync("Progressing", "True", "RollingOut");
        cluster.RunPods();
        await cluster.ConditionAsync("Ready", "True", "Serving");
    }

    [Fact]
    public async Task A_choice_of_accelerators_outlives_a_restart_and_a_cheaper_node_writes_nothing()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode();
        cluster.PutModel();
        cluster.PutEndpoint(spec: """{"modelRef":{"name":"m"},"accelerator":{"type":"auto"}}""");
        cluster.Start();
        await cluster.ConditionAsync("Progressing", "True", "RollingOut");
        cluster.RunPods();
        await cluster.ConditionAsync("Ready", "True", "Serving");
        await cluster.ConditionAsync("Scheduled", "True", "PodsScheduled");
        await cluster.SettleAsync();
        Assert.Equal("1x A10G", cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.Accelerator!.Summary);

        await cluster.StopAsync();
        cluster.PutNode("l4-0", "NVIDIA-L4");
        cluster.Api.ForgetRequests();
        cluster.Start();
        await cluster.SettleAsync();

        Assert.Equal("1x A10G", cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.Accelerator!.Summary);
        Assert.Empty(cluster.Writes);
    }

    [Fact]
    public async Task A_model_that_fits_on_nothing_is_chosen_for_when_a_node_comes_on_which_it_does()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode("t4-0", "Tesla-T4");
        cluster.PutModel();
        cluster.PutEndpoint(spec: """{"modelRef":{"name":"m"},"accelerator":{"type":"auto"}}""");
        cluster.Start();
        await cluster.ConditionAsync("Fits", "False", "DoesNotFit");
        await cluster.ConditionAsync("Ready", "False", "DoesNotFit");
        Assert.Null(cluster.Api.Peek<Deployment>("twin"));

        cluster.PutNode("a100-0", "NVIDIA-A100-SXM4-80GB");
        await Until.TrueAsync(() => cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.Accelerator?.Summary == "1x A100-80GB", "the node's class is chosen", cluster.Clock, TimeSpan.FromSeconds(1));

        Assert.NotNull(cluster.Api.Peek<Deployment>("twin"));
    }

    [Fact]
    public async Task A_taint_that_goes_heals_an_endpoint_whose_pods_it_kept_out()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutNode();
        var node = cluster.Api.PeekAll<Node>().Single();
        cluster.Api.Put(node with { Spec = new() { Taints = [new() { Key = "team", Value = "other", Effect = "NoSchedule" }] } });
        cluster.PutModel();
        cluster.PutEndpoint();
        cluster.Start();
        await cluster.ConditionAsync("Scheduled", "False", "NoMatchingNodes");
        Assert.Contains("a10g-0 has taint team=other:NoSchedule", cluster.Condition("Scheduled")!.Message);

        cluster.Api.Put(node);
        await cluster.ConditionAsync("Scheduled", "Unknown", "PodsPending");
    }

    [Fact]
    public async Task A_model_that_disappears_from_the_reference_takes_nothing_down()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();

        cluster.PutEndpoint(spec: """{"modelRef":{"name":"other"},"accelerator":{"type":"A10G"}}""");
        await cluster.ConditionAsync("ModelReady", "False", "ModelNotFound");
        await cluster.SettleAsync();

        Assert.NotNull(cluster.Api.Peek<Deployment>("twin"));
        Assert.Equal("1/1", cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.Ready);
    }

    [Fact]
    public async Task A_child_changed_or_deleted_by_hand_is_put_right()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        var service = cluster.Api.Peek<Service>("twin")!;

        cluster.Api.Put(service with { Spec = service.Spec! with { Selector = new Dictionary<string, string> { ["app"] = "other" } } });
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("twin")!.Spec!.Selector!.ContainsKey("llmops.dev/endpoint"), "the selector is back");

        cluster.Api.Remove<Deployment>("twin");
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>("twin") is not null, "the deployment is back");
    }

    [Theory]
    [InlineData("twin")]
    [InlineData("twin.v2")]
    [InlineData("2twins")]
    public async Task A_service_of_somebody_else_is_left_alone_until_it_is_gone(string endpoint)
    {
        await using var cluster = new OperatorFixture();
        var name = ObjectNames.Child(endpoint);
        cluster.PutNode();
        cluster.PutModel();
        cluster.Api.Put(new Service { Metadata = new() { Name = name, Namespace = "default" }, Spec = new() { Selector = new Dictionary<string, string> { ["app"] = "theirs" } } });
        cluster.PutEndpoint(endpoint);
        cluster.Start();
        await cluster.ConditionAsync("Ready", "False", "NameConflict", endpoint);
        Assert.Equal("theirs", cluster.Api.Peek<Service>(name)!.Spec!.Selector!["app"]);

        cluster.Api.Remove<Service>(name);
        await cluster.ConditionAsync("Progressing", "True", "RollingOut", endpoint);
    }

    [Fact]
    public async Task A_restart_with_nothing_to_do_writes_nothing()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        await cluster.StopAsync();
        cluster.Api.ForgetRequests();

        cluster.Start();
        await Until.TrueAsync(() => cluster.Api.OpenWatches >= 9, "all caches are filled");
        await cluster.SettleAsync();

        Assert.Empty(cluster.Api.Writes);
    }

    [Fact]
    public async Task Ten_resyncs_send_no_request()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        cluster.Api.ForgetRequests();

        for (var resync = 0; resync < 10; resync++)
        {
            cluster.Clock.Advance(TimeSpan.FromHours(11));
            await cluster.SettleAsync();
        }

        Assert.DoesNotContain(cluster.Api.Requests, request => request.Verb != "watch");
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, "InternalError")]
    [InlineData(HttpStatusCode.TooManyRequests, "TooManyRequests")]
    [InlineData(HttpStatusCode.Forbidden, "Forbidden")]
    [InlineData(HttpStatusCode.Conflict, "Conflict")]
    public async Task Refused_writes_are_tried_again_until_they_pass(HttpStatusCode code, string reason)
    {
        await using var cluster = new OperatorFixture();
        var refusals = 6;
        cluster.Api.Intercept = (request, _) => request.IsWrite && request.Plural != "events" && Interlocked.Decrement(ref refusals) >= 0 ? throw FakeKubeClient.Error(code, reason) : Task.CompletedTask;
        cluster.PutNode();
        cluster.PutModel();
        cluster.PutEndpoint();
        cluster.Start();

        await Until.TrueAsync(() => cluster.Condition("Progressing")?.Reason == "RollingOut", "the endpoint is rolled out", cluster.Clock, TimeSpan.FromSeconds(1));

        Assert.Single(cluster.Api.PeekAll<Deployment>());
        Assert.Single(cluster.Api.PeekAll<Service>());
    }

    [Fact]
    public async Task A_watch_that_breaks_and_has_no_history_left_loses_nothing()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        cluster.Api.BreakWatches(new IOException("the connection was cut"));
        cluster.Api.Compact();
        cluster.Api.Remove<Deployment>("twin");

        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>("twin") is not null, "the deployment is back", cluster.Clock, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Killed_at_any_write_and_started_again_it_comes_to_the_same_end()
    {
        var whole = await KilledAtAsync(int.MaxValue);
        Assert.True(whole.Writes >= 5, $"{whole.Writes} writes");
        for (var at = 1; at <= whole.Writes; at++)
        {
            Assert.Equal(whole.End, (await KilledAtAsync(at)).End);
        }

        static async Task<(string End, int Writes)> KilledAtAsync(int at)
        {
            await using var cluster = new OperatorFixture();
            var writes = 0;
            cluster.Api.Intercept = (request, _) => request.IsWrite && request.Plural != "events" && Interlocked.Increment(ref writes) >= at ? throw new HttpRequestException("the process is gone") : Task.CompletedTask;
            cluster.PutNode();
            cluster.PutModel();
            cluster.PutEndpoint();
            cluster.Start();
            if (at == int.MaxValue)
            {
                await cluster.ConditionAsync("Progressing", "True", "RollingOut");
                await Until.TrueAsync(() => cluster.Api.Peek<LlmModel>("m")!.Metadata.Finalizers is { Count: 1 }, "the model is held");
            }

            await cluster.SettleAsync();
            await cluster.StopAsync();
            var before = writes;

            cluster.Api.Intercept = null;
            cluster.Start();
            await cluster.ConditionAsync("Progressing", "True", "RollingOut");
            await Until.TrueAsync(() => cluster.Api.Peek<LlmModel>("m")!.Metadata.Finalizers is { Count: 1 }, "the model is held");
            await cluster.SettleAsync();
            Assert.Single(cluster.Api.PeekAll<Deployment>());
            Assert.Single(cluster.Api.PeekAll<Service>());
            var status = cluster.Api.Peek<LlmEndpoint>("twin")!.Status!;
            return ($"{status.TargetRevision} {string.Join(' ', status.Conditions!.Select(condition => $"{condition.Type}={condition.Status}/{condition.Reason}"))}", before);
        }
    }
}
