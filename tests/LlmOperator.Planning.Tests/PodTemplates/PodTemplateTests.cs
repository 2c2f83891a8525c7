using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.PodTemplates;

public sealed class PodTemplateTests
{
    [Fact]
    public void A_container_is_merged_by_its_name_and_its_lists_by_their_keys()
    {
        var engine = Pod("""{"spec":{"containers":[{"name":"engine","env":[{"name":"USER","value":"me"},{"name":"X","value":"1"}],"volumeMounts":[{"name":"other","mountPath":"/tmp"}],"resources":{"limits":{"memory":"64Gi"}}}]}}""").Containers!.Single();

        Assert.Equal("me", engine.Env!.Single(variable => variable.Name == "USER").Value);
        Assert.Contains(engine.Env!, variable => variable is { Name: "HOME", Value: "/cache" });
        Assert.Equal("other", engine.VolumeMounts!.Single(mount => mount.MountPath == "/tmp").Name);
        Assert.Equal(["memory", "nvidia.com/gpu"], engine.Resources!.Limits!.Keys.Order());
        Assert.Equal("5Gi", engine.Resources.Requests!["memory"].ToString());
        Assert.NotNull(engine.Args);
    }

    [Fact]
    public void Containers_are_added_beside_the_engine()
    {
        var pod = Pod("""{"spec":{"initContainers":[{"name":"warm","image":"i"}],"containers":[{"name":"sidecar","image":"s"}]}}""");

        Assert.Equal(["engine", "sidecar"], pod.Containers!.Select(container => container.Name));
        Assert.Equal(["prompt-trace", "warm"], pod.InitContainers!.Select(container => container.Name));
    }

    [Fact]
    public void One_of_several_takes_the_place_of_the_other()
    {
        var pod = Pod(
            """
            {"spec":{"volumes":[{"name":"cache","persistentVolumeClaim":{"claimName":"c"}},{"name":"shm","emptyDir":{"sizeLimit":"1Gi"}}],
                     "containers":[{"name":"engine","env":[{"name":"HOME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"livenessProbe":{"exec":{"command":["true"]}}}]}}
            """);

        var cache = pod.Volumes!.Single(volume => volume.Name == "cache");
        Assert.Null(cache.EmptyDir);
        Assert.Equal("c", cache.PersistentVolumeClaim!.ClaimName);
        Assert.Equal(("Memory", "1Gi"), (pod.Volumes!.Single(volume => volume.Name == "shm").EmptyDir!.Medium, pod.Volumes!.Single(volume => volume.Name == "shm").EmptyDir!.SizeLimit.ToString()));
        var engine = pod.Containers!.Single();
        Assert.Null(engine.Env!.Single(variable => variable.Name == "HOME").Value);
        Assert.Null(engine.LivenessProbe!.HttpGet);
        Assert.Equal(10, engine.LivenessProbe.FailureThreshold);
    }

    [Fact]
    public void Null_and_delete_remove_and_replace_replaces()
    {
        var pod = Pod(
            """
            {"spec":{"affinity":null,"volumes":[{"name":"tmp","$patch":"delete"}],"securityContext":{"$patch":"replace","runAsUser":1000},
                     "containers":[{"name":"engine","livenessProbe":null,"env":[{"name":"USER","$patch":"delete"}],"volumeMounts":[{"$patch":"replace"},{"name":"x","mountPath":"/x"}]}]}}
            """);

        Assert.Null(pod.Affinity);
        Assert.DoesNotContain(pod.Volumes!, volume => volume.Name == "tmp");
        Assert.Equal((1000L, null), (pod.SecurityContext!.RunAsUser, pod.SecurityContext.RunAsNonRoot));
        Assert.Null(pod.Containers!.Single().LivenessProbe);
        Assert.DoesNotContain(pod.Containers!.Single().Env!, variable => variable.Name == "USER");
        Assert.Equal(["/x"], pod.Containers!.Single().VolumeMounts!.Select(mount => mount.MountPath));
    }

    [Fact]
    public void Tolerations_are_replaced_as_a_whole() =>
        Assert.Equal(["dedicated"], Pod("""{"spec":{"tolerations":[{"key":"dedicated","operator":"Exists"}]}}""").Tolerations!.Select(toleration => toleration.Key!));

    [Fact]
    public void Labels_and_annotations_are_added_and_the_revision_changes()
    {
        var plain = Plan("{}").Deployment!;
        var labelled = Plan("""{"metadata":{"labels":{"team":"search"},"annotations":{"note":"x"}}}""").Deployment!;

        Assert.Equal("search", labelled.Spec!.Template!.Metadata!.Labels!["team"]);
        Assert.Equal("twin", labelled.Spec.Template.Metadata.Labels["llmops.dev/endpoint"]);
        Assert.Equal("x", labelled.Spec.Template.Metadata.Annotations!["note"]);
        Assert.NotEqual(EndpointObjects.Revision(plain), EndpointObjects.Revision(labelled));
    }

