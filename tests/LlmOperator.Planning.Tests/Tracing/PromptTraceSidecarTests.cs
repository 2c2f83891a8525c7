using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Tracing;

public sealed class PromptTraceSidecarTests
{
    private static readonly EndpointPlan Plain = Plan();

    [Theory]
    [InlineData("""{"type":"vLLM"}""", 8000, 8080)]
    [InlineData("""{"type":"vLLM","port":8080}""", 8080, 8081)]
    [InlineData("""{"type":"Custom","image":"i","port":8081}""", 8081, 8080)]
    public void The_sidecar_takes_a_port_beside_the_engines(string engine, int port, int served)
    {
        var plan = Plan("\"engine\":" + engine);

        Assert.Equal(served, Sidecar(plan)!.Ports!.Single(entry => entry.Name == "http").Port);
        Assert.Equal($"http://127.0.0.1:{port}", Configuration(plan)["engine"]!["url"]!.ToString());
        Assert.Equal("http", plan.Service!.Spec!.Ports!.Single().TargetPort!.Value.Text);
        Assert.All(Probes(plan), probe => Assert.Equal(served, probe!.HttpGet!.Port.Number));
        Assert.Equal([served], plan.NetworkPolicy!.Spec!.Ingress![0].Ports!.Select(entry => entry.Port!.Value.Number));
    }

    [Fact]
    public void The_metrics_port_gives_way_too_and_monitoring_alone_is_let_in_there()
    {
        var plan = Plan(""" "engine":{"port":9464} """);

        Assert.Equal(9465, Sidecar(plan)!.Ports!.Single(entry => entry.Name == "metrics").Port);
        var rule = plan.NetworkPolicy!.Spec!.Ingress!.Single(rule => rule.Ports!.Any(entry => entry.Port!.Value.Number == 9465));
        Assert.Equal("monitoring", rule.From!.Single().NamespaceSelector!.MatchLabels!["kubernetes.io/metadata.name"]);
    }

    [Theory]
    [InlineData("vLLM", null)]
    [InlineData("TGI", "HOSTNAME")]
    [InlineData("Custom", "HOST")]
    public void Behind_the_sidecar_the_engine_listens_on_loopback_and_alone_on_every_address(string type, string? variable)
    {
        var image = type == "Custom" ? ""","image":"i" """ : "";
        string? Host(string trace)
        {
            var engine = Plan($$""" "engine":{"type":"{{type}}"{{image}}},"promptTrace":{"enabled":{{trace}}} """).Deployment!.Spec!.Template!.Spec!.Containers!.Single();
            return variable is null ? engine.Args!.SkipWhile(argument => argument != "--host").ElementAtOrDefault(1) : engine.Env!.Single(entry => entry.Name == variable).Value;
        }

        Assert.Equal("127.0.0.1", Host("true"));
        Assert.Equal(variable is null ? null : "0.0.0.0", Host("false"));
    }

