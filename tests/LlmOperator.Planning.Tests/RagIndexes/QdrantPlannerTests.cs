using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Planning.Tests.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.RagIndexes;

public sealed class QdrantPlannerTests
{
    private const string Everything =
        """
        {"qdrant":{"managed":{"version":"1.18.2","replicas":3,"storage":{"size":"100Gi","storageClassName":"fast","snapshots":{"size":"200Gi","storageClassName":"cheap"}},
          "requests":{"cpu":"2","memory":"8Gi"},"limits":{"memory":"16Gi"},"config":{"logLevel":"WARN","maxRequestSizeMb":64,"maxSearchThreads":4,"optimizerCpuBudget":-1},
          "scheduling":{"nodeSelector":{"disk":"nvme"},"tolerations":[{"key":"qdrant","operator":"Exists","effect":"NoSchedule"}],"priorityClassName":"high"},"antiAffinity":"Required",
          "networkPolicy":{"allowFrom":[{"podLabels":{"app":"notebook"}}]},"imagePullSecrets":[{"name":"pull"}],"podTemplate":{"metadata":{"annotations":{"team":"search"}}}}},
         "collections":[{"name":"posts","vectors":{"size":384}}],"deletionPolicy":"Delete"}
        """;

    [Theory]
    [InlineData("qdrant", Indexes.Managed)]
    [InlineData("qdrant-everything", Everything)]
    public void The_objects_of_a_managed_qdrant_are_those_of_the_golden_file(string golden, string spec)
    {
        var plan = Indexes.Plan(spec);

        Assert.Null(GoldenFile.Difference(PlannedObjects.GoldenPath(golden), PlannedObjects.Text(plan.NetworkPolicy, plan.DisruptionBudget, plan.Headless, plan.Service, plan.StatefulSet, plan.Monitor)));
    }

    [Fact]
    public void Labels_of_a_monitor_are_added_to_ours_and_replace_none_and_one_service_alone_is_monitored()
    {
        var plan = Indexes.Plan(seen: observed => observed with { MonitorLabels = new Dictionary<string, string> { ["release"] = "prometheus", ["app.kubernetes.io/name"] = "other" } });

        Assert.Equal(("prometheus", "qdrant"), (plan.Monitor.Metadata.Labels!["release"], plan.Monitor.Metadata.Labels["app.kubernetes.io/name"]));
        Assert.True(Matches(plan.Headless));
        Assert.False(Matches(plan.Service));
        Assert.Contains(plan.Headless.Spec!.Ports!, port => port.Name == plan.Monitor.Spec!.Endpoints!.Single().Port && port.Port == 6333);
        bool Matches(Service service) => plan.Monitor.Spec!.Selector!.MatchLabels!.All(label => service.Metadata.Labels!.TryGetValue(label.Key, out var value) && value == label.Value);
    }

    [Fact]
    public void Without_a_network_policy_none_is_wanted() =>
        Assert.Null(Indexes.Plan("""{"qdrant":{"managed":{"networkPolicy":{"enabled":false}}},"collections":[{"name":"c"}]}""").NetworkPolicy);

    [Fact]
    public void The_key_is_in_no_object_and_another_one_rolls_the_pods()
    {
        var (one, other) = (Indexes.Plan(), Indexes.Plan(seen: observed => observed with { Key = "another"u8.ToArray() }));

        Assert.NotEqual(Hash(one), Hash(other));
        Assert.DoesNotContain("\"key\"", PlannedObjects.Text(one.StatefulSet).Replace("\"key\": \"twin", "", StringComparison.Ordinal), StringComparison.Ordinal);
        static string Hash(ManagedQdrantPlan plan) => plan.StatefulSet.Spec!.Template!.Metadata!.Annotations!["llmops.dev/api-key-hash"];
    }

    [Fact]
    public void Volumes_stay_when_the_index_goes_unless_they_are_to_be_deleted_and_go_with_a_node_that_is_taken_away()
    {
        Assert.Equal("Retain", Policy("Retain").WhenDeleted);
        Assert.Equal("Retain", Policy("Snapshot").WhenDeleted);
        Assert.Equal("Delete", Policy("Delete").WhenDeleted);
        Assert.Equal("Delete", Policy("Retain").WhenScaled);
        static StatefulSetPersistentVolumeClaimRetentionPolicy Policy(string policy) =>
            Indexes.Plan("""{"qdrant":{"managed":{}},"collections":[{"name":"c"}],"deletionPolicy":"POLICY"}""".Replace("POLICY", policy, StringComparison.Ordinal)).StatefulSet.Spec!.PersistentVolumeClaimRetentionPolicy!;
    }

