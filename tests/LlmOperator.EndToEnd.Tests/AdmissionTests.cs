using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>What people see of the validating webhook: the real kubectl, the sandbox's API server, the operator's webhook over TLS.</summary>
public sealed class AdmissionTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string Model = """
        apiVersion: llmops.dev/v1alpha1
        kind: LlmModel
        metadata:
          name: m
        spec:
          source:
            huggingFace:
              repo: mlabonne/TwinLlama-3.1-8B-DPO
          quantization: bitsandbytes
          limits:
            maxTotalTokens: 4096
          card:
            license: cc-by-nc-4.0
            commercialUse: false
        """;

    private const string Endpoint = """
        apiVersion: llmops.dev/v1alpha1
        kind: LlmEndpoint
        metadata:
          name: e
        spec:
          modelRef:
            name: m
          accelerator:
            type: A10G
        """;

    private const string Commercial = Endpoint + "\n  usage: Commercial";

    private readonly Kubectl _kubectl = sandbox.Kubectl;

    [Theory]
    [InlineData("")]
    [InlineData(" --dry-run=server")]
    [InlineData(" --server-side")]
    public async Task Bad_input_is_refused_at_apply_with_all_that_is_wrong(string how)
    {
        var ns = await sandbox.NamespaceAsync();
        var wrong = Endpoint.Replace("A10G", "Z9", StringComparison.Ordinal) + "\n  rollout:\n    maxSurge: 0\n    maxUnavailable: 0";

        var refused = await _kubectl.TryAsync($"apply -n {ns}{how} -f -", wrong);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("LlmEndpoint \"e\" is invalid", refused.Error);
        Assert.Contains("spec.accelerator.type: Unsupported value: \"Z9\": spec.accelerator.type \"Z9\" is not in the accelerator catalogue: use one of ", refused.Error);
        Assert.Contains("spec.rollout.maxUnavailable: Invalid value: 0: with spec.rollout.maxSurge and spec.rollout.maxUnavailable both 0", refused.Error);
        Assert.Contains("NotFound", (await _kubectl.TryAsync($"get -n {ns} llmendpoint e")).Error);
    }

    [Theory]
    [InlineData("\n  scheduling:\n    nodeSelector:\n      zone: \"not a label\"", "spec.scheduling.nodeSelector: Invalid value: the API server refuses the Deployment made from it: spec.template.spec.nodeSelector")]
    [InlineData("\n  podTemplate:\n    spec:\n      containers:\n      - name: engine\n        volumeMounts:\n        - name: nowhere\n          mountPath: /x", "spec.podTemplate: Invalid value: the API server refuses the Deployment made from it: spec.template.spec.containers[0].volumeMounts")]
    [InlineData("\n  engine:\n    image: Not An Image", "spec.engine.image: Invalid value: \"Not An Image\": spec.engine.image is no name of an image")]
    [InlineData("\n  engine:\n    args: [--max-model-len, long]", "spec.engine.args: Forbidden: spec.engine.args gives --max-model-len no number")]
    public async Task A_dry_run_tells_what_would_go_wrong_later(string fields, string wanted)
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"apply -n {ns} -f -", Model);

        var refused = await _kubectl.TryAsync($"apply -n {ns} --dry-run=server -f -", Endpoint + fields);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(wanted, refused.Error);
        Assert.Equal(0, (await _kubectl.TryAsync($"apply -n {ns} --dry-run=server -f -", Endpoint)).ExitCode);
        Assert.DoesNotContain("trial", await _kubectl.RunAsync($"get -n {ns} deployments,services,networkpolicies,poddisruptionbudgets -o name"));
    }

    [Fact]
    public async Task A_model_and_its_endpoint_applied_in_one_file_are_judged_together()
    {
        var ns = await sandbox.NamespaceAsync();

        var refused = await _kubectl.TryAsync($"apply -n {ns} -f -", $"{Model}\n---\n{Commercial}");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("llmmodel.llmops.dev/m created", refused.Output);
        Assert.Contains("spec.usage: Invalid value: \"Commercial\": spec.usage is Commercial and the licence of LlmModel m does not allow that", refused.Error);
    }

    [Fact]
    public async Task An_endpoint_before_its_model_is_applied_with_a_warning()
    {
        var ns = await sandbox.NamespaceAsync();

        var early = await _kubectl.TryAsync($"apply -n {ns} -f -", Endpoint);

        Assert.Equal((0, "llmendpoint.llmops.dev/e created\n"), (early.ExitCode, early.Output));
        Assert.Contains("Warning: there is no LlmModel m in this namespace yet: nothing runs until it is created", early.Error);
        Assert.Equal("", (await _kubectl.TryAsync($"apply -n {ns} -f -", Model)).Error);
    }

    [Fact]
    public async Task A_mark_set_later_is_allowed_with_a_warning_and_shown_by_the_condition_and_other_edits_still_pass()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"apply -n {ns} -f -", Model.Replace("commercialUse: false", "commercialUse: true", StringComparison.Ordinal));
        await _kubectl.RunAsync($"apply -n {ns} -f -", Commercial);

        var marked = await _kubectl.TryAsync($"apply -n {ns} -f -", Model);

        Assert.Equal(0, marked.ExitCode);
        Assert.Contains("Warning: LlmEndpoint e cannot be followed with it: spec.usage is Commercial", marked.Error);
        await _kubectl.RunAsync($"wait -n {ns} llmendpoint e --timeout=60s --for=jsonpath={{.status.conditions[?(@.type==\"Ready\")].reason}}=LicenceForbids");
        Assert.Equal(0, (await _kubectl.TryAsync($"patch -n {ns} llmendpoint e --type=merge -p {{\"spec\":{{\"replicas\":2}}}}")).ExitCode);
        await _kubectl.RunAsync($"scale -n {ns} llmendpoint e --replicas=1");
        await _kubectl.RunAsync($"label -n {ns} llmendpoint e a=b");
    }

    [Fact]
    public async Task Deleting_a_model_in_use_warns_and_names_who_uses_it()
    {
        var ns = await sandbox.NamespaceAsync();
        await _kubectl.RunAsync($"apply -n {ns} -f -", $"{Model}\n---\n{Endpoint}");
        await _kubectl.RunAsync($"wait -n {ns} llmmodel m --timeout=60s --for=jsonpath={{.status.usedBy[0]}}=e");

        // A deletion does not depend on the webhook: where that does not answer in time there is no warning, and the question can be put again.
        var deleted = await _kubectl.TryAsync($"delete -n {ns} llmmodel m --wait=false");
        for (var attempt = 1; attempt < 5 && deleted is { ExitCode: 0, Error: "" }; attempt++)
        {
            deleted = await _kubectl.TryAsync($"delete -n {ns} llmmodel m --wait=false");
        }

        Assert.Equal(0, deleted.ExitCode);
        Assert.Contains("Warning: deletion waits for 1 LlmEndpoint that serve this model: e; delete them or change their spec.modelRef", deleted.Error);
        await _kubectl.RunAsync($"delete -n {ns} llmendpoint e");
        await _kubectl.RunAsync($"wait -n {ns} llmmodel m --for=delete --timeout=60s");
    }

    [Fact]
    public async Task Namespaces_of_the_cluster_itself_are_not_asked_about()
    {
        Kubectl.SkipUnlessInstalled();

        Assert.Equal(0, (await _kubectl.TryAsync("apply -n kube-public --dry-run=server -f -", Endpoint.Replace("A10G", "Z9", StringComparison.Ordinal))).ExitCode);
    }
}
