namespace LlmOperator.Planning.Tests.Engines;

/// <summary>An endpoint and its model, whose objects are kept in a golden file.</summary>
/// <param name="Name">Name of the golden file.</param>
/// <param name="Model">Spec of the LlmModel.</param>
/// <param name="Endpoint">Spec of the LlmEndpoint.</param>
/// <param name="Revision">Revision the registry resolved; null for that of the spec.</param>
public sealed record EngineCase(string Name, string Model, string Endpoint, string? Revision = null);

/// <summary>Combinations of engine, source, parallelism and quantisation, each with something of its own.</summary>
internal static class EngineCases
{
    public const string Commit = "4f1c0d2b9e8a7f6e5d4c3b2a190817263544adcb";

    /// <summary>The model and the limits of the handbook's serving configuration.</summary>
    public const string TwinModel =
        """
        {"source":{"huggingFace":{"repo":"mlabonne/TwinLlama-3.1-8B-DPO","tokenSecretRef":{"name":"hf"}}},"parameters":"8B","quantization":"bitsandbytes",
         "limits":{"maxInputTokens":2048,"maxTotalTokens":4096,"maxBatchTotalTokens":4096,"maxBatchPrefillTokens":4096}}
        """;

    private const string Hub = """{"source":{"huggingFace":{"repo":"org/model","revision":"v1"}},"parameters":"8B"}""";

    private const string Adapters =
        """
        {"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","adapters":[
          {"name":"sql","rank":12,"source":{"huggingFace":{"repo":"org/sql-lora","revision":"abc123","tokenSecretRef":{"name":"hf"}}}},
          {"name":"legal","rank":32,"source":{"pvc":{"claimName":"adapters","path":"legal"}}},
          {"name":"tone","rank":8,"source":{"oci":{"image":"registry/tone:1","pullSecretRef":{"name":"pull"}}}}]}
        """;

