using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Controllers.Diagnosis;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Diagnosis;

public sealed class CrashLogsTests
{
    private const string OutOfMemory = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 448.00 MiB. GPU 0 has a total capacity of 22.05 GiB of which 132.88 MiB is free.";

    private static readonly ObjectKey Twin = new("default", "twin");

    [Fact]
    public async Task A_crash_is_told_by_its_log_which_is_read_once()
    {
        await using var cluster = await CrashedAsync(OutOfMemory);
        await ReadyAsync(cluster, "False", "CudaOutOfMemory");
        Assert.Contains("448.00 MiB", cluster.Condition("Ready")!.Message);

        for (var look = 0; look < 5; look++)
        {
            var pod = cluster.Api.Peek<Pod>("twin-pod")!;
            cluster.Api.Put(pod with { Metadata = pod.Metadata with { Annotations = new Dictionary<string, string> { ["look"] = $"{look}" } } });
            await cluster.SettleAsync();
        }

        Assert.Equal(1, LogReads(cluster));
        var read = Assert.Single(cluster.Api.Requests, IsLogRead);
        Assert.Equal(new("default", "twin-pod"), read.Key);
    }

    [Fact]
    public async Task Restarts_that_fail_alike_write_no_status_and_no_event()
    {
        await using var cluster = await CrashedAsync(OutOfMemory);
        await ReadyAsync(cluster, "False", "CudaOutOfMemory");
        await Until.TrueAsync(() => Told(cluster) == 1, "an event tells it");

        // What the Deployment counts may come after the cause, and is told a second later.
        await UntilAsync(cluster, () => cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.Replicas == 1, "the pods are counted");
        await cluster.SettleAsync();
        cluster.Api.ForgetRequests();

        for (var restart = 2; restart <= 10; restart++)
        {
            var free = restart;
            cluster.Api.Log = (_, _) => OutOfMemory.Replace("132.88", $"{free}.07", StringComparison.Ordinal);
            Crash(cluster, restart, runs: true);
            await cluster.SettleAsync();
            Crash(cluster, restart, runs: false);
            await Until.TrueAsync(() => LogReads(cluster) == free - 1, $"the log of run {free} is read");
            await cluster.SettleAsync();
        }

        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        await cluster.SettleAsync();

        Assert.Empty(cluster.Writes);
        Assert.Equal(1, Told(cluster));
        Assert.Equal(9, LogReads(cluster));
    }

    [Fact]
    public async Task Another_cause_is_told()
    {
        await using var cluster = await CrashedAsync(OutOfMemory);
        await ReadyAsync(cluster, "False", "CudaOutOfMemory");

        cluster.Api.Log = (_, _) => "vllm: error: unrecognized arguments: --max-lenght";
        Crash(cluster, restarts: 2, runs: false);
        await Until.TrueAsync(() => LogReads(cluster) == 2, "the log is asked for");
        await cluster.SettleAsync();

        await ReadyAsync(cluster, "False", "UnknownArgument");
    }