    [Fact]
    public void Pods_are_added_at_once_and_taken_away_only_by_whoever_has_seen_the_cluster()
    {
        const string Three = """{"qdrant":{"managed":{"replicas":3}},"collections":[{"name":"c"}]}""";
        var five = Indexes.Plan(Three).StatefulSet with { Spec = new() { Replicas = 5 } };
        var one = five with { Spec = new() { Replicas = 1 } };

        Assert.Equal(3, Indexes.Plan(Three, seen: observed => observed with { StatefulSet = one }).StatefulSet.Spec!.Replicas);
        Assert.Equal(5, Indexes.Plan(Three, seen: observed => observed with { StatefulSet = five }).StatefulSet.Spec!.Replicas);
        Assert.Equal(4, Indexes.Plan(Three, seen: observed => observed with { StatefulSet = five, Replicas = 4 }).StatefulSet.Spec!.Replicas);
    }

    [Fact]
    public void A_larger_disk_grows_the_claims_first_then_the_set_is_made_anew_and_only_then_it_has_the_new_size()
    {
        const string Larger = """{"qdrant":{"managed":{"storage":{"size":"20Gi"}}},"collections":[{"name":"c"}]}""";
        var live = Indexes.Plan().StatefulSet;
        var claim = live.Spec!.VolumeClaimTemplates![0] with { Metadata = new() { Name = "storage-twin-qdrant-0" } };

        var first = Indexes.Plan(Larger, seen: observed => observed with { StatefulSet = live, Claims = [claim] });
        Assert.Equal([("storage-twin-qdrant-0", Quantity.Parse("20Gi"))], first.Volumes.Grow.Select(grow => (grow.Claim.Metadata.Name!, grow.Size)));
        Assert.False(first.Volumes.MakeAnew);
        Assert.Equal(Quantity.Parse("10Gi"), Size(first.StatefulSet.Spec!.VolumeClaimTemplates![0]));

        var grown = claim with { Spec = new() { Resources = new() { Requests = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse("20Gi") } } } };
        var second = Indexes.Plan(Larger, seen: observed => observed with { StatefulSet = live, Claims = [grown] });
        Assert.Empty(second.Volumes.Grow);
        Assert.True(second.Volumes.MakeAnew);

        var third = Indexes.Plan(Larger, seen: observed => observed with { Claims = [grown] });
        Assert.Equal(Quantity.Parse("20Gi"), Size(third.StatefulSet.Spec!.VolumeClaimTemplates![0]));
        Assert.False(third.Volumes.MakeAnew);
        static Quantity Size(PersistentVolumeClaim template) => template.Spec!.Resources!.Requests!["storage"];
    }

    [Fact]
    public void A_smaller_disk_is_told_and_changes_nothing()
    {
        var live = Indexes.Plan().StatefulSet;

        var plan = Indexes.Plan("""{"qdrant":{"managed":{"storage":{"size":"5Gi"}}},"collections":[{"name":"c"}]}""", seen: observed => observed with { StatefulSet = live });

        Assert.Equal("CannotShrink", plan.Volumes.Problem!.Reason);
        Assert.Contains("is 5Gi and the volumes have 10Gi", plan.Volumes.Problem.Message, StringComparison.Ordinal);
        Assert.False(plan.Volumes.MakeAnew);
        Assert.Equal(Quantity.Parse("10Gi"), plan.StatefulSet.Spec!.VolumeClaimTemplates![0].Spec!.Resources!.Requests!["storage"]);
    }

    [Theory]
    [InlineData("twin", "twin-qdrant")]
    [InlineData("a.b", "llm-a-b-")]
    [InlineData("1st", "llm-1st-")]
    [InlineData("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", "llm-nnnnnnnn")]
    public void Names_are_host_name_labels_short_enough_for_the_labels_made_of_them(string index, string start)
    {
        var name = QdrantNames.Of(index);

        Assert.StartsWith(start, name, StringComparison.Ordinal);
        Assert.Matches("^[a-z]([-a-z0-9]*[a-z0-9])?$", name);
        Assert.True(name.Length <= 52);
        Assert.Equal(12, QdrantNames.Ordinal(Indexes.Of(name: index), $"http://{name}-12.{QdrantNames.Headless(index)}:6335/"));
        Assert.Null(QdrantNames.Ordinal(Indexes.Of(name: index), "http://elsewhere:6335/"));
    }
}
