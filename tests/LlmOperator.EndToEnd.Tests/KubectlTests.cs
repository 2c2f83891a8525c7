using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>The real kubectl against the sandbox, as a newcomer would use it.</summary>
public sealed class KubectlTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string ConfigMap = """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          colour: red
          size: small
        """;

    private readonly Kubectl _kubectl = sandbox.Kubectl;

    [Fact]
    public async Task Apply_creates_then_leaves_alone_then_changes_and_removes_fields()
    {
        var ns = await sandbox.NamespaceAsync();

        Assert.Equal("configmap/settings created\n", await _kubectl.RunAsync($"apply -n {ns} -f -", ConfigMap));
        Assert.Equal("configmap/settings unchanged\n", await _kubectl.RunAsync($"apply -n {ns} -f -", ConfigMap));
        Assert.Equal("configmap/settings configured\n", await _kubectl.RunAsync($"apply -n {ns} -f -", ConfigMap.Replace("  size: small", "  shape: round", StringComparison.Ordinal)));
        Assert.Equal("""{"colour":"red","shape":"round"}""", await _kubectl.RunAsync($"get -n {ns} configmap settings -o jsonpath={{.data}}"));
    }

    [Fact]
    public async Task Server_side_apply_tells_of_a_conflict_and_takes_over_when_forced()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"apply -n {ns} --server-side --field-manager=one -f -", ConfigMap);
        var other = ConfigMap.Replace("red", "blue", StringComparison.Ordinal);

        var refused = await _kubectl.TryAsync($"apply -n {ns} --server-side --field-manager=two -f -", other);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("conflict with \"one\": .data.colour", refused.Error);

        Assert.Equal("configmap/settings serverside-applied\n", await _kubectl.RunAsync($"apply -n {ns} --server-side --field-manager=two --force-conflicts -f -", other));
        Assert.Equal("blue", await _kubectl.RunAsync($"get -n {ns} configmap settings -o jsonpath={{.data.colour}}"));
    }

    [Fact]
    public async Task Diff_shows_the_lines_that_would_change()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"apply -n {ns} -f -", ConfigMap);

        Assert.Equal(0, (await _kubectl.TryAsync($"diff -n {ns} -f -", ConfigMap)).ExitCode);
        var differs = await _kubectl.TryAsync($"diff -n {ns} -f -", ConfigMap.Replace("red", "green", StringComparison.Ordinal));
        Assert.Equal(1, differs.ExitCode);
        Assert.Contains("-  colour: red\n+  colour: green", differs.Output);
    }

    [Fact]
    public async Task Create_edit_patch_replace_label_annotate_and_delete_work_on_any_kind()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"create -n {ns} configmap settings --from-literal=colour=red");
        var refused = await _kubectl.TryAsync($"create -n {ns} configmap settings --from-literal=colour=red");
        Assert.Contains("configmaps \"settings\" already exists", refused.Error);

        _kubectl.Environment["KUBE_EDITOR"] = "sed -i s/red/blue/";
        Assert.Equal("configmap/settings edited\n", await _kubectl.RunAsync($"edit -n {ns} configmap settings"));
        await _kubectl.RunAsync($"patch -n {ns} configmap settings --type=merge -p '{{\"data\":{{\"size\":\"big\"}}}}'");
        await _kubectl.RunAsync($"patch -n {ns} configmap settings --type=json -p '[{{\"op\":\"add\",\"path\":\"/data/shape\",\"value\":\"round\"}}]'");
        await _kubectl.RunAsync($"label -n {ns} configmap settings tier=gold");
        await _kubectl.RunAsync($"annotate -n {ns} configmap settings note='two words'");
        Assert.Equal(
            """{"colour":"blue","shape":"round","size":"big"} gold two words""",
            await _kubectl.RunAsync($"get -n {ns} configmap -l tier=gold -o 'jsonpath={{.items[0].data}} {{.items[0].metadata.labels.tier}} {{.items[0].metadata.annotations.note}}'"));

        await _kubectl.RunAsync($"replace -n {ns} -f -", ConfigMap);
        Assert.Equal("small", await _kubectl.RunAsync($"get -n {ns} configmap settings -o jsonpath={{.data.size}}"));
        Assert.Equal($"configmap \"settings\" deleted\n", await _kubectl.RunAsync($"delete -n {ns} configmap settings"));
        Assert.Contains("(NotFound)", (await _kubectl.TryAsync($"get -n {ns} configmap settings")).Error);
    }

    [Fact]
    public async Task Unknown_fields_are_refused_with_their_path()
    {
        var ns = await sandbox.NamespaceAsync();

        var refused = await _kubectl.TryAsync($"apply -n {ns} -f -", """
            apiVersion: llmops.dev/v1alpha1
            kind: LlmEndpoint
            metadata:
              name: wrong
            spec:
              modelRef: { name: m }
              accelerater: { type: A10G }
            """);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("unknown field \"spec.accelerater\"", refused.Error);
    }

    [Fact]
    public async Task Get_prints_tables_objects_columns_and_watches()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"apply -n {ns} -f -", ConfigMap);

        Assert.StartsWith("NAME       DATA   AGE", await _kubectl.RunAsync($"get -n {ns} configmap settings"));
        Assert.Contains("colour: red", await _kubectl.RunAsync($"get -n {ns} configmap settings -o yaml"));
        Assert.Contains("\"colour\": \"red\"", await _kubectl.RunAsync($"get -n {ns} configmap settings -o json"));
        Assert.Equal("N          C\nsettings   red\n", await _kubectl.RunAsync($"get -n {ns} configmap settings -o custom-columns=N:.metadata.name,C:.data.colour"));
        Assert.Contains("INTERNAL-IP", await _kubectl.RunAsync("get nodes -o wide"));

        var line = await _kubectl.UntilLineAsync(
            $"get -n {ns} configmap -w --no-headers",
            line => line.StartsWith("later", StringComparison.Ordinal),
            () => _kubectl.RunAsync($"create -n {ns} configmap later --from-literal=a=b"));
        Assert.StartsWith("later", line);
    }

    [Fact]
    public async Task Explain_and_api_resources_know_the_three_kinds()
    {
        Kubectl.SkipUnlessInstalled();

        var fields = await _kubectl.RunAsync("explain llmendpoint.spec --recursive");
        Assert.Contains("accelerator\t<Object>", fields);
        Assert.Contains("tensor\t<integer>", fields);
        Assert.Contains("DESCRIPTION:", await _kubectl.RunAsync("explain deployment.spec.strategy"));
        var resources = await _kubectl.RunAsync("api-resources --api-group=llmops.dev");
        Assert.Contains("llme", resources);
        Assert.Contains("ragindexes", resources);
        Assert.Equal("yes\n", await _kubectl.RunAsync("auth can-i create llmendpoints"));
    }

    [Fact]
    public async Task A_deployment_rolls_forth_and_back_and_scales()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"create -n {ns} deployment web --image=nginx:1 --replicas=2");
        Assert.Contains("successfully rolled out", await _kubectl.RunAsync($"rollout -n {ns} status deployment web --timeout=60s"));
        await _kubectl.RunAsync($"set -n {ns} image deployment/web nginx=nginx:2");
        await _kubectl.RunAsync($"rollout -n {ns} status deployment web --timeout=60s");
        Assert.Contains("2         <none>", await _kubectl.RunAsync($"rollout -n {ns} history deployment web"));
        await _kubectl.RunAsync($"rollout -n {ns} undo deployment web");
        await _kubectl.RunAsync($"rollout -n {ns} status deployment web --timeout=60s");
        Assert.Equal("nginx:1", await _kubectl.RunAsync($"get -n {ns} deployment web -o jsonpath={{.spec.template.spec.containers[0].image}}"));

        await _kubectl.RunAsync($"scale -n {ns} deployment web --replicas=3");
        await _kubectl.RunAsync($"wait -n {ns} deployment web --for=jsonpath={{.status.readyReplicas}}=3 --timeout=60s");
        var pod = await _kubectl.RunAsync($"get -n {ns} pods -o jsonpath={{.items[0].metadata.name}}");
        Assert.NotEmpty(await _kubectl.RunAsync($"logs -n {ns} {pod}"));
        Assert.Contains("Scheduled", await _kubectl.RunAsync($"describe -n {ns} pod {pod}"));
        Assert.Contains("ScalingReplicaSet", await _kubectl.RunAsync($"events -n {ns}"));
    }

    [Fact]
    public async Task A_model_and_an_endpoint_become_ready_on_an_a10g_node_and_go_without_a_trace()
    {
        var ns = await sandbox.NamespaceAsync();
        var samples = Path.Combine(Testing.SharedData.RepositoryRoot, "config", "samples");
        await _kubectl.RunAsync($"apply -n {ns} -f {samples}/llmmodel-twin-8b.yaml -f {samples}/llmendpoint-twin-8b.yaml");
        await _kubectl.RunAsync($"wait -n {ns} --for=condition=Ready llmendpoint/twin-8b --timeout=60s");

        var pods = await _kubectl.RunAsync($"get -n {ns} pods -o custom-columns=NODE:.spec.nodeName,GPUS:.spec.containers[0].resources.limits --no-headers");
        Assert.Contains("a10g", pods);
        Assert.Contains("nvidia.com/gpu:1", pods);
        var columns = await _kubectl.RunAsync($"get -n {ns} llme");
        Assert.Matches("NAME +MODEL +ACCELERATOR +READY", columns);
        Assert.Contains("1/1", columns);
        var described = await _kubectl.RunAsync($"describe -n {ns} llmendpoint twin-8b");
        Assert.Contains("Type:", described);
        Assert.Contains("Events:", described);

        await _kubectl.RunAsync($"scale -n {ns} llmendpoint twin-8b --replicas=2");
        await _kubectl.RunAsync($"wait -n {ns} llmendpoint twin-8b --for=jsonpath={{.status.ready}}=2/2 --timeout=60s");

        await _kubectl.RunAsync($"delete -n {ns} llmendpoint/twin-8b llmmodel/twin-llama-3.1-8b --timeout=60s");
        await _kubectl.RunAsync($"wait -n {ns} --for=delete pods --all --timeout=60s");
        Assert.Equal("", await _kubectl.RunAsync($"get -n {ns} deployments,services,pods -o name"));
    }

    [Fact]
    public async Task A_namespace_with_an_endpoint_in_it_empties_itself()
    {
        var ns = await sandbox.NamespaceAsync();
        var samples = Path.Combine(Testing.SharedData.RepositoryRoot, "config", "samples");
        await _kubectl.RunAsync($"apply -n {ns} -f {samples}/llmmodel-twin-8b.yaml -f {samples}/llmendpoint-twin-8b.yaml");
        await _kubectl.RunAsync($"wait -n {ns} --for=condition=Ready llmendpoint/twin-8b --timeout=60s");

        await _kubectl.RunAsync($"delete namespace {ns} --timeout=60s");

        Assert.Contains("(NotFound)", (await _kubectl.TryAsync($"get namespace {ns}")).Error);
    }
}
