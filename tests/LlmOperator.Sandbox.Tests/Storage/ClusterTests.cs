using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Storage;

public sealed class ClusterTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly Cluster _cluster;

    public ClusterTests() => _cluster = TinyKinds.NewCluster(_time);

    private static ObjectRef Thing(string name) => new(TinyKinds.Things, "default", name);

    [Fact]
    public void Create_fills_in_identity_time_and_version()
    {
        var created = _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test");

        Assert.True(Guid.TryParse(created.Text("metadata", "uid"), out _));
        Assert.Equal("2026-01-02T03:04:05Z", created.Text("metadata", "creationTimestamp"));
        Assert.Equal(1, created.Integer("metadata", "generation"));
        Assert.Equal("v1", created.Text("apiVersion"));
        Assert.Equal(_cluster.Store.Revision.ToString(), created.Text("metadata", "resourceVersion"));
    }

    [Fact]
    public void Each_write_gets_a_higher_version_across_all_kinds()
    {
        var first = _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test");
        var ns = _cluster.Create(Cluster.Namespaces, TinyKinds.Named("other"), "test");

        Assert.True(ns.Text("metadata", "resourceVersion")!.CompareTo(first.Text("metadata", "resourceVersion")) > 0);
    }

    [Fact]
    public void A_change_that_changes_nothing_keeps_the_version_and_tells_nobody()
    {
        var created = _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test");
        var events = new List<ClusterEvent>();
        using var subscription = _cluster.Subscribe(events.Add);

        var updated = _cluster.Update(Thing("a"), _ => { }, "test");
        var same = _cluster.Update(Thing("a"), obj => obj.Child("metadata").Remove("labels"), "test");

        Assert.Equal(created.Text("metadata", "resourceVersion"), same!.Text("metadata", "resourceVersion"));
        Assert.NotNull(updated);
        Assert.Empty(events);
    }

    [Fact]
    public async Task Objects_can_be_read_while_a_commit_is_under_way()
    {
        var guard = TestContext.Current.CancellationToken;
        using var inside = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        using var subscription = _cluster.Subscribe(_ =>
        {
            inside.Release();
            Assert.True(go.Wait(TimeSpan.FromSeconds(30), guard));
        });
        var write = Task.Run(() => _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test"), guard);
        await inside.WaitAsync(guard);

        await Task.Run(() => (_cluster.Get(Thing("a")), _cluster.List(TinyKinds.Things)), guard).WaitAsync(TimeSpan.FromSeconds(10), guard);

        go.Release();
        await write;
    }

    [Fact]
    public void Generation_follows_spec_and_not_status_or_labels()
    {
        _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test");

        _cluster.Update(Thing("a"), obj => obj["status"] = new JsonObject { ["x"] = 1 }, "test", "status");
        _cluster.Update(Thing("a"), obj => obj.Child("metadata")["labels"] = new JsonObject { ["l"] = "1" }, "test");
        Assert.Equal(1, _cluster.Get(Thing("a"))!.Integer("metadata", "generation"));

        _cluster.Update(Thing("a"), obj => obj["spec"] = new JsonObject { ["x"] = 1 }, "test");
        Assert.Equal(2, _cluster.Get(Thing("a"))!.Integer("metadata", "generation"));
        Assert.Equal(1, _cluster.Get(Thing("a"))!.Integer("status", "x"));
    }

    [Fact]
    public void An_update_with_an_old_version_is_a_conflict()
    {
        var created = _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test");
        _cluster.Update(Thing("a"), obj => obj["spec"] = 1, "test");

        var refusal = Assert.Throws<StatusException>(() => _cluster.Update(
            Thing("a"),
            obj =>
            {
                obj.Child("metadata")["resourceVersion"] = created.Text("metadata", "resourceVersion");
                obj["spec"] = 2;
            },
            "test"));
        Assert.Equal("Conflict", refusal.Reason);
    }

    [Fact]
    public void Finalizers_hold_an_object_until_the_last_is_taken_off()
    {
        var obj = TinyKinds.Named("a", "default");
        obj.Child("metadata")["finalizers"] = new JsonArray("example.com/x");
        _cluster.Create(TinyKinds.Things, obj, "test");

        Assert.True(_cluster.Delete(Thing("a")));
        Assert.NotNull(_cluster.Get(Thing("a"))!.Text("metadata", "deletionTimestamp"));

        _cluster.Update(Thing("a"), present => present.Child("metadata").Remove("finalizers"), "test");
        Assert.Null(_cluster.Get(Thing("a")));
    }

    [Fact]
    public void A_scheduled_pod_is_given_its_grace_and_goes_when_it_is_cut_to_zero()
    {
        var pod = TinyKinds.Named("p", "default");
        pod["spec"] = new JsonObject { ["nodeName"] = "n", ["terminationGracePeriodSeconds"] = 7 };
        _cluster.Create(new("", "pods"), pod, "test");
        var reference = new ObjectRef(new("", "pods"), "default", "p");

        _cluster.Delete(reference);
        Assert.Equal(7, _cluster.Get(reference)!.Integer("metadata", "deletionGracePeriodSeconds"));
        Assert.Equal("2026-01-02T03:04:12Z", _cluster.Get(reference)!.Text("metadata", "deletionTimestamp"));

        _cluster.Delete(reference, new DeleteOptions { GracePeriodSeconds = 0 });
        Assert.Null(_cluster.Get(reference));
    }

    [Fact]
    public void A_pod_that_no_node_has_goes_at_once()
    {
        _cluster.Create(new("", "pods"), TinyKinds.Named("p", "default"), "test");
        _cluster.Delete(new ObjectRef(new("", "pods"), "default", "p"));
        Assert.Null(_cluster.Get(new ObjectRef(new("", "pods"), "default", "p")));
    }

    [Fact]
    public void Objects_need_a_namespace_that_exists()
    {
        var refusal = Assert.Throws<StatusException>(() => _cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "nowhere"), "test"));
        Assert.Equal(404, refusal.Code);
    }

    [Fact]
    public void An_old_state_can_be_read_within_the_window_and_not_beyond_it()
    {
        var cluster = TinyKinds.NewCluster(window: 2);
        cluster.Create(TinyKinds.Things, TinyKinds.Named("a", "default"), "test");
        var revision = cluster.Store.Revision;
        cluster.Create(TinyKinds.Things, TinyKinds.Named("b", "default"), "test");
        Assert.Single(cluster.Store.At(TinyKinds.Things, revision)!.Items);

        cluster.Create(TinyKinds.Things, TinyKinds.Named("c", "default"), "test");
        cluster.Create(TinyKinds.Things, TinyKinds.Named("d", "default"), "test");
        Assert.Null(cluster.Store.At(TinyKinds.Things, revision));
        Assert.Null(cluster.Store.Watch(TinyKinds.Things, null, revision));
    }

    [Fact]
    public async Task A_watch_that_falls_behind_is_closed_and_writers_go_on()
    {
        var cluster = TinyKinds.NewCluster(queue: 2);
        using var watch = cluster.Store.Watch(TinyKinds.Things, null, cluster.Store.Revision)!;
        for (var i = 0; i < 5; i++)
        {
            cluster.Create(TinyKinds.Things, TinyKinds.Named($"t{i}", "default"), "test");
        }

        var seen = 0;
        await foreach (var _ in watch.Changes.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            seen++;
        }

        Assert.Equal(2, seen);
        Assert.Equal(5, cluster.List(TinyKinds.Things).Count);
    }
}
