using System.Globalization;
using System.Text;

namespace LlmOperator.Benchmarks.Watching;

/// <summary>
/// Deployments as an API server sends them: applied by one manager, with the defaults filled in, a status, and the record of who owns which field, which is
/// most of the text.
/// </summary>
internal static class DeploymentText
{
    /// <summary>A line of a watch.</summary>
    public static byte[] Line(string type, int number) => Encoding.UTF8.GetBytes($$"""{"type":"{{type}}","object":""" + Object(number) + "}\n");

    /// <summary>The line that ends a streaming list.</summary>
    public static byte[] EndOfList { get; } = Encoding.UTF8.GetBytes("""
        {"type":"BOOKMARK","object":{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"resourceVersion":"999999","annotations":{"k8s.io/initial-events-end":"true"}}}}
        """ + "\n");

    private static string OneLine { get; } = Template.ReplaceLineEndings("");

    private static string Object(int number) => OneLine
        .Replace("LONG-NUMBER", number.ToString("000000000000", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("NUMBER", number.ToString("00000", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("VERSION", (100_000 + number).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("TEAM", (number % 50).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private const string Template = """
        {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"model-server-NUMBER","namespace":"team-TEAM","uid":"6f1c0f5e-3f0d-4a52-9f0b-LONG-NUMBER",
        "resourceVersion":"VERSION","generation":1,"creationTimestamp":"2026-03-01T08:00:00Z",
        "labels":{"app.kubernetes.io/component":"inference","app.kubernetes.io/instance":"model-server-NUMBER","app.kubernetes.io/managed-by":"llm-operator","app.kubernetes.io/name":"vllm"},
        "annotations":{"deployment.kubernetes.io/revision":"1","llmops.dev/applied-hash":"5f2c9a7bNUMBERe4d1b3a6c8f0"},
        "ownerReferences":[{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmEndpoint","name":"model-server-NUMBER","uid":"0d9a7a54-77c1-4b7e-8a55-LONG-NUMBER","controller":true,"blockOwnerDeletion":true}],
        "managedFields":[{"manager":"llm-operator","operation":"Apply","apiVersion":"apps/v1","time":"2026-03-01T08:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{"f:llmops.dev/applied-hash":{}},
        "f:labels":{"f:app.kubernetes.io/component":{},"f:app.kubernetes.io/instance":{},"f:app.kubernetes.io/managed-by":{},"f:app.kubernetes.io/name":{}},"f:ownerReferences":{"k:{\"uid\":\"0d9a7a54-77c1-4b7e-8a55-LONG-NUMBER\"}":{}}},
        "f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{"f:app.kubernetes.io/instance":{},"f:app.kubernetes.io/name":{}}},
        "f:spec":{"f:affinity":{"f:nodeAffinity":{"f:requiredDuringSchedulingIgnoredDuringExecution":{}}},"f:containers":{"k:{\"name\":\"engine\"}":{".":{},"f:args":{},"f:env":{"k:{\"name\":\"HF_HOME\"}":{".":{},"f:name":{},"f:value":{}},
        "k:{\"name\":\"HF_TOKEN\"}":{".":{},"f:name":{},"f:valueFrom":{"f:secretKeyRef":{}}}},"f:image":{},"f:livenessProbe":{"f:httpGet":{"f:path":{},"f:port":{}},"f:periodSeconds":{}},"f:name":{},"f:ports":{"k:{\"containerPort\":8000,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{}}},
        "f:readinessProbe":{"f:httpGet":{"f:path":{},"f:port":{}},"f:periodSeconds":{}},"f:resources":{"f:limits":{"f:nvidia.com/gpu":{}},"f:requests":{"f:cpu":{},"f:memory":{}}},"f:volumeMounts":{"k:{\"mountPath\":\"/models\"}":{".":{},"f:mountPath":{},"f:name":{}}}}},"f:tolerations":{},"f:volumes":{"k:{\"name\":\"models\"}":{".":{},"f:emptyDir":{},"f:name":{}}}}}}}},
        {"manager":"kube-controller-manager","operation":"Update","apiVersion":"apps/v1","time":"2026-03-01T08:04:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{"f:deployment.kubernetes.io/revision":{}}},
        "f:status":{"f:availableReplicas":{},"f:conditions":{".":{},"k:{\"type\":\"Available\"}":{".":{},"f:lastTransitionTime":{},"f:lastUpdateTime":{},"f:message":{},"f:reason":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Progressing\"}":{".":{},"f:lastTransitionTime":{},"f:lastUpdateTime":{},"f:message":{},"f:reason":{},"f:status":{},"f:type":{}}},"f:observedGeneration":{},"f:readyReplicas":{},"f:replicas":{},"f:updatedReplicas":{}}},"subresource":"status"}]},
        "spec":{"replicas":1,"selector":{"matchLabels":{"app.kubernetes.io/instance":"model-server-NUMBER","app.kubernetes.io/name":"vllm"}},
        "template":{"metadata":{"labels":{"app.kubernetes.io/instance":"model-server-NUMBER","app.kubernetes.io/name":"vllm"}},
        "spec":{"volumes":[{"name":"models","emptyDir":{"sizeLimit":"40Gi"}}],"containers":[{"name":"engine","image":"vllm/vllm-openai:v0.11.0","args":["--model=meta-llama/Llama-3.1-8B-Instruct","--served-model-name=model-server-NUMBER","--max-model-len=4096","--gpu-memory-utilization=0.9","--port=8000"],
        "ports":[{"name":"http","containerPort":8000,"protocol":"TCP"}],"env":[{"name":"HF_HOME","value":"/models"},{"name":"HF_TOKEN","valueFrom":{"secretKeyRef":{"name":"hugging-face","key":"token"}}}],
        "resources":{"limits":{"nvidia.com/gpu":"1"},"requests":{"cpu":"2","memory":"5Gi","nvidia.com/gpu":"1"}},"volumeMounts":[{"name":"models","mountPath":"/models"}],
        "livenessProbe":{"httpGet":{"path":"/health","port":"http","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"readinessProbe":{"httpGet":{"path":"/health","port":"http","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":5,"successThreshold":1,"failureThreshold":3},
        "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"nvidia.com/gpu.product","operator":"In","values":["NVIDIA-A10G"]}]}]}}},"securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"nvidia.com/gpu","operator":"Exists","effect":"NoSchedule"}]}},
        "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0,"maxSurge":1}},"revisionHistoryLimit":10,"progressDeadlineSeconds":900},
        "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,"conditions":[{"type":"Available","status":"True","lastUpdateTime":"2026-03-01T08:04:00Z","lastTransitionTime":"2026-03-01T08:04:00Z","reason":"MinimumReplicasAvailable","message":"Deployment has minimum availability."},
        {"type":"Progressing","status":"True","lastUpdateTime":"2026-03-01T08:04:00Z","lastTransitionTime":"2026-03-01T08:00:00Z","reason":"NewReplicaSetAvailable","message":"ReplicaSet \"model-server-NUMBER-7c9d8f6b5\" has successfully progressed."}]}}
        """;
}