    [Fact]
    public async Task A_pod_that_answers_is_not_asked_for_its_log()
    {
        await using var cluster = await CrashedAsync(OutOfMemory);
        await ReadyAsync(cluster, "False", "CudaOutOfMemory");

        Heal(cluster);
        await ReadyAsync(cluster, "True", "Serving");
        await cluster.SettleAsync();
        cluster.Api.ForgetRequests();
        cluster.Clock.Advance(TimeSpan.FromHours(11));
        await cluster.SettleAsync();

        Assert.Equal(0, LogReads(cluster));
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, "Forbidden")]
    [InlineData(HttpStatusCode.InternalServerError, "InternalError")]
    public async Task A_log_that_cannot_be_read_is_told_as_such_and_stops_nothing(HttpStatusCode code, string reason)
    {
        await using var cluster = await CrashedAsync(OutOfMemory, cluster => cluster.Api.Intercept = (request, _) => request.Subresource == "log" ? throw FakeKubeClient.Error(code, reason) : Task.CompletedTask);

        await ReadyAsync(cluster, "False", "CrashLoop");
        Assert.EndsWith($"container engine ends with exit code 1 and its log names no cause that is known; its log could not be read ({reason})", cluster.Condition("Ready")!.Message);
        cluster.PutEndpoint(spec: """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"replicas":2}""");
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>("twin")!.Spec!.Replicas == 2, "the spec is followed");
        await cluster.SettleAsync();

        Assert.Equal(1, LogReads(cluster));
    }

    [Fact]
    public async Task A_kubelet_that_does_not_answer_is_not_waited_for_without_end()
    {
        await using var cluster = await CrashedAsync(OutOfMemory, cluster => cluster.Api.Intercept = (request, cancellation) => request.Subresource == "log" ? Task.Delay(Timeout.Infinite, cancellation) : Task.CompletedTask);

        cluster.Clock.Advance(TimeSpan.FromSeconds(30));

        await UntilAsync(cluster, () => cluster.Condition("Ready") is { Reason: "CrashLoop", Message: var message } && message!.Contains("no answer in time", StringComparison.Ordinal), "it goes on");
    }

    [Fact]
    public async Task What_is_kept_goes_with_the_failure_or_the_endpoint()
    {
        var api = new FakeKubeClient { Log = (_, _) => OutOfMemory };
        var logs = new CrashLogs(api, new ManualTimeProvider());
        var observed = Observed(CrashedPod(1, runs: false));
        var cancellation = TestContext.Current.CancellationToken;

        var found = await logs.ReadAsync(Twin, observed, cancellation);
        Assert.Equal("CudaOutOfMemory", Assert.Single(found).Value.Cause!.Reason);
        Assert.Equal(1, logs.Count);
        Assert.Single(await logs.ReadAsync(Twin, Observed(CrashedPod(2, runs: true)), cancellation));

        Assert.Empty(await logs.ReadAsync(Twin, observed with { Pods = [] }, cancellation));
        Assert.Equal(0, logs.Count);

        await logs.ReadAsync(Twin, observed, cancellation);
        logs.Forget(Twin);
        Assert.Equal(0, logs.Count);
    }

    [Fact]
    public async Task Of_a_log_that_was_cut_short_the_last_line_is_left_out()
    {
        var api = new FakeKubeClient { Log = (_, _) => string.Concat(Enumerable.Repeat("some line\n", 512 * 1024 / 10)) + "HF_TOKEN=hf_AbCdEfGhIjKlMnOp" };
        var found = await new CrashLogs(api, new ManualTimeProvider()).ReadAsync(Twin, Observed(CrashedPod(1, runs: false)), TestContext.Current.CancellationToken);

        Assert.Equal("some line | some line | some line | some line | some line", Assert.Single(found).Value.Excerpt);
    }

    [Fact]
    public async Task A_log_with_a_token_shows_none_in_status_and_events()
    {
        const string Secret = "hf_" + "AbCdEfGhIjKlMnOpQrSt";
        await using var cluster = await CrashedAsync($"using {Secret}\nAuthorization: Bearer {Secret}\nRuntimeError: boom at https://user:{Secret}@mirror/x");

        await ReadyAsync(cluster, "False", "CrashLoop");
        await Until.TrueAsync(() => cluster.Api.PeekAll<Event>().Any(told => told.Reason == "CrashLoop"), "an event tells it");

        Assert.Contains("RuntimeError: boom", cluster.Condition("Ready")!.Message);
        Assert.DoesNotContain(cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.Conditions!, condition => condition.Message!.Contains(Secret, StringComparison.Ordinal));
        Assert.DoesNotContain(cluster.Api.PeekAll<Event>(), told => told.Note!.Contains(Secret, StringComparison.Ordinal));
    }

    private static Task ReadyAsync(OperatorFixture cluster, string status, string reason) =>
        UntilAsync(cluster, () => cluster.Condition("Ready") is { } ready && ready.Status == status && ready.Reason == reason, $"Ready={status} {reason}");

    /// <summary>In small steps: a status is held back for a second of the clock, and a log is waited for half a minute of it.</summary>
    private static Task UntilAsync(OperatorFixture cluster, Func<bool> condition, string what) => Until.TrueAsync(condition, what, cluster.Clock, TimeSpan.FromMilliseconds(20));

    /// <summary>An endpoint whose only pod crashes.</summary>
    private static async Task<OperatorFixture> CrashedAsync(string log, Action<OperatorFixture>? before = null)
    {
        var cluster = new OperatorFixture();
        cluster.Api.Log = (_, _) => log;
        before?.Invoke(cluster);
        cluster.PutNode();
        cluster.PutModel();
        cluster.PutEndpoint();
        cluster.Start();
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>("twin") is not null && cluster.Api.Peek<Service>("twin") is not null, "the children are made");
        Crash(cluster, restarts: 1, runs: false);

        // The clock stands still until the log has been read: it is waited for by that clock.
        await Until.TrueAsync(() => LogReads(cluster) == 1, "the log is asked for");
        await cluster.SettleAsync();
        return cluster;
    }

    private static void Crash(OperatorFixture cluster, int restarts, bool runs)
    {
        var deployment = cluster.Api.Peek<Deployment>("twin")!;
        var pod = CrashedPod(restarts, runs);
        cluster.Api.Put(pod with { Metadata = pod.Metadata with { Labels = deployment.Spec!.Template!.Metadata!.Labels } });
        cluster.Api.Put(deployment with { Status = new() { ObservedGeneration = deployment.Metadata.Generation, Replicas = 1, UpdatedReplicas = 1, Conditions = [new() { Type = "Available", Status = "False" }] } });
    }

    private static void Heal(OperatorFixture cluster)
    {
        var pod = cluster.Api.Peek<Pod>("twin-pod")!;
        cluster.Api.Put(pod with { Status = new() { Phase = "Running", Conditions = [new() { Type = "Ready", Status = "True" }], ContainerStatuses = [pod.Status!.ContainerStatuses![0] with { Ready = true, State = new() { Running = new() } }] } });
        cluster.CountPods();
    }

    private static Pod CrashedPod(int restarts, bool runs) => new()
    {
        Metadata = new() { Name = "twin-pod", Namespace = "default", Uid = "pod-uid" },
        Spec = new() { NodeName = "a10g-0" },
        Status = new()
        {
            Phase = "Running",
            ContainerStatuses =
            [
                new()
                {
                    Name = "engine",
                    RestartCount = restarts,
                    Ready = false,
                    State = runs ? new() { Running = new() } : new() { Waiting = new() { Reason = "CrashLoopBackOff" } },
                    LastState = new() { Terminated = new() { ExitCode = 1, Reason = "Error", ContainerID = $"containerd://{(runs ? restarts - 1 : restarts)}" } },
                },
            ],
        },
    };

    private static EndpointObservation Observed(Pod pod) => new()
    {
        Endpoint = new() { Metadata = new() { Name = "twin", Namespace = "default" }, Spec = new() { ModelRef = new() { Name = "m" } } },
        Pods = [pod],
        Catalogue = AcceleratorCatalogue.Default,
        Now = DateTimeOffset.UnixEpoch,
    };

    private static bool IsLogRead(FakeRequest request) => request.Subresource == "log";

    private static int LogReads(OperatorFixture cluster) => cluster.Api.Requests.Count(IsLogRead);

    private static int Told(OperatorFixture cluster) => cluster.Api.PeekAll<Event>().Count(told => told.Reason == "CudaOutOfMemory");
}