    [Theory]
    [InlineData("""{"spec":{"containers":[{"name":"engine","imagee":"x"}]}}""", "spec.podTemplate.spec.containers[0].imagee is not a field")]
    [InlineData("""{"spec":{"nodeSelecter":{}}}""", "spec.podTemplate.spec.nodeSelecter is not a field")]
    [InlineData("""{"specs":{}}""", "spec.podTemplate.specs is not a field")]
    [InlineData("""{"spec":{"containers":{"name":"engine"}}}""", "spec.podTemplate.spec.containers must be a list, and is a map")]
    [InlineData("""{"spec":{"securityContext":"strict"}}""", "spec.podTemplate.spec.securityContext must be a map, and is \"strict\"")]
    [InlineData("""{"spec":{"terminationGracePeriodSeconds":"60"}}""", "spec.podTemplate.spec.terminationGracePeriodSeconds has a value of the wrong type: \"60\"")]
    [InlineData("""{"spec":{"containers":[{"name":"engine","resources":{"limits":{"memory":"lots"}}}]}}""", "spec.podTemplate.spec.containers[0].resources.limits[memory] has a value of the wrong type")]
    [InlineData("""{"spec":{"nodeSelector":{"zone":1}}}""", "spec.podTemplate.spec.nodeSelector[zone] has a value of the wrong type")]
    [InlineData("""{"spec":{"volumes":[{"emptyDir":{}}]}}""", "spec.podTemplate.spec.volumes[0] has no name, by which it is merged")]
    [InlineData("""{"spec":{"containers":[{"name":"engine","args":["--x"]}]}}""", "spec.podTemplate.spec.containers[engine].args is made from the spec: set spec.engine.args instead")]
    [InlineData("""{"spec":{"containers":[{"name":"engine","ports":[{"containerPort":1}]}]}}""", "set spec.engine.port instead")]
    [InlineData("""{"spec":{"containers":[{"name":"engine","$patch":"delete"}]}}""", "would take away the engine")]
    [InlineData("""{"spec":{"containers":[{"$patch":"replace"},{"name":"x","image":"x"}]}}""", "would take away the engine")]
    [InlineData("""{"spec":{"containers":null}}""", "would take away the engine")]
    [InlineData("""{"spec":null}""", "would take away what the operator makes")]
    [InlineData("""{"spec":{"$patch":"replace"}}""", "would take away what the operator makes")]
    [InlineData("""{"spec":{"volumes":[{"name":"x","$patch":"remove"}]}}""", "$patch must be one of merge, replace, delete")]
    [InlineData("""{"metadata":{"name":"x"}}""", "spec.podTemplate.metadata.name cannot be set")]
    [InlineData("""{"metadata":{"labels":{"llmops.dev/endpoint":"x"}}}""", "labels[llmops.dev/endpoint] is the operator's")]
    [InlineData("""{"metadata":{"labels":{"app.kubernetes.io/component":null}}}""", "labels[app.kubernetes.io/component] is the operator's")]
    [InlineData("[]", "spec.podTemplate must be a map, and is a list")]
    [InlineData("""{"spec":{"containers":[{"name":"prompt-trace","image":"x"}]}}""", "spec.containers[prompt-trace] has the name of the operator's sidecar")]
    [InlineData("""{"spec":{"initContainers":[{"name":"prompt-trace","$patch":"delete"}]}}""", "to do without it set spec.promptTrace.enabled to false")]
    [InlineData("""{"spec":{"initContainers":null}}""", "to do without it set spec.promptTrace.enabled to false")]
    [InlineData("""{"spec":{"initContainers":[{"name":"prompt-trace","restartPolicy":null}]}}""", "restartPolicy not")]
    [InlineData("""{"spec":{"initContainers":[{"name":"prompt-trace","ports":[{"$patch":"replace"},{"containerPort":1,"name":"http"}]}]}}""", "its ports, command and restartPolicy not")]
    [InlineData("""{"spec":{"initContainers":[{"name":"prompt-trace","command":["sh"]}]}}""", "its ports, command and restartPolicy not")]
    [InlineData("""{"spec":{"containers":[{"name":"x","image":"x","ports":[{"name":"http","containerPort":1}]}]}}""", "container x has a port named http, by which the Service finds the engine")]
    [InlineData("""{"spec":{"containers":[{"name":"x","image":"x","ports":[{"containerPort":8080}]}]}}""", "container x has port 8080, which is that of container prompt-trace")]
    [InlineData("""{"spec":{"initContainers":[{"name":"x","image":"x","restartPolicy":"Always","ports":[{"containerPort":8000}]}]}}""", "container x has port 8000, which is that of container engine")]
    [InlineData("""{"spec":{"containers":[{"name":"engine","livenessProbe":{"tcpSocket":{"port":"http"}}}]}}""", "containers[engine].livenessProbe asks port http, and the engine is reached through the sidecar: set the port to 8080")]
    [InlineData("""{"spec":{"containers":[{"name":"engine","readinessProbe":{"httpGet":{"port":8000}}}]}}""", "containers[engine].readinessProbe asks port 8000")]
    public void What_is_wrong_with_a_template_is_told_with_its_path_and_nothing_is_touched(string template, string problem)
    {
        var plan = Plan(template);

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal("PodTemplateInvalid", ready.Reason);
        Assert.Contains(problem, ready.Message);
        Assert.Null(plan.Deployment);
    }

    private static PodSpec Pod(string template)
    {
        var plan = Plan(template);
        Assert.True(plan.IsFollowed, plan.Status.Conditions.Find(ConditionTypes.Ready)!.Message);
        return plan.Deployment!.Spec!.Template!.Spec!;
    }

    private static EndpointPlan Plan(string template) => EndpointPlanner.Plan(Cluster.Observe(
        Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"podTemplate":{{template}}}"""), Cluster.Model()));
}
