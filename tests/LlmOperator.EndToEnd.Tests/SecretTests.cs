using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Cli;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.StandIns.Engine;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>Secrets are given by reference and stay where they are: whatever registries, collectors and engines make of them, nothing that the operator writes, logs or counts holds one.</summary>
public sealed class SecretTests
{
    private const string HubToken = "hf_PlantedHubToken0DoNotShow123456789";
    private const string KeyId = "AKIAPLANTEDKEYID0001";
    private const string SecretKey = "PlantedAwsSecret/DoNotShow+0123456789abc";
    private const string Session = "PlantedAwsSession/DoNotShow+0123456789abcdef==";
    private const string DockerPassword = "planted-docker-password-1";
    private const string ExporterKey = "planted-exporter-key-22";
    private const string ExporterHeader = "planted-exporter-header-333";
    private const string EngineSecret = "planted-engine-password-4444";
    private const string GatewayKey = "planted-gateway-key-55555";

    private static readonly ResourceName Models = new("llmops.dev", "llmmodels");
    private static readonly ResourceName Endpoints = new("llmops.dev", "llmendpoints");
    private static readonly ResourceName Pods = new("", "pods");
    private static readonly ResourceName Secrets = new("", "secrets");

    private static readonly string[] Planted = [HubToken, KeyId, SecretKey, Session, DockerPassword, ExporterKey, ExporterHeader, EngineSecret, GatewayKey];

    /// <summary>The secrets as they are, and in the forms in which they are shown and kept.</summary>
    private static IEnumerable<string> Forms => Planted
        .SelectMany(secret => new[] { secret, Base64(secret), Uri.EscapeDataString(secret), secret.Replace("+", "\\u002B", StringComparison.Ordinal) })
        .Concat([Base64($"robot:{DockerPassword}"), Base64($"pk:{ExporterKey}"), Base64(DockerConfig(0))[..40]])
        .Distinct();

