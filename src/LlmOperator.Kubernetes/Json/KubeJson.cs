using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Json;

/// <summary>JSON of every built-in kind used here: camelCase, and a null is left out, so that an apply claims only what was set.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ClusterRole))]
[JsonSerializable(typeof(ClusterRoleBinding))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(CustomResourceDefinition))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(HorizontalPodAutoscaler))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(LeaderWorkerSet))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(NetworkPolicy))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(PersistentVolumeClaim))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(PodMetadata))]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(Role))]
[JsonSerializable(typeof(RoleBinding))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(ServiceMonitor))]
[JsonSerializable(typeof(StatefulSet))]
[JsonSerializable(typeof(ValidatingWebhookConfiguration))]
[JsonSerializable(typeof(ObjectMeta))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(LabelSelector))]
[JsonSerializable(typeof(Condition))]
[JsonSerializable(typeof(JsonSchemaProps))]
[JsonSerializable(typeof(PodTemplateSpec))]
public sealed partial class KubeJson : JsonSerializerContext;
