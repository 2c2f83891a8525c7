using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Diagnosis;

public sealed class EndpointDiagnosisTests
{
    private const string Three = """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"replicas":3}""";

    private static readonly EndpointObservation Observed = Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), Pods.Node);

    [Fact]
    public void A_crash_is_told_by_its_cause_in_every_condition_it_touches_and_in_one_event()
    {
        var plan = EndpointPlanner.Plan(Pods.Crashing(Observed, LogDiagnosisTests.Log("vllm-context-v0")));

        AssertCondition(plan, "Ready", "False", "ContextTooLong", "0 of 1 pods answer; pod p: a context of 8192 tokens does not fit");
        AssertCondition(plan, "Available", "False", "PodsNotReady", "pod p: a context of 8192 tokens does not fit");
        AssertCondition(plan, "Progressing", "False", "ContextTooLong", "does not come up whole; pod p: a context of 8192 tokens does not fit");
        Assert.Single(plan.Transitions, transition => transition is { IsWarning: true, Condition.Reason: "ContextTooLong" });
    }

    [Fact]
    public void Further_restarts_that_fail_alike_change_nothing_although_numbers_differ()
    {
        var log = LogDiagnosisTests.Log("vllm-oom-load");
        var first = EndpointPlanner.Plan(Pods.Crashing(Observed, log, restarts: 1));
        var later = log.Replace("448.00", "446.25", StringComparison.Ordinal).Replace("212", "9", StringComparison.Ordinal);

        var second = Continue(first, Pods.Crashing(Observed, later, restarts: 2));
        var unknown = Continue(first, Pods.Crashing(Observed, "at 12:00 process 17 of 0x7f3a went away", restarts: 3));
        var again = Continue(unknown, Pods.Crashing(Observed, "at 12:05 process 4711 of 0x81ff went away", restarts: 4));

        Assert.Equal(first.Status.Conditions, second.Status.Conditions);
        Assert.Empty(second.Transitions);
        Assert.Equal(unknown.Status.Conditions, again.Status.Conditions);
        Assert.Empty(again.Transitions);
    }

    [Fact]
    public void Between_two_restarts_and_while_it_loads_again_the_cause_stands()
    {
        var log = LogDiagnosisTests.Log("vllm-oom-load");
        var waiting = EndpointPlanner.Plan(Pods.Crashing(Observed, log));
        var loading = Pods.Crashed() with { State = new() { Running = new() } };

        var running = Continue(waiting, Pods.WithLog(Pods.With(Observed, Pods.Of("p", loading)), log));

        Assert.Equal(waiting.Status.Conditions, running.Status.Conditions);
    }

    [Fact]
    public void New_numbers_of_a_new_spec_are_told()
    {
        var first = EndpointPlanner.Plan(Pods.Crashing(Observed, LogDiagnosisTests.Log("vllm-context-v0")));
        var changed = Observed with { Endpoint = Observed.Endpoint with { Metadata = Observed.Endpoint.Metadata with { Generation = 3 } } };

        var second = Continue(first, Pods.Crashing(changed, LogDiagnosisTests.Log("vllm-context-v0").Replace("8192", "7000", StringComparison.Ordinal)));

        Assert.Contains("7000 tokens", second.Status.Conditions.Find("Ready")!.Message);
    }

    [Fact]
    public void A_pod_that_answers_again_heals_it_all()
    {
        var first = EndpointPlanner.Plan(Pods.Crashing(Observed, LogDiagnosisTests.Log("vllm-oom-load")));
        var healed = Continue(first, Pods.With(Observed, Pods.Ready("p")));

        AssertCondition(healed, "Ready", "True", "Serving", "answers");
        AssertCondition(healed, "Progressing", "True", "RevisionAvailable", "is out");
    }

    [Fact]
    public void While_the_old_revision_serves_ready_stays_and_progressing_says_why_the_new_one_is_stuck()
    {
        var old = EndpointPlanner.Plan(Observed);
        var before = Continue(old, Pods.With(Observed with { Deployment = old.Deployment }, Pods.Ready("a").Revision(old.Status.TargetRevision!)));
        var changed = Observed with { Endpoint = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"contextLength":8192}}""") };
        var target = EndpointPlanner.Plan(changed).Status.TargetRevision!;

        var both = Pods.With(changed, Pods.Ready("a").Revision(old.Status.TargetRevision!), Pods.Of("b", Pods.Crashed()).Revision(target));
        both = both with { Deployment = both.Deployment! with { Status = both.Deployment.Status! with { Replicas = 2 } } };
        var plan = Continue(before, Pods.WithLog(both, LogDiagnosisTests.Log("vllm-context-v0")));

        AssertCondition(plan, "Ready", "True", "Serving", $"1 of 1 pods answer; revision {target} does not come up whole; pod b: a context of 8192 tokens");
        AssertCondition(plan, "Progressing", "False", "ContextTooLong", "pod b");
        Assert.Equal("ContextTooLong", Assert.Single(plan.Transitions).Condition.Reason);
    }

    [Fact]
    public void The_wanted_revision_comes_before_the_old_one()
    {
        var target = EndpointPlanner.Plan(Observed).Status.TargetRevision!;
        var observed = Pods.With(Observed, Pods.Of("a", Pods.Waits("ImagePullBackOff", "not found", "old:1")).Revision("0"), Pods.Of("b", Pods.Waits("ImagePullBackOff", "not found", "new:1")).Revision(target));

        AssertCondition(EndpointPlanner.Plan(observed), "Ready", "False", "ImagePullFailed", "there is no image new:1");
        AssertCondition(EndpointPlanner.Plan(observed with { Pods = [observed.Pods[0]] }), "Ready", "False", "ImagePullFailed", "there is no image old:1");
    }

    [Fact]
    public void Two_of_three_pods_are_told_as_such()
    {
        var observed = Observed with { Endpoint = Cluster.Endpoint(Three) };
        var plan = EndpointPlanner.Plan(Pods.WithLog(Pods.With(observed, Pods.Ready("a"), Pods.Ready("b"), Pods.Of("c", Pods.Crashed())), LogDiagnosisTests.Log("ecc")));

        AssertCondition(plan, "Available", "False", "PodsNotReady", "2 of 3 pods answer; pod c: the accelerator itself fails");
        AssertCondition(plan, "Ready", "False", "AcceleratorFault", "2 of 3 pods answer; pod c");
        Assert.Equal("2/3", plan.Status.Ready);
    }

    [Fact]
    public void A_pod_whose_cause_is_known_speaks_for_one_whose_cause_is_not()
    {
        var observed = Pods.With(Observed with { Endpoint = Cluster.Endpoint(Three) }, Pods.Of("a", Pods.Crashed(restarts: 1)), Pods.Of("b", Pods.Crashed(137, "OOMKilled")));

        AssertCondition(EndpointPlanner.Plan(Pods.WithLog(observed, "nothing known")), "Ready", "False", "OOMKilled", "pod b");
    }

    [Theory]
    [InlineData("ErrImagePull", "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/vllm/vllm-openai:v9\": failed to resolve reference \"docker.io/vllm/vllm-openai:v9\": docker.io/vllm/vllm-openai:v9: not found", "there is no image vllm/vllm-openai:v9: correct spec.engine.image")]
    [InlineData("ImagePullBackOff", "Back-off pulling image \"vllm/vllm-openai:v9\": ErrImagePull: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed", "in spec.imagePullSecrets (none is named now), or correct spec.engine.image")]
    [InlineData("ErrImagePull", "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized", "spec.imagePullSecrets")]
    [InlineData("ErrImagePull", "failed to do request: Head \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on 10.0.0.10:53: no such host", "the node cannot reach the registry of image vllm/vllm-openai:v9")]
    [InlineData("ErrImagePull", "toomanyrequests: You have reached your unauthenticated pull rate limit.", "the registry limits how often image vllm/vllm-openai:v9 is pulled")]
    [InlineData("ErrImagePull", "write /var/lib/containerd/x: no space left on device", "the node's disk has no room for image vllm/vllm-openai:v9")]
    [InlineData("InvalidImageName", "Failed to apply default image tag \"vllm/vllm-openai:v9\"", "is no name of an image: correct spec.engine.image")]
    [InlineData("ErrImageNeverPull", "Container image \"vllm/vllm-openai:v9\" is not present with pull policy of Never", "spec.engine.imagePullPolicy is Never")]
    public void An_image_that_cannot_be_had_is_named_with_what_to_change(string reason, string words, string message) =>
        AssertCondition(EndpointPlanner.Plan(Pods.Waiting(Observed, reason, words, "vllm/vllm-openai:v9")), "Ready", "False", "ImagePullFailed", message);

    [Fact]
    public void Back_off_without_words_keeps_what_the_try_before_said()
    {
        var first = EndpointPlanner.Plan(Pods.Waiting(Observed, "ErrImagePull", "manifest unknown"));
        var second = Continue(first, Pods.Waiting(Observed, "ImagePullBackOff", "Back-off pulling image \"vllm/vllm-openai:v0.11.0\""));

        Assert.Equal(first.Status.Conditions, second.Status.Conditions);
    }

    [Fact]
    public void The_image_of_a_models_weights_is_told_from_the_engines()
    {
        var observed = Observed with { Model = Cluster.Model("""{"source":{"oci":{"image":"registry.example.org/weights:8b"}},"parameters":"8B"}""") };

        var plan = EndpointPlanner.Plan(Pods.Waiting(observed, "ImagePullBackOff", "Back-off pulling image \"registry.example.org/weights:8b\": ErrImagePull: not found"));

        AssertCondition(plan, "Ready", "False", "ImagePullFailed", "there is no image registry.example.org/weights:8b: correct spec.source.oci.image of the LlmModel");
    }

    [Theory]
    [InlineData("secret \"hub\" not found", "SecretNotFound", "there is no Secret hub in namespace prod: create it, or correct spec.source.huggingFace.tokenSecretRef of LlmModel m")]
    [InlineData("couldn't find key token in Secret prod/hub", "SecretKeyNotFound", "Secret hub has no key token: add it, or correct spec.source.huggingFace.tokenSecretRef of LlmModel m")]
    [InlineData("configmap \"flags\" not found", "ConfigMapNotFound", "create it, or correct spec.engine.env, variable FLAGS")]
    [InlineData("secret \"langfuse\" not found", "SecretNotFound", "create it, or correct apiKeySecretRef of spec.promptTrace.exporters[a]")]
    [InlineData("couldn't find key more in Secret prod/tempo", "SecretKeyNotFound", "add it, or correct headersSecretRef of spec.promptTrace.exporters[a]")]
    [InlineData("container has runAsNonRoot and image will run as root", "ContainerConfigInvalid", "spec.engine.image")]
    public void A_reference_that_leads_nowhere_is_named_with_the_field_it_comes_from(string words, string reason, string message)
    {
        var observed = Observed with
        {
            Endpoint = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"env":[{"name":"FLAGS","valueFrom":{"configMapKeyRef":{"name":"flags","key":"x"}}}]},"promptTrace":{"exporters":[{"name":"a","url":"http://a","apiKeySecretRef":{"name":"langfuse"},"headersSecretRef":{"name":"tempo","key":"more"}}]}}"""),
            Model = Cluster.Model("""{"source":{"huggingFace":{"repo":"org/model","tokenSecretRef":{"name":"hub"}}},"parameters":"8B"}"""),
        };

        AssertCondition(EndpointPlanner.Plan(Pods.Waiting(observed, "CreateContainerConfigError", words)), "Ready", "False", reason, message);
    }

    [Theory]
    [InlineData(137, "OOMKilled", 30, "OOMKilled", "raise spec.engine.resources.requests.memory")]
    [InlineData(137, "Error", 903, "StartupTimeout", "within spec.engine.startupTimeoutSeconds (900 s; it ran for 903 s)")]
    [InlineData(143, "Error", 930, "StartupTimeout", "raise it, or make loading quicker")]
    [InlineData(0, "Completed", 905, "StartupTimeout", "spec.engine.startupTimeoutSeconds")]
    [InlineData(137, "Error", 86400, "LivenessProbeFailed", "the engine stopped answering")]
    [InlineData(137, "Error", 60, "ContainerKilled", "by the kernel for want of memory of the node")]
    [InlineData(135, "Error", 60, "SharedMemoryTooSmall", "spec.engine.sharedMemory")]
    [InlineData(127, "Error", 0, "CommandNotFound", "spec.engine.command")]
    [InlineData(3, "Error", 60, "CrashLoop", "container engine ends with exit code 3 and its log names no cause that is known; its last lines: nothing | special")]
    [InlineData(0, "Completed", 5, "CrashLoop", "exit code 0 although it should run on")]
    public void An_end_without_a_known_log_is_told_by_how_it_ended(int exitCode, string ended, double seconds, string reason, string message)
    {
        var plan = EndpointPlanner.Plan(Pods.WithLog(Pods.With(Observed, Pods.Of("p", Pods.Crashed(exitCode, ended, seconds: seconds))), "nothing\nspecial\n"));

        AssertCondition(plan, "Ready", "False", reason, message);
    }

    [Fact]
    public void A_limit_on_memory_is_named_when_it_is_the_spec_that_sets_it()
    {
        var observed = Observed with { Endpoint = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"resources":{"limits":{"memory":"6Gi"}}}}""") };

        AssertCondition(EndpointPlanner.Plan(Pods.With(observed, Pods.Of("p", Pods.Crashed(137, "OOMKilled")))), "Ready", "False", "OOMKilled", "than spec.engine.resources.limits.memory (6Gi) and was killed: raise it");
    }

    [Fact]
    public void What_fails_in_the_sidecar_is_told_of_the_sidecar()
    {
        AssertCondition(Plan(Pods.Crashed(137, "OOMKilled")), "Ready", "False", "OOMKilled", "raise resources.limits.memory of init container prompt-trace in spec.podTemplate");
        AssertCondition(Plan(Pods.Crashed(2, seconds: 905)), "Ready", "False", "CrashLoop", "container prompt-trace ends with exit code 2");
        AssertCondition(
            Plan(Pods.Waits("ErrImagePull", "manifest unknown", "registry/prompt-trace:1")), "Ready", "False", "ImagePullFailed", "there is no image registry/prompt-trace:1: correct --prompt-trace-image of the operator");

        static EndpointPlan Plan(ContainerStatus sidecar)
        {
            var pod = Pods.Of("p", new ContainerStatus { Name = "engine", State = new() { Waiting = new() { Reason = "PodInitializing" } } });
            return EndpointPlanner.Plan(Pods.With(Observed, pod with { Status = pod.Status! with { InitContainerStatuses = [sidecar with { Name = "prompt-trace" }] } }));
        }
    }

    [Fact]
    public void What_the_log_names_comes_before_how_the_engine_was_stopped()
    {
        var observed = Pods.With(Observed, Pods.Of("p", Pods.Crashed(137, seconds: 905)));

        AssertCondition(EndpointPlanner.Plan(Pods.WithLog(observed, LogDiagnosisTests.Log("hub-dns"))), "Ready", "False", "HubUnreachable", "allow the way out");
        AssertCondition(EndpointPlanner.Plan(Pods.WithLog(observed, LogDiagnosisTests.Log("nccl"))), "Ready", "False", "StartupTimeout", "its last lines");
    }

    [Fact]
    public void A_start_the_runtime_refuses_is_told_by_its_words()
    {
        var observed = Pods.With(Observed, Pods.Of("p", Pods.Crashed(128, "StartError", seconds: 0, message: LogDiagnosisTests.Log("driver-runtime"))));

        AssertCondition(EndpointPlanner.Plan(observed), "Ready", "False", "DriverTooOld", "(cuda>=12.8 is needed)");
    }

    [Theory]
    [InlineData("Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi.", "Evicted", "for want of disk")]
    [InlineData("Evicted", "The node was low on resource: memory.", "Evicted", "raise spec.engine.resources.requests")]
    [InlineData("Evicted", "Usage of EmptyDir volume \"shm\" exceeds the limit \"2Gi\". ", "SharedMemoryTooSmall", "raise spec.engine.sharedMemory")]
    [InlineData("UnexpectedAdmissionError", "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected", "AcceleratorNotHandedOut", "device plugin")]
    public void A_pod_that_was_ended_says_why_until_its_successor_answers(string reason, string words, string told, string message)
    {
        var ended = Pods.Of("a") with { Status = new() { Phase = "Failed", Reason = reason, Message = words } };

        AssertCondition(EndpointPlanner.Plan(Pods.With(Observed, ended, Pods.Of("b"))), "Ready", "False", told, message);
        AssertCondition(EndpointPlanner.Plan(Pods.With(Observed, ended, Pods.Ready("b"))), "Ready", "True", "Serving", "answers");
        AssertCondition(EndpointPlanner.Plan(Pods.With(Observed, ended, Pods.Of("b", Pods.Waits("InvalidImageName", "x")))), "Ready", "False", "ImagePullFailed", "pod b");
    }

    [Fact]
    public void A_node_that_does_not_answer_is_named()
    {
        var lost = Pods.Node with { Spec = new() { Taints = [new() { Key = "node.kubernetes.io/unreachable", Effect = "NoExecute" }] } };

        AssertCondition(EndpointPlanner.Plan(Pods.With(Observed with { Nodes = [lost] }, Pods.Of("p"))), "Ready", "False", "NodeLost", "node a10g-0 does not answer");
    }

    [Fact]
    public void A_pod_that_is_only_loading_has_no_cause()
    {
        var plan = EndpointPlanner.Plan(Pods.With(Observed, Pods.Of("p", new ContainerStatus { Name = "engine", State = new() { Running = new() } })));

        AssertCondition(plan, "Ready", "False", "PodsNotReady", "0 of 1 pods answer");
        AssertCondition(plan, "Progressing", "True", "RollingOut", "is being brought out");
    }

    [Fact]
    public void Logs_are_asked_for_once_a_run_and_not_of_pods_that_answer()
    {
        var running = Pods.Crashed(restarts: 4) with { State = new() { Running = new() }, LastState = new() { Terminated = Pods.Ended(1, "Error", 3) with { ContainerID = "containerd://3" } } };

        var between = Assert.Single(CrashedRun.Of(Pods.With(Observed, Pods.Of("p", Pods.Crashed(restarts: 3)))));
        var after = Assert.Single(CrashedRun.Of(Pods.With(Observed, Pods.Of("p", running))));

        Assert.Equal(between.Id, after.Id);
        Assert.Equal((false, true), (between.IsPrevious, after.IsPrevious));
        Assert.Empty(CrashedRun.Of(Pods.With(Observed, Pods.Ready("p"))));
        Assert.Empty(CrashedRun.Of(Pods.With(Observed, Pods.Of("p", Pods.Waits("ImagePullBackOff", "x")))));
        Assert.Equal(3, CrashedRun.Of(Pods.With(Observed, [.. Enumerable.Range(0, 20).Select(at => Pods.Of($"p{at}", Pods.Crashed()))])).Count);
    }

    private static EndpointPlan Continue(EndpointPlan before, EndpointObservation observed) =>
        EndpointPlanner.Plan(observed with { Endpoint = observed.Endpoint with { Status = before.Status }, Now = observed.Now.AddMinutes(1) });

    private static void AssertCondition(EndpointPlan plan, string type, string status, string reason, string message)
    {
        var condition = plan.Status.Conditions.Find(type);
        Assert.NotNull(condition);
        Assert.Equal((status, reason, condition.Message), (condition.Status, condition.Reason, condition.Message));
        Assert.Contains(message, condition.Message);
    }
}
