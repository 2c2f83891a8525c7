using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Endpoints;

public sealed class EndpointConditionsTests
{
    private static readonly Node A10G = Cluster.Node("a10g-0", "NVIDIA-A10G");

    [Fact]
    public void An_endpoint_without_its_model_says_which_one_is_missing_and_leaves_what_runs()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), model: null, A10G));

        AssertCondition(plan, ConditionTypes.ModelReady, "False", "ModelNotFound", "no LlmModel m");
        AssertCondition(plan, ConditionTypes.Ready, "False", "ModelNotFound", "no LlmModel m");
        Assert.Null(plan.Deployment);
        Assert.Null(plan.Service);
    }

    [Fact]
    public void A_model_that_is_not_ready_says_why_in_the_endpoint_too()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model("""{"source":{"huggingFace":{"repo":"org/model"}}}"""), A10G));

        AssertCondition(plan, ConditionTypes.ModelReady, "False", "ModelNotReady", "set spec.parameters");
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void A_model_nobody_has_looked_at_yet_is_waited_for()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model() with { Status = null }, A10G));

        AssertCondition(plan, ConditionTypes.ModelReady, "Unknown", "ModelPending", "has not been looked at");
        Assert.Empty(plan.Transitions);
    }

    [Fact]
    public void Nodes_without_the_class_are_named_with_what_they_have()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint(), Cluster.Model(), Cluster.Node("a100-0", "NVIDIA-A100-SXM4-80GB", 8), Cluster.Node("odd", "NVIDIA-GH200"), Cluster.Node("cpu", null, 0)));

        AssertCondition(plan, ConditionTypes.Scheduled, "False", "NoMatchingNodes", "no node has accelerator A10G; there is A100-80GB on 1 node, NVIDIA-GH200 (not in the catalogue) on 1 node");
        AssertCondition(plan, ConditionTypes.Ready, "False", "NoMatchingNodes", "add a node with A10G");
        Assert.NotNull(plan.Deployment); // Its pods wait, and an autoscaler of nodes sees them.
    }

    [Fact]
    public void A_cluster_without_any_accelerator_says_so()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), Cluster.Node("cpu", null, 0)));

        AssertCondition(plan, ConditionTypes.Scheduled, "False", "NoMatchingNodes", "none of the 1 nodes has an accelerator");
    }

    [Fact]
    public void A_node_too_small_for_a_replica_is_told_from_no_node_at_all()
    {
        var endpoint = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":4}}""");

        var plan = EndpointPlanner.Plan(Cluster.Observe(endpoint, Cluster.Model(), A10G));

        AssertCondition(plan, ConditionTypes.Scheduled, "False", "NoMatchingNodes", "asks for 4 x A10G and the largest node has 1");
    }

    [Fact]
    public void A_cordoned_node_is_named()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G with { Spec = new() { Unschedulable = true } }));

        AssertCondition(plan, ConditionTypes.Scheduled, "False", "NoMatchingNodes", "cordoned (a10g-0)");
    }

    [Fact]
    public void A_node_that_appears_heals_the_condition()
    {
        var before = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()));
        var after = Continue(before, Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Pods = [Cluster.Pod("p", "a10g-0")], Deployment = Cluster.Running(before.Deployment!, ready: 1) });

        AssertCondition(after, ConditionTypes.Scheduled, "True", "PodsScheduled", "1 of 1");
        AssertCondition(after, ConditionTypes.Ready, "True", "Serving", "answers");
        Assert.Contains(after.Transitions, transition => transition.Condition.Type == ConditionTypes.Ready && !transition.IsWarning);
    }

    [Fact]
    public void A_pod_the_scheduler_refuses_carries_the_schedulers_words()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Pods = [Cluster.Pod("p", null, "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.")] });

        AssertCondition(plan, ConditionTypes.Scheduled, "False", "Unschedulable", "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
    }

    [Fact]
    public void A_rolling_update_without_a_spare_accelerator_says_what_to_set_and_goes_on_serving()
    {
        var first = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G));
        var changed = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"image":"vllm:next"}}""");
        var second = EndpointPlanner.Plan(Cluster.Observe(changed, Cluster.Model(), A10G) with
        {
            Deployment = Cluster.Running(first.Deployment!, ready: 1),
            Pods = [Cluster.Pod("old", "a10g-0"), Cluster.Pod("new", null, "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.")],
        });

        AssertCondition(second, ConditionTypes.Scheduled, "False", "Unschedulable", "set spec.rollout.maxSurge to 0 and spec.rollout.maxUnavailable to 1");
        AssertCondition(second, ConditionTypes.Ready, "True", "Serving", "is being brought out");
    }

    [Fact]
    public void A_revision_is_active_once_it_alone_is_left()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G));
        Assert.Null(plan.Status.ActiveRevision);

        var out1 = Continue(plan, Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Deployment = Cluster.Running(plan.Deployment!, ready: 1), Pods = [Cluster.Pod("p", "a10g-0")] });
        Assert.Equal(out1.Status.TargetRevision, out1.Status.ActiveRevision);

        var changed = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"image":"vllm:next"}}""");
        var rolling = Continue(out1, Cluster.Observe(changed, Cluster.Model(), A10G) with { Deployment = Cluster.Running(plan.Deployment!, ready: 1), Pods = [Cluster.Pod("p", "a10g-0")] });
        Assert.Equal(out1.Status.ActiveRevision, rolling.Status.ActiveRevision);
        Assert.NotEqual(rolling.Status.TargetRevision, rolling.Status.ActiveRevision);
        AssertCondition(rolling, ConditionTypes.Progressing, "True", "RollingOut", rolling.Status.TargetRevision!);
    }

    [Fact]
    public void A_rollout_past_its_deadline_has_failed()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G));
        var stuck = Cluster.Running(plan.Deployment!, ready: 0, updated: 1, new WorkloadCondition { Type = "Progressing", Status = "False", Reason = "ProgressDeadlineExceeded", Message = "has timed out progressing" });
        var pod = Cluster.Pod("p", "a10g-0");
        var failing = pod with { Status = pod.Status! with { ContainerStatuses = [new() { Name = "engine", Image = "vllm:x", State = new() { Waiting = new() { Reason = "ImagePullBackOff", Message = "no such image" } } }] } };

        var after = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Deployment = stuck, Pods = [failing] });

        AssertCondition(after, ConditionTypes.Progressing, "False", "ImagePullFailed", "made no progress in time; pod p: image vllm:x cannot be pulled");
        AssertCondition(after, ConditionTypes.Ready, "False", "ImagePullFailed", "the kubelet says: no such image");
    }

    [Fact]
    public void A_rollout_that_waits_for_a_node_past_its_deadline_still_names_the_node()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()));
        var stuck = Cluster.Running(plan.Deployment!, ready: 0, updated: 1, new WorkloadCondition { Type = "Progressing", Status = "False", Reason = "ProgressDeadlineExceeded", Message = "has timed out progressing" });

        var after = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()) with { Deployment = stuck, Pods = [Cluster.Pod("p", null, "0/0 nodes are available")] });

        AssertCondition(after, ConditionTypes.Ready, "False", "NoMatchingNodes", "add a node with A10G");
    }

    [Fact]
    public void A_waiting_pod_of_an_old_revision_says_nothing_of_the_new_one()
    {
        var wanted = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G)).Deployment!;
        Pod Of(string revision, Pod pod) => pod with { Metadata = pod.Metadata with { Labels = new Dictionary<string, string> { [ApiGroup.RevisionLabel] = revision } } };

        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with
        {
            Deployment = Cluster.Running(wanted, ready: 0),
            Pods = [Of("old", Cluster.Pod("a", null, "didn't match")), Of(EndpointObjects.Revision(wanted)!, Cluster.Pod("b", "a10g-0"))],
        });

        AssertCondition(plan, ConditionTypes.Scheduled, "True", "PodsScheduled", "1 of 1");
    }

    [Fact]
    public void What_the_api_server_refuses_is_told_in_its_words()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Refusal = "requests: must be less than or equal to cpu limit of 2" });

        AssertCondition(plan, ConditionTypes.Ready, "False", "ObjectRefused", "equal to cpu limit of 2");
        AssertCondition(plan, ConditionTypes.Progressing, "False", "ObjectRefused", "equal to cpu limit of 2");
    }

    [Fact]
    public void A_licence_that_forbids_the_use_is_respected()
    {
        var model = Cluster.Model("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","card":{"commercialUse":false}}""");
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"usage":"Commercial"}"""), model, A10G));

        AssertCondition(plan, ConditionTypes.Ready, "False", "LicenceForbids", "set spec.usage to NonCommercial");
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void Pods_the_api_server_refuses_are_told()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G));
        var refused = Cluster.Running(plan.Deployment!, ready: 0, updated: 0, new WorkloadCondition { Type = "ReplicaFailure", Status = "True", Message = "exceeded quota" });

        var after = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Deployment = refused });

        AssertCondition(after, ConditionTypes.Ready, "False", "PodsNotCreated", "exceeded quota");
    }

    [Fact]
    public void Zero_replicas_are_not_ready_and_say_why()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"replicas":0}"""), Cluster.Model(), A10G));

        AssertCondition(plan, ConditionTypes.Ready, "False", "ScaledToZero", "set it to 1 or more");
        AssertCondition(plan, ConditionTypes.Scheduled, "True", "NothingWanted", "no pod");
        Assert.Equal("0/0", plan.Status.Ready);
    }

    [Theory]
    [InlineData("""{"modelRef":{"name":"m"},"accelerator":{"type":"A9000"}}""", "UnknownAccelerator", "\"A9000\" is not in the accelerator catalogue: use one of T4, ")]
    [InlineData("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"type":"TEI"}}""", "TaskNotSupported", "set spec.engine.type to vLLM or TGI or SGLang or LlamaCpp")]
    [InlineData("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"args":["--port=9000"]}}""", "ArgumentNotAllowed", "set spec.engine.port")]
    [InlineData("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"rollout":{"maxSurge":"0%","maxUnavailable":0}}""", "RolloutImpossible", "set one of them to 1")]
    [InlineData("""{"modelRef":{"name":"m"},"backend":"SageMaker"}""", "BackendNotSupported", "spec.backend Kubernetes")]
    [InlineData("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":2},"parallelism":{"tensor":2,"pipeline":2}}""", "LeaderWorkerSetMissing", "spec.accelerator.count to 4")]
    public void What_cannot_be_done_is_said_and_nothing_is_touched(string spec, string reason, string message)
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(spec), Cluster.Model(), A10G));

        AssertCondition(plan, ConditionTypes.Ready, "False", reason, message);
        AssertCondition(plan, ConditionTypes.Progressing, "False", reason, message);
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void Fields_that_are_not_acted_on_are_named()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"autoscaling":{"minReplicas":2,"maxReplicas":4},"rag":{"indexRef":{"name":"i"}}}"""), Cluster.Model(), A10G));

        AssertCondition(plan, ConditionTypes.Degraded, "True", "FieldsNotActedOn", "spec.autoscaling (minReplicas are run)");
        Assert.Equal(2, plan.Deployment!.Spec!.Replicas);
    }

    [Theory]
    [InlineData("other-uid", false)]
    [InlineData(null, false)]
    [InlineData("uid-1", true)]
    public void An_object_of_somebody_else_is_left_alone(string? ownerUid, bool isOurs)
    {
        var existing = new Deployment
        {
            Metadata = new()
            {
                Name = "twin",
                Namespace = "prod",
                OwnerReferences = ownerUid is null ? null : [new() { ApiVersion = "v1", Kind = "X", Name = "x", Uid = ownerUid, Controller = true }],
            },
        };

        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Deployment = existing });

        Assert.Equal(isOurs, plan.Deployment is not null);
        if (!isOurs)
        {
            AssertCondition(plan, ConditionTypes.Ready, "False", "NameConflict", "Deployment twin is there already");
        }
    }

    [Fact]
    public void An_object_that_lost_its_owner_is_taken_back()
    {
        var existing = new Deployment { Metadata = new() { Name = "twin", Annotations = new Dictionary<string, string> { [ApiGroup.ContentHashAnnotation] = "x" } } };

        Assert.NotNull(EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G) with { Deployment = existing }).Deployment);
    }

    [Fact]
    public void The_model_is_that_of_the_pods_while_another_is_not_ready()
    {
        var observed = Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G);
        var first = EndpointPlanner.Plan(observed);
        observed = observed with { Deployment = Cluster.Running(first.Deployment!, ready: 1), Pods = [Cluster.Pod("p", "a10g-0")] };
        var other = Cluster.Model();
        other = other with { Metadata = other.Metadata with { Name = "other" }, Status = null };
        var second = Continue(first, observed with { Model = other });

        Assert.Equal(first.Status.Model, second.Status.Model);
        Assert.Equal(first.Status.TargetRevision, second.Status.TargetRevision);
        Assert.NotEqual("other", second.Status.Model!.Name);
    }

    [Fact]
    public void The_status_tells_what_each_revision_serves_until_its_last_pod_is_needed_no_more()
    {
        var observed = Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"type":"vLLM","contextLength":4096}}"""), Cluster.Model(), A10G);
        var first = EndpointPlanner.Plan(observed);
        var a = Assert.Single(first.Status.Revisions!);
        Assert.Equal((first.Status.TargetRevision, first.Status.Model, "org/model", "vLLM", 4096), (a.Revision, a.Model, a.Repository, a.Engine, a.ContextLength));

        // Another model under another engine: while pods of the one before are there, what they serve is still told.
        var other = Cluster.Model("""{"source":{"huggingFace":{"repo":"org/other","revision":"v2"}},"parameters":"8B"}""");
        other = other with { Metadata = other.Metadata with { Name = "other" } };
        observed = Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"other"},"accelerator":{"type":"A10G"},"engine":{"type":"TGI"}}"""), other, A10G) with
        {
            Deployment = Cluster.Running(first.Deployment!, ready: 1),
            Pods = [Of(a.Revision, Cluster.Pod("old", "a10g-0"))],
        };
        var rolling = Continue(first, observed);
        var b = rolling.Status.Revisions![0];
        Assert.Equal((rolling.Status.TargetRevision, new ServedModel { Name = "other", Revision = "v2" }, "org/other", "TGI", null), (b.Revision, b.Model, b.Repository, b.Engine, b.ContextLength));
        Assert.Equal([b, a], rolling.Status.Revisions);
        Assert.NotEqual(a.Revision, b.Revision);

        // Pods come and go and nothing of the list changes.
        observed = observed with { Deployment = Cluster.Running(rolling.Deployment!, ready: 1, updated: 0), Pods = [.. observed.Pods, Of(b.Revision, Cluster.Pod("new", "a10g-1")), Of("unknown", Cluster.Pod("foreign", "a10g-2"))] };
        Assert.Equal([b, a], Continue(rolling, observed).Status.Revisions);
        var stopping = observed with { Deployment = Cluster.Running(rolling.Deployment!, ready: 1, updated: 0), Pods = [Stopping(observed.Pods[0]), observed.Pods[1]] };
        Assert.Equal([b, a], Continue(rolling, stopping).Status.Revisions);

        // The list changes with the write that tells that the target alone is left, and not once more when the last pod has stopped.
        var done = stopping with { Deployment = Cluster.Running(rolling.Deployment!, ready: 1) };
        Assert.Equal([b], Continue(rolling, done).Status.Revisions);
        Assert.Equal(b.Revision, Continue(rolling, done).Status.ActiveRevision);
        var gone = stopping with { Pods = [observed.Pods[0] with { Status = new() { Phase = "Failed" } }, observed.Pods[1]] };
        Assert.Equal([b], Continue(rolling, gone).Status.Revisions);

        static Pod Of(string revision, Pod pod) => pod with { Metadata = pod.Metadata with { Labels = new Dictionary<string, string> { [ApiGroup.RevisionLabel] = revision } } };
        static Pod Stopping(Pod pod) => pod with { Metadata = pod.Metadata with { DeletionTimestamp = Cluster.Now } };
    }

    [Fact]
    public void A_revision_that_cannot_be_followed_takes_nothing_from_what_is_told_of_the_one_that_serves()
    {
        var observed = Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G);
        var first = EndpointPlanner.Plan(observed);
        observed = observed with { Deployment = Cluster.Running(first.Deployment!, ready: 1), Pods = [Cluster.Pod("p", "a10g-0")] };
        Assert.Equal(first.Status.Revisions, Continue(first, observed with { Model = null }).Status.Revisions);
        Assert.Null(Continue(first with { Status = first.Status with { Revisions = null } }, observed with { Model = null }).Status.Revisions);
    }

    [Fact]
    public void Looking_twice_gives_the_same_status_and_no_second_event()
    {
        var observed = Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G);
        var first = EndpointPlanner.Plan(observed);
        observed = observed with { Deployment = Cluster.Running(first.Deployment!, ready: 1), Pods = [Cluster.Pod("p", "a10g-0")] };
        var second = Continue(first, observed);
        var third = Continue(second, observed with { Now = Cluster.Now.AddHours(10) });

        Assert.Empty(third.Transitions);
        Assert.Equal(second.Status.Conditions, third.Status.Conditions);
        Assert.Equal(second.Status.Revisions, third.Status.Revisions);
        Assert.Equal(second.Status with { Conditions = null, Accelerator = null, Model = null, Revisions = null }, third.Status with { Conditions = null, Accelerator = null, Model = null, Revisions = null });
    }

    [Fact]
    public void The_scale_subresource_finds_replicas_and_selector_in_the_status()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(), A10G));

        Assert.Equal("app.kubernetes.io/component=engine,llmops.dev/endpoint=twin", plan.Status.Selector);
        Assert.Equal(plan.Status.Selector, string.Join(',', plan.Deployment!.Spec!.Selector!.MatchLabels!.Select(label => $"{label.Key}={label.Value}")));
        Assert.Equal("http://twin.prod.svc/v1", plan.Status.Url);
    }

    private static EndpointPlan Continue(EndpointPlan before, EndpointObservation observed) =>
        EndpointPlanner.Plan(observed with { Endpoint = observed.Endpoint with { Status = before.Status } });

    private static void AssertCondition(EndpointPlan plan, string type, string status, string reason, string message)
    {
        var condition = plan.Status.Conditions.Find(type);
        Assert.NotNull(condition);
        Assert.Equal((status, reason), (condition.Status, condition.Reason));
        Assert.Contains(message, condition.Message);
        Assert.Equal(2, condition.ObservedGeneration);
    }
}
