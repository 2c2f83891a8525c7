using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

public sealed class ColumnTests
{
    private readonly BuiltinCluster _cluster = new();

    [Fact]
    public void Every_kind_has_a_name_column_and_cells_even_of_an_empty_object()
    {
        foreach (var kind in BuiltinKinds.All)
        {
            Assert.Single(kind.Columns, column => column.Format == "name");
            Assert.Equal(kind.Columns.Count, kind.Columns.Select(column => column.Name).Distinct().Count());
            foreach (var column in kind.Columns)
            {
                column.Value([], _cluster.Time.GetUtcNow());
            }
        }
    }

    [Theory]
    [InlineData("""{"phase":"Pending"}""", "0/1", "Pending", "0")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"ready":true,"restartCount":0,"state":{"running":{}}}]}""", "1/1", "Running", "0")]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ContainerCreating"}}}]}""", "0/1", "ContainerCreating", "0")]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}""", "0/1", "ImagePullBackOff", "0")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", "0/1", "CrashLoopBackOff", "3")]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/1", "Completed", "0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]}""", "0/1", "ExitCode:3", "0")]
    [InlineData("""{"phase":"Failed","reason":"Evicted"}""", "0/1", "Evicted", "0")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"state":{"running":{}}}]}""", "0/1", "Init:0/1", "0")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", "0/1", "Init:CrashLoopBackOff", "0")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}""", "0/1", "Init:Error", "0")]
    public void A_pods_status_is_one_word(string status, string ready, string word, string restarts)
    {
        var pod = JsonNode.Parse("""{"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"c"}]}}""")!.AsObject();
        pod["status"] = JsonNode.Parse(status);

        var row = _cluster.Row("pods", pod);
        Assert.Equal((ready, word, restarts), (row["Ready"], row["Status"], row["Restarts"]));
    }

    [Fact]
    public void A_pod_being_deleted_is_terminating_until_it_has_ended()
    {
        var pod = JsonNode.Parse("""{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Running"}}""")!.AsObject();
        Assert.Equal("Terminating", _cluster.Row("pods", pod)["Status"]);
        pod["status"]!["phase"] = "Succeeded";
        Assert.Equal("Succeeded", _cluster.Row("pods", pod)["Status"]);
    }

    [Fact]
    public void Sidecars_count_as_containers_and_restarts_tell_when()
    {
        var time = _cluster.Time.GetUtcNow().AddMinutes(-3).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ");
        var pod = JsonNode.Parse($$"""
            {"spec":{"initContainers":[{"name":"s","restartPolicy":"Always"}],"containers":[{"name":"c"}]},
             "status":{"phase":"Running","initContainerStatuses":[{"name":"s","started":true,"ready":true,"restartCount":1,"state":{"running":{} } }],
                       "containerStatuses":[{"ready":true,"restartCount":2,"state":{"running":{} },"lastState":{"terminated":{"finishedAt":"{{time}}"} } }]} }
            """)!.AsObject();

        var row = _cluster.Row("pods", pod);
        Assert.Equal("2/2", row["Ready"]);
        Assert.Equal("3 (3m ago)", row["Restarts"]);
    }

    [Fact]
    public void A_deployments_row_says_how_far_it_is()
    {
        var deployment = JsonNode.Parse("""
            {"metadata":{"name":"d"},"spec":{"replicas":3,"selector":{"matchLabels":{"b":"2","a":"1"},"matchExpressions":[{"key":"t","operator":"In","values":["y","x"]}]},
             "template":{"spec":{"containers":[{"name":"m","image":"i:1"},{"name":"s","image":"e:1"}]}}},"status":{"readyReplicas":2,"updatedReplicas":1}}
            """)!.AsObject();

        var row = _cluster.Row("deployments.apps", deployment);
        Assert.Equal(("2/3", "1", "0"), (row["Ready"], row["Up-to-date"], row["Available"]));
        Assert.Equal(("m,s", "i:1,e:1", "a=1,b=2,t in (x,y)"), (row["Containers"], row["Images"], row["Selector"]));
    }

    [Theory]
    [InlineData("""{"type":"ClusterIP","clusterIPs":["10.96.0.7"],"ports":[{"port":80,"protocol":"TCP"}]}""", "10.96.0.7", "<none>", "80/TCP")]
    [InlineData("""{"type":"NodePort","clusterIPs":["10.96.0.7"],"ports":[{"port":80,"nodePort":30001,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}""", "10.96.0.7", "<none>", "80:30001/TCP,53/UDP")]
    [InlineData("""{"type":"LoadBalancer","clusterIPs":["10.96.0.7"],"ports":[{"port":80,"protocol":"TCP"}]}""", "10.96.0.7", "<pending>", "80/TCP")]
    [InlineData("""{"type":"ExternalName","externalName":"db.example.com"}""", "<none>", "db.example.com", "<none>")]
    public void A_services_row_says_how_to_reach_it(string spec, string address, string external, string ports)
    {
        var row = _cluster.Row("services", new JsonObject { ["spec"] = JsonNode.Parse(spec) });
        Assert.Equal((address, external, ports), (row["Cluster-IP"], row["External-IP"], row["Port(s)"]));
    }

    [Fact]
    public void A_node_shows_its_roles_and_whether_it_takes_pods()
    {
        var node = JsonNode.Parse("""
            {"metadata":{"labels":{"node-role.kubernetes.io/worker":"","node-role.kubernetes.io/gpu":""}},"spec":{"unschedulable":true},
             "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"nodeInfo":{"kubeletVersion":"v1.36.2"}}}
            """)!.AsObject();

        var row = _cluster.Row("nodes", node);
        Assert.Equal(("Ready,SchedulingDisabled", "gpu,worker", "v1.36.2", "10.0.0.1", "<none>", "<unknown>"),
            (row["Status"], row["Roles"], row["Version"], row["Internal-IP"], row["External-IP"], row["OS-Image"]));
    }

    [Fact]
    public void Both_shapes_of_an_event_print_alike()
    {
        var stored = JsonNode.Parse("""
            {"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"Pulled","message":" done ","type":"Normal","eventTime":"2026-01-01T00:00:00.000000Z",
             "reportingComponent":"kubelet","reportingInstance":"n","series":{"count":4,"lastObservedTime":"2026-01-01T00:01:00.000000Z"}}
            """)!.AsObject();

        var row = _cluster.Row("events", stored);
        Assert.Equal(("pod/p", "done", "4", "kubelet, n"), (row["Object"], row["Message"], row["Count"], row["Source"]));
        Assert.Equal(row, _cluster.Row("events.events.k8s.io", BuiltinCluster.Kind("events.events.k8s.io").FromStorage!(stored)));
    }

    [Fact]
    public void An_autoscalers_targets_stand_beside_what_was_measured()
    {
        var autoscaler = JsonNode.Parse("""
            {"spec":{"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},
                                {"type":"Pods","pods":{"metric":{"name":"q"},"target":{"type":"AverageValue","averageValue":"5"}}},
                                {"type":"External","external":{"target":{"value":"9"}}}]},
             "status":{"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":12}}}]}}
            """)!.AsObject();

        Assert.Equal("cpu: 12%/80%, <unknown>/5 + 1 more...", _cluster.Row("horizontalpodautoscalers.autoscaling", autoscaler)["Targets"]);
    }

    [Theory]
    [InlineData("""{"conditions":[{"type":"Complete","status":"True"}],"succeeded":1}""", "Complete", "1/1")]
    [InlineData("""{"conditions":[{"type":"Failed","status":"True"}]}""", "Failed", "0/1")]
    [InlineData("""{"conditions":[{"type":"Suspended","status":"True"}]}""", "Suspended", "0/1")]
    [InlineData("""{"active":1}""", "Running", "0/1")]
    public void A_jobs_row_says_where_it_stands(string status, string word, string completions)
    {
        var row = _cluster.Row("jobs.batch", new JsonObject { ["spec"] = new JsonObject { ["completions"] = 1 }, ["status"] = JsonNode.Parse(status) });
        Assert.Equal((word, completions), (row["Status"], row["Completions"]));
    }
}
