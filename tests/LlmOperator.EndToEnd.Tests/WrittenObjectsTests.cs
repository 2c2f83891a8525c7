using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Cli;
using LlmOperator.Planning.Tests.Engines;
using LlmOperator.Planning.Tests.Objects;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.StandIns.Hub;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>All that the operator sends to the API server over many endpoints, as it is on the wire, held against the schemas of the kinds.</summary>
public sealed class WrittenObjectsTests
{
    private const string Groups = "crds/leaderworkerset.x-k8s.io_leaderworkersets.yaml";

    private static readonly ResourceName Models = new("llmops.dev", "llmmodels");
    private static readonly ResourceName Endpoints = new("llmops.dev", "llmendpoints");

    /// <summary>What is made of endpoints and models, and what tells of them.</summary>
    private static readonly string[] Kinds =
    [
        "ConfigMap", "Deployment", "Event", "Job", "LeaderWorkerSet", "LlmEndpoint", "LlmModel", "NetworkPolicy", "PersistentVolumeClaim", "PodDisruptionBudget", "Role", "RoleBinding", "Service",
         "ServiceAccount", "ValidatingWebhookConfiguration",
    ];

    [Fact]
    public async Task Every_object_sent_is_valid_against_the_schema_of_its_kind()
    {
        var schemas = ObjectSchemas.Load(CustomResourceDefinitions.Embedded().Select(file => file.Yaml));
        Assert.SkipWhen(schemas is null, "the contract data (kubernetes-openapi.json, crds) is not beside this checkout");
        Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
        await using var whole = await WholeOperator.StartAsync(definitions: Manifest.Read(SharedData.Contract(Groups)!));
        Publish(whole.Hub);

        foreach (var known in EngineCases.All)
        {
            await whole.ApplyAsync(Case(known.Name, Reachable(known.Model), known.Endpoint));
        }

        const string Cached = """{"source":{"huggingFace":{"repo":"org/model"}},"quantization":"bitsandbytes","limits":{"maxTotalTokens":4096},"cache":{"size":"40Gi"}}""";
        await whole.ApplyAsync(Case("cached", Cached, """{"modelRef":{"name":"m"},"accelerator":{"type":"auto"},"rollout":{"maxSurge":0}}"""));
        await whole.ApplyAsync(Case("absent", """{"source":{"huggingFace":{"repo":"org/absent"}}}""", """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}"""));

        foreach (var name in EngineCases.All.Select(known => known.Name).Append("cached"))
        {
            await whole.UntilAsync(
                () => whole.Get(new("apps", "deployments"), "e", name) is not null || whole.Get(new("leaderworkerset.x-k8s.io", "leaderworkersets"), "e-nodes", name) is not null,
                () => $"{name} is not served: {whole.Get(Endpoints, "e", name)?["status"]?.ToJsonString()} {whole.Get(Models, "m", name)?["status"]?.ToJsonString()}");
            await whole.UntilAsync(() => whole.Get(new("apps", "deployments"), "llm-gateway", name) is not null, () => $"{name} has no gateway");
        }

        // Objects go, too, and what told of them tells of that.
        foreach (var name in new[] { "cached", "vllm-several-nodes", "vllm-adapters" })
        {
            whole.Cluster.Objects.Delete(new(Endpoints, name, "e"));
            await whole.UntilAsync(() => whole.Get(new("apps", "deployments"), "llm-gateway", name) is null, () => $"the gateway of {name} is still there");
        }

        foreach (var kind in Kinds)
        {
            await whole.UntilAsync(() => whole.Sent.All.Any(sent => sent.Body.Contains($"\"kind\":\"{kind}\"", StringComparison.Ordinal)), () => $"no {kind} was sent");
        }

        var sent = whole.Sent.All.Where(request => request.Method is "POST" or "PUT" || request.Type == "application/apply-patch+yaml").ToList();
        var objects = sent.Select(request => (request.Address.AbsolutePath, Object: JsonNode.Parse(request.Body)!.AsObject())).ToList();
        Assert.Empty(objects.SelectMany(written => schemas!.Problems(written.Object).Select(problem => $"{written.AbsolutePath} {written.Object["kind"]}: {problem}")).Distinct());
    }

    /// <summary>The planner bears with a path that admission refuses, and nobody answers for an adapter in a registry of images.</summary>
    private static string Reachable(string model) => model
        .Replace("\"/twin\"", "\"twin\"", StringComparison.Ordinal)
        .Replace("""{"oci":{"image":"registry/tone:1","pullSecretRef":{"name":"pull"}}}""", """{"pvc":{"claimName":"adapters","path":"tone"}}""", StringComparison.Ordinal);

    /// <summary>A namespace with a model and an endpoint, and the volumes and Secrets they may name.</summary>
    private static string Case(string name, string model, string endpoint) => string.Join(
        "\n---\n",
        Text("v1", "Namespace", name, null),
        Claim("weights"),
        Claim("adapters"),
        Text("llmops.dev/v1alpha1", "LlmModel", "m", name, model),
        Text("llmops.dev/v1alpha1", "LlmEndpoint", "e", name, endpoint),
        Secret("hf", """{"token":"hf_abc"}"""),
        Secret("aws", """{"AWS_ACCESS_KEY_ID":"id","AWS_SECRET_ACCESS_KEY":"key"}"""),
        Secret("pull", """{".dockerconfigjson":"{}"}"""))
        .Replace("NAMESPACE", name, StringComparison.Ordinal);

    private static string Secret(string name, string data) => $$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"{{name}}","namespace":"NAMESPACE"},"stringData":{{data}}}""";

    private static string Claim(string name) => Text("v1", "PersistentVolumeClaim", name, "NAMESPACE", """{"accessModes":["ReadWriteMany"],"resources":{"requests":{"storage":"100Gi"}}}""");

    private static string Text(string version, string kind, string name, string? ns, string? spec = null)
    {
        var text = new JsonObject { ["apiVersion"] = version, ["kind"] = kind };
        if (spec is not null)
        {
            text["spec"] = JsonNode.Parse(spec);
        }

        text["metadata"] = ns is null ? new JsonObject { ["name"] = name } : new JsonObject { ["namespace"] = ns, ["name"] = name };
        return text.ToJsonString();
    }

    /// <summary>The repositories that the cases name.</summary>
    private static void Publish(HubStandIn hub)
    {
        const string Config = """{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"torch_dtype":"bfloat16","max_position_embeddings":4096}""";
        foreach (var name in new[] { "org/model", "org/awq", "org/reranker", "BAAI/bge-m3" })
        {
            hub.Repository(name).Commit("main", HubFile.Text("config.json", Config), new HubFile("model.safetensors", 16_060_522_496));
            hub.Repository(name).Tag("v1");
        }

        hub.Repository("org/model-GGUF").Commit("main", HubFile.Text("config.json", Config), new HubFile("model-Q4_K_M.gguf", 4_920_739_232));
        hub.Repository("org/sql-lora").Commit("abc123", HubFile.Text("adapter_config.json", """{"r":12,"peft_type":"LORA"}"""), new HubFile("adapter_model.safetensors", 100_000_000));
        hub.Repository("org/sql-lora").Commit("main", HubFile.Text("adapter_config.json", """{"r":12,"peft_type":"LORA"}"""), new HubFile("adapter_model.safetensors", 100_000_000));
        hub.AddToken("hf_abc", "tester");
    }
}