    [Fact]
    public async Task No_planted_secret_occurs_in_anything_the_operator_writes()
    {
        await using var echo = await EchoServer.StartAsync();
        await using var whole = await WholeOperator.StartAsync(kubeconfig => [SidecarHost.Registration, GatewayHost.Registration(kubeconfig), .. EngineStandIn.Hosts]);
        whole.Hub.AddToken(HubToken, "planted");
        whole.Hub.Repository("meta-llama/Llama-3.1-8B-Instruct").Readers.Add("planted");
        await whole.ApplyAsync(Credentials(echo.Port));

        // Models that are refused in every way, by registries that repeat what they were shown, and one that is had.
        await whole.ApplyAsync(Model("gated", """{"huggingFace":{"repo":"meta-llama/Llama-3.1-8B-Instruct","tokenSecretRef":{"name":"hub"}}}""", """,quantization: bitsandbytes, limits: {maxTotalTokens: 4096}, cache: {size: 40Gi}"""));
        foreach (var status in new[] { "200", "401", "403", "404" })
        {
            await ApplyEchoedAsync(whole, echo.Port, status);
        }

        await whole.ApplyAsync(Model("badly-named", """{"huggingFace":{"repo":"meta-llama/Llama-3.1-8B-Instruct","tokenSecretRef":{"name":"aws","key":"AWS_SECRET_ACCESS_KEY"}}}"""));
        await whole.ApplyAsync(Endpoint("gated", $$"""
            ,
              engine: {env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: engine, key: password} } }]},
              promptTrace: {captureContent: true, exporters: [
                {name: otlp, url: "http://127.0.0.1:{{echo.Port}}/401", apiKeySecretRef: {name: exporter, key: apiKey}, headersSecretRef: {name: exporter, key: headers} },
                {name: opik, type: Opik, url: "http://127.0.0.1:{{echo.Port}}/500", apiKeySecretRef: {name: exporter, key: apiKey} },
                {name: langfuse, type: Langfuse, url: "http://127.0.0.1:{{echo.Port}}/403", apiKeySecretRef: {name: exporter, key: langfuse} }]}
            """));
        await whole.ApplyAsync(Model("plain", """{"huggingFace":{"repo":"mlabonne/TwinLlama-3.1-8B-DPO","tokenSecretRef":{"name":"hub"}}}""", ",quantization: bitsandbytes, limits: {maxTotalTokens: 4096}"));
        foreach (var (name, _) in CrashLogs)
        {
            await whole.ApplyAsync(Endpoint(name, ", engine: {type: Custom, image: \"registry/crashes:1\", command: [/server], port: 9000}, promptTrace: {enabled: false}", "plain"));
        }

        await EveryModelIsToldAsync(whole);

        // Who asks for patience or is broken is left alone for a while, whatever else it has.
        foreach (var (status, reason) in new[] { ("500", "RegistryUnavailable"), ("429", "RateLimited") })
        {
            await using var worse = await EchoServer.StartAsync();
            await whole.ApplyAsync(Secret("pull", (".dockerconfigjson", DockerConfig(worse.Port))));
            await ApplyEchoedAsync(whole, worse.Port, status);
            await whole.ReasonAsync(Models, $"oci-{status}", "RegistryReachable", reason);
            await whole.ReasonAsync(Models, $"hub-{status}", "RegistryReachable", reason);
            await whole.ReasonAsync(Models, $"s3-{status}", "RegistryReachable", reason);
        }

        await whole.ReasonAsync(Endpoints, "gated", "Ready", "Serving");
        await CrashAsync(whole);
        await RequestsAsync(whole);

        // They were shown to those they are for: a test that plants nothing finds nothing.
        foreach (var secret in new[] { HubToken, KeyId, Session, Base64($"robot:{DockerPassword}"), ExporterKey, ExporterHeader, Base64($"pk:{ExporterKey}") })
        {
            await echo.ShownAsync(secret, whole.Guard);
        }

        var places = await PlacesAsync(whole);
        Assert.All(Planted.Except([DockerPassword, ExporterHeader]), secret => Assert.Contains(whole.Cluster.Objects.List(Secrets), kept => kept.ToJsonString().Contains(Base64(secret).Replace("+", "\\u002B", StringComparison.Ordinal), StringComparison.Ordinal)));
        Assert.Contains(places, place => place.Where.StartsWith("events/", StringComparison.Ordinal));
        Assert.Contains(places, place => place.Where.StartsWith("configmaps/", StringComparison.Ordinal));
        Assert.Contains(places, place => place.Where == "log" && place.Text.Contains("Starting", StringComparison.Ordinal));
        Assert.Contains(places, place => place.Where == "metrics" && place.Text.Contains("llm_operator", StringComparison.Ordinal));
        Assert.Contains("llm_operator_registry_requests_total{registry=\"HuggingFace\",result=\"InvalidToken\"}", places.Single(place => place.Where == "metrics").Text);
        Assert.Contains("llm_operator_registry_request_duration_seconds_count{registry=\"OCI\"}", places.Single(place => place.Where == "metrics").Text);
        Assert.Empty(places.SelectMany(place => Forms.Where(form => place.Text.Contains(form, StringComparison.Ordinal)).Select(form => $"{place.Where}: {form} in …{Around(place.Text, form)}…")));
    }

    /// <summary>Ends of logs as engines and their libraries write them, with what must not be shown.</summary>
    private static IReadOnlyList<(string Name, string Log)> CrashLogs { get; } =
    [
        ("crash-token", $"loading\nhuggingface_hub.errors.GatedRepoError: 401 Client Error: Unauthorized for url https://user:{HubToken}@huggingface.co/api (token={HubToken})\nAuthorization: Bearer {ExporterKey}"),
        ("crash-keys", $"AWS_ACCESS_KEY_ID={KeyId} AWS_SECRET_ACCESS_KEY={SecretKey} AWS_SESSION_TOKEN={Session}\nbotocore.exceptions.ClientError: An error occurred (403) when calling HeadObject"),
        ("crash-config", $"{DockerConfig(1)}\n'PASSWORD': '{EngineSecret}'\nOTEL_EXPORTER_OTLP_HEADERS=x-api-key={ExporterHeader}\nhttps://robot:{DockerPassword}@registry/v2/"),
        ("crash-basic", $"Authorization: Basic {Base64($"robot:{DockerPassword}")}\nproxy_password: {DockerPassword}\n{Base64(HubToken)}\nValueError: --api-key {GatewayKey} is not allowed"),
    ];