    public static IReadOnlyList<EngineCase> All { get; } =
    [
        new("vllm-hub-token-mirror-fp8", """{"source":{"huggingFace":{"repo":"org/gated","tokenSecretRef":{"name":"hf"},"endpoint":"https://mirror.example:8443"}},"parameters":"8B","quantization":"fp8"}""", Endpoint("A10G"), Commit),
        new("vllm-s3", """{"source":{"s3":{"bucket":"models","prefix":"twin/v2","region":"eu-central-1","endpoint":"http://minio:9000","credentialsSecretRef":{"name":"aws"}}},"parameters":"8B"}""", Endpoint("A10G")),
        new("vllm-oci-gptq", """{"source":{"oci":{"image":"registry:5000/twin:2","path":"weights","pullSecretRef":{"name":"pull"}}},"parameters":"8B","quantization":"gptq"}""", Endpoint("L4"), "sha256:0f1e2d"),
        new("vllm-pvc-embed", """{"source":{"pvc":{"claimName":"weights","path":"/twin"}},"parameters":"8B","task":"Embed"}""", Endpoint("A10G")),
        new("vllm-rerank-t4", """{"source":{"huggingFace":{"repo":"org/reranker"}},"parameters":"600M","task":"Rerank"}""", Endpoint("T4")),
        new("vllm-twin-limits", TwinModel, Endpoint("A10G"), Commit),
        new("vllm-awq-tensor2", """{"source":{"huggingFace":{"repo":"org/awq"}},"parameters":"30B","quantization":"awq"}""", Endpoint("A10G", """ "parallelism":{"tensor":2},"engine":{"kvCacheDataType":"fp8","contextLength":8192} """), Commit),
        new("vllm-data-in-pod", Hub, Endpoint("A100-80GB", """ "parallelism":{"tensor":2,"data":2},"replicas":2 """, count: 4)),
        new("vllm-pipeline-one-node", Hub, Endpoint("A10G", """ "parallelism":{"tensor":2,"pipeline":2} """)),
        new("vllm-several-nodes", Hub, Endpoint("H100", """ "parallelism":{"tensor":8,"pipeline":2},"replicas":2,"rollout":{"maxSurge":0} """, count: 8), Commit),
        new("vllm-adapters", Adapters, Endpoint("A10G")),
        new("vllm-older-image", Hub, Endpoint("A10G", """ "engine":{"image":"vllm/vllm-openai:v0.11.0"} """)),
        new("vllm-without-network-policy", Hub, Endpoint("A10G", """ "networkPolicy":{"enabled":false} """)),
        new("vllm-network-peers", Hub, Endpoint("A10G", """ "networkPolicy":{"allowFrom":[{"podLabels":{"app":"chat"}},{"namespaceLabels":{"team":"search"}},{"podLabels":{"app":"eval"},"namespaceLabels":{"team":"search"}},{"podLabels":{}}]} """)),
        new("tgi-twin", TwinModel, Endpoint("A10G", """ "engine":{"type":"TGI"} """), Commit),
        new("tgi-eetq-tensor2", """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"30B","quantization":"eetq"}""", Endpoint("A10G", """ "engine":{"type":"TGI","maxConcurrentRequests":64,"kvCacheDataType":"fp8"} """, count: 2), Commit),
        new("tgi-pvc-adapters-t4", """{"source":{"pvc":{"claimName":"weights"}},"parameters":"3B","adapters":[{"name":"sql","source":{"huggingFace":{"repo":"org/sql-lora"}}},{"name":"legal","source":{"pvc":{"claimName":"adapters","path":"legal"}}}]}""", Endpoint("T4", """ "engine":{"type":"TGI"} """)),
        new("sglang-fp8-data", """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"30B","quantization":"fp8","limits":{"maxTotalTokens":4096,"maxBatchTotalTokens":65536,"maxBatchPrefillTokens":8192}}""", Endpoint("H100-80GB", """ "parallelism":{"tensor":2},"engine":{"type":"SGLang","maxConcurrentRequests":32,"kvCacheDataType":"fp8"} """, count: 4), Commit),
        new("sglang-several-nodes", Hub, Endpoint("A10G", """ "parallelism":{"pipeline":2},"engine":{"type":"SGLang"} """, count: 1), Commit),
        new("sglang-embed-bitsandbytes", """{"source":{"pvc":{"claimName":"weights"}},"parameters":"8B","task":"Embed","quantization":"bitsandbytes-nf4"}""", Endpoint("L4", """ "engine":{"type":"SGLang"} """)),
        new("llamacpp-hub", """{"source":{"huggingFace":{"repo":"org/model-GGUF"}},"parameters":"8B","quantization":"gguf","architecture":{"contextLength":8192}}""", Endpoint("A10G", """ "engine":{"type":"LlamaCpp","maxConcurrentRequests":4} """)),
        new("llamacpp-pvc-layers", """{"source":{"pvc":{"claimName":"weights","path":"q4/model.gguf"}},"parameters":"30B","quantization":"gguf","task":"Embed"}""", Endpoint("A10G", """ "parallelism":{"pipeline":2},"engine":{"type":"LlamaCpp","terminationGracePeriodSeconds":120} """)),
        new("tei-embed-a10g", """{"source":{"huggingFace":{"repo":"BAAI/bge-m3","tokenSecretRef":{"name":"hf"}}},"parameters":"568M","task":"Embed","limits":{"maxBatchTotalTokens":16384}}""", Endpoint("A10G", """ "engine":{"type":"TEI","maxConcurrentRequests":256} """), Commit),
        new("tei-rerank-h100", """{"source":{"oci":{"image":"registry/reranker:1"}},"parameters":"568M","task":"Rerank"}""", Endpoint("H100-80GB", """ "engine":{"type":"TEI"} """)),
        new("custom", """{"source":{"s3":{"bucket":"models"}},"parameters":"8B","quantization":"eetq"}""", Endpoint("A10G", """ "engine":{"type":"Custom","image":"registry/server:1","command":["/server"],"args":["--fast"],"healthPath":"/ready","port":9000} """)),
        new("vllm-without-sidecar", Hub, Endpoint("A10G", """ "promptTrace":{"enabled":false} """)),
        new("prompt-trace", Hub, Endpoint("A10G",
            """
            "promptTrace": {
              "sampleRate": 0.25, "captureContent": true, "redact": ["TurkishNationalId", "Email"], "redactPatterns": ["(?i)customer-\\d{6}", "<b>"],
              "exporters": [
                {"name": "tempo", "url": "http://tempo.observability:4318", "encoding": "json", "headersSecretRef": {"name": "tempo", "key": "headers"}},
                {"name": "opik", "type": "Opik", "url": "https://www.comet.com", "project": "twin", "workspace": "search", "apiKeySecretRef": {"name": "opik"}},
                {"name": "langfuse-eu", "type": "Langfuse", "url": "https://cloud.langfuse.com", "apiKeySecretRef": {"name": "langfuse", "key": "apiKey"}}
              ]
            }
            """), Commit),
        new("everything", Hub,
            """
            {
              "modelRef": {"name": "m"}, "replicas": 3, "imagePullSecrets": [{"name": "registry"}],
              "accelerator": {"type": "a100", "count": 4}, "parallelism": {"tensor": 2},
              "engine": {
                "image": "vllm:next", "imagePullPolicy": "Always", "args": ["--max-model-len=1024", "--enforce-eager"], "port": 9000, "healthPath": "/ping",
                "env": [{"name": "HOME", "value": "/elsewhere"}, {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                "resources": {"requests": {"cpu": "500m", "ephemeral-storage": "10Gi"}, "limits": {"memory": "64Gi"}},
                "contextLength": 8192, "maxConcurrentRequests": 32, "gpuMemoryUtilization": 0.85, "sharedMemory": "16Gi", "startupTimeoutSeconds": 65, "terminationGracePeriodSeconds": 30
              },
              "rollout": {"maxSurge": 0, "maxUnavailable": "50%", "progressDeadlineSeconds": 300, "revisionHistoryLimit": 2},
              "scheduling": {"nodeSelector": {"zone": "a"}, "tolerations": [{"key": "spot", "operator": "Exists"}], "priorityClassName": "high", "runtimeClassName": "nvidia", "schedulerName": "volcano"}
            }
            """),
        new("pod-template", Hub, Endpoint("A10G",
            """
            "podTemplate": {
              "metadata": {"labels": {"team": "search"}, "annotations": {"note": "x"}},
              "spec": {
                "serviceAccountName": "web-identity",
                "containers": [
                  {"name": "engine", "env": [{"name": "NCCL_DEBUG", "value": "INFO"}], "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}], "livenessProbe": {"tcpSocket": {"port": 8080}}},
                  {"name": "sidecar", "image": "registry/sidecar:1", "ports": [{"containerPort": 9090}],
                   "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
                "volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "cache", "persistentVolumeClaim": {"claimName": "compiled"}}],
                "tolerations": [{"key": "dedicated", "operator": "Exists"}]
              }
            }
            """)),
    ];

    private static string Endpoint(string accelerator, string? more = null, int? count = null) =>
        $$"""{"modelRef":{"name":"m"},"accelerator":{"type":"{{accelerator}}"{{(count is null ? "" : $",\"count\":{count}")}}}{{(more is null ? "" : "," + more)}}}""";
}
