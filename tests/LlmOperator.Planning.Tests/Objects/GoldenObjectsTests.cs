using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Planning.Tests.Objects;

/// <summary>What holds for every object the operator writes, over all golden files.</summary>
public sealed class GoldenObjectsTests
{
    [Fact]
    public void Every_object_is_valid_against_the_schema_of_its_kind()
    {
        var schemas = ObjectSchemas.Load();
        Assert.SkipWhen(schemas is null, "the contract data (kubernetes-openapi.json, crds) is not beside this checkout");

        Assert.NotEmpty(PlannedObjects.Golden());
        Assert.Empty(PlannedObjects.Golden().SelectMany(golden => schemas!.Problems(golden.Object).Select(problem => $"{golden.File} {golden.Object["kind"]}: {problem}")));
    }

    [Theory]
    [InlineData("""{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"x"},"spec":{"maxUnavailble":1}}""", "spec.maxUnavailble is not in the schema")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":"1","selector":{},"template":{}}}""", "spec.replicas must be of type integer")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"template":{}}}""", "spec.selector is missing")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"nme":"x"},"spec":{"selector":{},"template":{}}}""", "metadata.nme is not in the schema")]
    [InlineData("""{"apiVersion":"leaderworkerset.x-k8s.io/v1","kind":"LeaderWorkerSet","metadata":{"name":"x"},"spec":{"startupPolicy":"Never","leaderWorkerTemplate":{"workerTemplate":{}}}}""", "spec.startupPolicy is \"Never\"")]
    [InlineData("""{"apiVersion":"apps/v2","kind":"Deployment","metadata":{"name":"x"}}""", "there is no kind Deployment in apps/v2")]
    public void The_check_of_schemas_finds_faults(string faulty, string problem)
    {
        var schemas = ObjectSchemas.Load();
        Assert.SkipWhen(schemas is null, "the contract data (kubernetes-openapi.json, crds) is not beside this checkout");

        Assert.Contains(schemas!.Problems(JsonNode.Parse(faulty)!.AsObject()), found => found.StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_pod_passes_the_restricted_pod_security_standard()
    {
        var pods = Pods().ToList();

        Assert.NotEmpty(pods);
        Assert.Empty(pods.SelectMany(pod => RestrictedPods.Problems(pod.Template.Spec!).Select(problem => $"{pod.File}: {problem}")));
    }

    [Theory]
    [InlineData("""{"containers":[{"name":"c"}]}""", "container c may gain rights")]
    [InlineData("""{"hostNetwork":true,"containers":[]}""", "shares namespaces of the node")]
    [InlineData("""{"containers":[],"volumes":[{"name":"v","hostPath":{"path":"/"}}]}""", "volume v is of a type that is not allowed")]
    public void The_check_of_pod_security_finds_faults(string pod, string problem) =>
        Assert.Contains(problem, RestrictedPods.Problems(JsonSerializer.Deserialize($$"""{"spec":{{pod}}}""", KubeJson.Default.PodTemplateSpec)!.Spec!));

    [Fact]
    public void No_engine_has_a_token_of_the_api_server_and_all_write_to_volumes()
    {
        foreach (var (_, template) in EnginePods())
        {
            Assert.False(template.Spec!.AutomountServiceAccountToken);
            Assert.Contains(template.Spec.Volumes!, volume => volume is { Name: "shm", EmptyDir.Medium: "Memory" });
        }
    }

    [Fact]
    public void Every_engine_has_time_to_sleep_and_to_drain_before_it_is_killed()
    {
        foreach (var (file, template) in EnginePods())
        {
            var sleep = template.Spec!.Containers!.Single(container => container.Name == "engine").Lifecycle!.PreStop!.Sleep!.Seconds;
            Assert.True(sleep >= 10 && template.Spec.TerminationGracePeriodSeconds > sleep, file);
        }
    }

    private static IEnumerable<(string File, PodTemplateSpec Template)> EnginePods() => Pods().Where(pod => pod.Template.Spec!.Containers!.Any(container => container.Name == "engine"));

    private static IEnumerable<(string File, PodTemplateSpec Template)> Pods() => PlannedObjects.Golden().SelectMany(golden => golden.Object["kind"]!.ToString() switch
    {
        "Deployment" or "StatefulSet" => [(golden.File, Template(golden.Object["spec"]!["template"]!))],
        "LeaderWorkerSet" =>
        [
            (golden.File, Template(golden.Object["spec"]!["leaderWorkerTemplate"]!["leaderTemplate"]!)),
            (golden.File, Template(golden.Object["spec"]!["leaderWorkerTemplate"]!["workerTemplate"]!)),
        ],
        _ => Array.Empty<(string, PodTemplateSpec)>(),
    });

    private static PodTemplateSpec Template(JsonNode node) => node.Deserialize(KubeJson.Default.PodTemplateSpec)!;
}