    /// <summary>Models and endpoints of registries that answer with a status.</summary>
    private static async Task ApplyEchoedAsync(WholeOperator whole, int port, string status)
    {
        await whole.ApplyAsync(Model($"hub-{status}", $$$$"""{"huggingFace":{"repo":"{{{{status}}}}/model","endpoint":"http://127.0.0.1:{{{{port}}}}","tokenSecretRef":{"name":"hub"}}}"""));
        await whole.ApplyAsync(Model($"s3-{status}", $$$$"""{"s3":{"bucket":"answers-{{{{status}}}}","prefix":"m","endpoint":"http://127.0.0.1:{{{{port}}}}","region":"eu-central-1","credentialsSecretRef":{"name":"aws"}}}"""));
        await whole.ApplyAsync(Model($"oci-{status}", $$$$"""{"oci":{"image":"127.0.0.1:{{{{port}}}}/{{{{status}}}}/model:1","pullSecretRef":{"name":"pull"}}}"""));
        await whole.ApplyAsync(Endpoint($"hub-{status}") + Endpoint($"s3-{status}") + Endpoint($"oci-{status}"));
    }

    private static async Task EveryModelIsToldAsync(WholeOperator whole)
    {
        foreach (var model in whole.Cluster.Objects.List(Models))
        {
            var name = model["metadata"]!["name"]!.GetValue<string>();
            await whole.UntilAsync(() => whole.Condition(Models, name, "RegistryReachable") is not null, () => $"{name} was not looked at");
        }

        await whole.ReasonAsync(Models, "hub-401", "RegistryReachable", "InvalidToken");
        await whole.ReasonAsync(Models, "hub-403", "RegistryReachable", "AccessDenied");
        await whole.ReasonAsync(Models, "s3-401", "RegistryReachable", "InvalidToken");
        await whole.ReasonAsync(Models, "s3-403", "RegistryReachable", "AccessDenied");
        await whole.ReasonAsync(Models, "oci-403", "RegistryReachable", "AccessDenied");
    }

    /// <summary>The logs are put in front of the kubelet by annotations of pods, which are therefore not looked at below.</summary>
    private static async Task CrashAsync(WholeOperator whole)
    {
        foreach (var (name, log) in CrashLogs)
        {
            JsonObject? Pod() => whole.Cluster.Objects.List(Pods, "default").FirstOrDefault(pod => pod["metadata"]!["labels"]?["llmops.dev/endpoint"]?.GetValue<string>() == name);
            await whole.UntilAsync(() => Pod() is not null, () => $"{name} has no pod");
            whole.Cluster.Objects.Update(
                new(Pods, "default", Pod()!["metadata"]!["name"]!.GetValue<string>()),
                pod => pod["metadata"]!["annotations"] = new JsonObject { [PodDirections.Fail] = "CrashLoop", [PodDirections.Log] = log },
                "test");
            await whole.UntilAsync(
                () => whole.Condition(Endpoints, name, "Ready") is { } ready
                    && (ready["reason"]!.GetValue<string>() != "PodsNotReady" || ready["message"]!.GetValue<string>().Contains("log", StringComparison.Ordinal)),
                () => $"{name} does not tell of its log: {whole.Condition(Endpoints, name, "Ready")?.ToJsonString()}");
        }
    }