    [Fact]
    public void A_new_sidecar_alone_replaces_no_pods_unless_it_is_asked_for()
    {
        const string New = "registry/prompt-trace:2";
        var running = Plain.Deployment!;
        var before = Sidecar(Plain)!.Image;

        // The operator was upgraded: nothing of the Deployment changes.
        var upgraded = Again("", new() { PromptTraceImage = New });
        Assert.Equal(Text(running), Text(upgraded.Deployment!));

        // Nor at the upgrade after it.
        var twice = EndpointPlanner.Plan(Observed("") with { Deployment = upgraded.Deployment, DataPath = new() { PromptTraceImage = "registry/prompt-trace:3" } });
        Assert.Equal(before, Sidecar(twice)!.Image);

        // The endpoint's own next revision takes it, and so does an operator that is told to.
        Assert.Equal(New, Sidecar(Again(""" "engine":{"args":["--seed","7"]} """, new() { PromptTraceImage = New }))!.Image);
        Assert.Equal(New, Sidecar(Again("", new() { PromptTraceImage = New, ReplaceSidecars = true }))!.Image);

        EndpointPlan Again(string spec, DataPathOptions options) => EndpointPlanner.Plan(Observed(spec) with { Deployment = running, DataPath = options });
        static string Text(Deployment deployment) => System.Text.Json.JsonSerializer.Serialize(deployment, LlmOperator.Kubernetes.Json.KubeJson.Default.Deployment);
        static EndpointObservation Observed(string spec) =>
            Cluster.Observe(Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}{{(spec.Length > 0 ? "," + spec : "")}}}"""), Cluster.Model());
    }

    [Fact]
    public void Without_it_the_pod_is_the_engine_alone()
    {
        var plan = Plan(""" "promptTrace":{"enabled":false} """);
        var pod = plan.Deployment!.Spec!.Template!.Spec!;

        Assert.Null(plan.PromptTraceConfiguration);
        Assert.Null(pod.InitContainers);
        Assert.DoesNotContain(pod.Volumes!, volume => volume.Name.StartsWith("prompt-trace", StringComparison.Ordinal));
        Assert.Equal(("http", 8000), (pod.Containers![0].Ports!.Single().Name, pod.Containers[0].Ports!.Single().Port));
        Assert.Equal(75, pod.TerminationGracePeriodSeconds);
    }

    [Fact]
    public void Of_pods_that_share_a_copy_the_leader_alone_has_it()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":1},"parallelism":{"pipeline":2}}"""), Cluster.Model()) with { HasLeaderWorkerSets = true });
        var group = plan.LeaderWorkerSet!.Spec!.LeaderWorkerTemplate!;

        Assert.Contains(group.LeaderTemplate!.Spec!.InitContainers!, container => container.Name == "prompt-trace");
        Assert.Null(group.WorkerTemplate!.Spec!.InitContainers);
    }

    [Fact]
    public void Prompts_are_in_no_trace_unless_the_spec_says_so()
    {
        Assert.False((bool)Configuration(Plain)["trace"]!["captureContent"]!);
        Assert.False((bool)Configuration(Plan(""" "promptTrace":{} """))["trace"]!["captureContent"]!);
        Assert.True((bool)Configuration(Plan(""" "promptTrace":{"captureContent":true} """))["trace"]!["captureContent"]!);
    }

    [Fact]
    public void A_list_of_kinds_to_blot_out_is_passed_on_also_when_it_is_empty_and_all_are_when_there_is_none()
    {
        Assert.Null(Configuration(Plain)["trace"]!["redact"]);
        Assert.Empty(Configuration(Plan(""" "promptTrace":{"redact":[]} """))["trace"]!["redact"]!.AsArray());
    }

    [Fact]
    public void A_configuration_has_a_name_of_its_own_for_each_content_so_that_pods_of_another_revision_keep_theirs()
    {
        var other = Plan(""" "promptTrace":{"sampleRate":0.5} """);

        Assert.NotEqual(Plain.PromptTraceConfiguration!.Metadata.Name, other.PromptTraceConfiguration!.Metadata.Name);
        Assert.NotEqual(EndpointObjects.Revision(Plain.Deployment), EndpointObjects.Revision(other.Deployment));
        Assert.True(other.PromptTraceConfiguration.Immutable);
        Assert.Equal(other.PromptTraceConfiguration.Metadata.Name, other.Deployment!.Spec!.Template!.Spec!.Volumes!.Single(volume => volume.Name == "prompt-trace").ConfigMap!.Name);
    }

    [Fact]
    public void More_replicas_roll_no_pod() =>
        Assert.Equal(EndpointObjects.Revision(Plain.Deployment), EndpointObjects.Revision(Plan(""" "replicas":3,"networkPolicy":{"enabled":false} """).Deployment));

    [Fact]
    public void Secrets_reach_the_sidecar_by_reference_alone()
    {
        var plan = Plan(""" "promptTrace":{"exporters":[{"name":"a-b","url":"https://x","apiKeySecretRef":{"name":"s","key":"k"},"headersSecretRef":{"name":"h"}}]} """);
        var variables = Sidecar(plan)!.Env!;

        Assert.Equal(("s", "k"), Reference("EXPORTER_A_B_KEY"));
        Assert.Equal(("h", "token"), Reference("EXPORTER_A_B_HEADERS"));
        var exporter = Configuration(plan)["exporters"]!.AsArray().Single()!;
        Assert.Equal(("EXPORTER_A_B_KEY", "EXPORTER_A_B_HEADERS"), (exporter["apiKeyEnv"]!.ToString(), exporter["headersEnv"]!.ToString()));

        (string?, string?) Reference(string variable) => variables.Single(entry => entry.Name == variable).ValueFrom!.SecretKeyRef is { } found ? (found.Name, found.Key) : default;
    }

    [Fact]
    public void The_spool_has_room_for_every_exporter_and_the_policy_lets_out_to_each()
    {
        var plan = Plan(""" "promptTrace":{"exporters":[{"name":"a","url":"http://collector:4318"},{"name":"b","url":"https://langfuse.example","type":"Langfuse"}]} """);

        Assert.Equal("576Mi", Spool(plan));
        Assert.Equal("64Mi", Spool(Plain));
        Assert.Equal([53, 443, 4318], plan.NetworkPolicy!.Spec!.Egress!.SelectMany(rule => rule.Ports ?? []).Select(port => port.Port!.Value.Number!.Value).Distinct().Order());

        static string Spool(EndpointPlan plan) => plan.Deployment!.Spec!.Template!.Spec!.Volumes!.Single(volume => volume.Name == "prompt-trace-spool").EmptyDir!.SizeLimit.ToString()!;
    }

    [Fact]
    public void An_endpoint_that_names_no_exporter_sends_to_the_operators_receiver_and_one_that_does_not_there()
    {
        var options = new DataPathOptions { TraceEndpoint = new("http://collector.observability:4318"), PromptTraceImage = "registry/prompt-trace:9" };
        var plain = Plan(options: options);
        var own = Plan(""" "promptTrace":{"exporters":[{"name":"a","url":"http://mine:4318"}]} """, options);

        Assert.Equal("http://collector.observability:4318/", Configuration(plain)["exporters"]!.AsArray().Single()!["url"]!.ToString());
        Assert.Equal("http://mine:4318", Configuration(own)["exporters"]!.AsArray().Single()!["url"]!.ToString());
        Assert.Equal("registry/prompt-trace:9", Sidecar(plain)!.Image);
    }

    [Theory]
    [InlineData(""" "exporters":[{"name":"a","url":"http://:1"}] """, "spec.promptTrace.exporters[a].url is no address")]
    [InlineData(""" "exporters":[{"name":"a","url":"http://x:123456"}] """, "spec.promptTrace.exporters[a].url is no address")]
    [InlineData(""" "exporters":[{"name":"a","url":"http://x/?key=1"}] """, "spec.promptTrace.exporters[a].url must end with its path")]
    [InlineData(""" "redactPatterns":["fine","(a)\\1"] """, "spec.promptTrace.redactPatterns[1] is not an expression that can be matched in linear time")]
    [InlineData(""" "redactPatterns":["(?=a)"] """, "spec.promptTrace.redactPatterns[0]")]
    [InlineData(""" "redactPatterns":["[a"] """, "spec.promptTrace.redactPatterns[0]")]
    public void What_the_sidecar_would_not_start_with_is_told_and_nothing_is_touched(string trace, string problem)
    {
        var plan = Plan($$""" "promptTrace":{ {{trace}} } """);

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal("PromptTraceInvalid", ready.Reason);
        Assert.StartsWith(problem, ready.Message, StringComparison.Ordinal);
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void Pods_without_the_sidecar_are_let_in_to_until_they_are_replaced()
    {
        var without = Plan(""" "promptTrace":{"enabled":false} """);
        var observed = Cluster.Observe(Cluster.Endpoint(), Cluster.Model()) with { Deployment = Cluster.Running(without.Deployment!, ready: 1), NetworkPolicy = without.NetworkPolicy };

        var rolling = EndpointPlanner.Plan(observed);
        Assert.Equal([8080, 8000], Served(rolling));

        var done = EndpointPlanner.Plan(observed with { Deployment = Cluster.Running(rolling.Deployment!, ready: 1), NetworkPolicy = rolling.NetworkPolicy });
        Assert.Equal([8080], Served(done));
        Assert.True(done.ReplacesOther);

        static IEnumerable<int?> Served(EndpointPlan plan) => plan.NetworkPolicy!.Spec!.Ingress![0].Ports!.Select(port => port.Port!.Value.Number);
    }

    private static EndpointPlan Plan(string more = "\"replicas\":1", DataPathOptions? options = null) => EndpointPlanner.Plan(
        Cluster.Observe(Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},{{more}}}"""), Cluster.Model()) with { DataPath = options ?? new() });

    private static Container? Sidecar(EndpointPlan plan) => plan.Deployment!.Spec!.Template!.Spec!.InitContainers!.Single(container => container.Name == "prompt-trace");

    private static IEnumerable<Probe?> Probes(EndpointPlan plan) =>
        plan.Deployment!.Spec!.Template!.Spec!.Containers!.Take(1).SelectMany(engine => new[] { engine.StartupProbe, engine.ReadinessProbe, engine.LivenessProbe });

    private static JsonNode Configuration(EndpointPlan plan) => JsonNode.Parse(plan.PromptTraceConfiguration!.Data!["config.json"])!;
}