    /// <summary>A request with a key that is right and one with a wrong one, whose traces no collector takes.</summary>
    private static async Task RequestsAsync(WholeOperator whole)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = whole.Cluster.Network!.ConnectAsync });
        foreach (var key in new[] { GatewayKey, HubToken })
        {
            HttpStatusCode? code = null;
            for (var wanted = key == GatewayKey ? HttpStatusCode.OK : HttpStatusCode.Unauthorized; code != wanted;)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "http://llm-gateway.default.svc/v1/chat/completions")
                {
                    Content = new StringContent($$"""{"model":"gated","messages":[{"role":"user","content":"hello"}]}""", Encoding.UTF8, "application/json"),
                };
                request.Headers.Authorization = new("Bearer", key);
                try
                {
                    using var answer = await client.SendAsync(request, whole.Guard);
                    code = answer.StatusCode;
                }
                catch (HttpRequestException)
                {
                    // The gateway's pods are not there yet.
                    whole.Guard.ThrowIfCancellationRequested();
                }
            }
        }
    }

    /// <summary>All there is to read, but the Secrets the test made and the logs it gave to pods.</summary>
    private static async Task<IReadOnlyList<(string Where, string Text)>> PlacesAsync(WholeOperator whole)
    {
        var places = new List<(string, string)> { ("log", string.Join('\n', whole.Log.Lines)), ("metrics", await whole.MetricsAsync()) };
        places.AddRange(whole.Sent.All.Select(sent => ($"{sent.Method} {sent.Address.AbsolutePath}", sent.Body)));
        foreach (var kind in whole.Cluster.Objects.Kinds)
        {
            foreach (var obj in whole.Cluster.Objects.List(kind.Name))
            {
                if (kind.Name == Secrets && obj["metadata"]!["labels"]?["planted"] is not null)
                {
                    continue;
                }

                var shown = obj.DeepClone().AsObject();
                if (kind.Name == Pods)
                {
                    (shown["metadata"]!["annotations"] as JsonObject)?.Remove(PodDirections.Log);
                }

                places.Add(($"{kind.Name.Plural}/{obj["metadata"]!["name"]}", shown.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })));
            }
        }

        // Of sidecars and gateways, and of the engines too: what they write is collected by others.
        foreach (var pod in whole.Cluster.Objects.List(Pods).Where(pod => pod["metadata"]!["annotations"]?[PodDirections.Log] is null))
        {
            foreach (var container in pod["spec"]!["containers"]!.AsArray().Concat(pod["spec"]!["initContainers"]?.AsArray() ?? []))
            {
                var text = new StringBuilder();
                await foreach (var line in whole.Cluster.Logs.Read(pod, new() { Container = container!["name"]!.GetValue<string>() }, whole.Guard))
                {
                    text.AppendLine(line);
                }

                places.Add(($"log of {pod["metadata"]!["name"]} {container!["name"]}", text.ToString()));
            }
        }

        return places;
    }

    private static string Credentials(int port) => string.Concat(
        Secret("hub", ("token", HubToken)),
        Secret("aws", ("AWS_ACCESS_KEY_ID", KeyId), ("AWS_SECRET_ACCESS_KEY", SecretKey), ("AWS_SESSION_TOKEN", Session)),
        Secret("pull", (".dockerconfigjson", DockerConfig(port))),
        Secret("exporter", ("apiKey", ExporterKey), ("headers", $"x-api-key={ExporterHeader}"), ("langfuse", $"pk:{ExporterKey}")),
        Secret("engine", ("password", EngineSecret)),
        Secret("llm-gateway-api-keys", ("client", GatewayKey)));

    private static string DockerConfig(int port) => $$$$"""{"auths":{"127.0.0.1:{{{{port}}}}":{"auth":"{{{{Base64($"robot:{DockerPassword}")}}}}"}}}""";

    private static string Secret(string name, params (string Key, string Value)[] data) =>
        $"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, labels: {{planted: \"true\"}}}}\ndata: {{{string.Join(", ", data.Select(entry => $"{entry.Key}: {Base64(entry.Value)}"))}}}\n---\n";

    private static string Model(string name, string source, string more = "") =>
        $"apiVersion: llmops.dev/v1alpha1\nkind: LlmModel\nmetadata: {{name: {name}}}\nspec: {{source: {source}{more}}}\n---\n";

    private static string Endpoint(string name, string more = "", string? model = null) =>
        $"apiVersion: llmops.dev/v1alpha1\nkind: LlmEndpoint\nmetadata: {{name: {name}}}\nspec: {{modelRef: {{name: {model ?? name}}}, accelerator: {{type: A10G}}{more}}}\n---\n";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Around(string text, string form)
    {
        var at = text.IndexOf(form, StringComparison.Ordinal);
        return text[Math.Max(0, at - 120)..Math.Min(text.Length, at + form.Length + 60)];
    }
}
