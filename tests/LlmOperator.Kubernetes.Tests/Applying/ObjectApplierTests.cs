using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Applying;

public sealed class ObjectApplierTests
{
    private const string HashAnnotation = "example.com/applied-hash";
    private readonly FakeKubeClient _server = new();
    private readonly ObjectApplier _applier;
    private readonly Echo _owner;

    public ObjectApplierTests()
    {
        _applier = new ObjectApplier(_server, "test", HashAnnotation);
        _owner = _server.Put(Echo.Named("one"));
    }

    [Fact]
    public async Task What_is_not_there_is_applied_and_then_left_alone()
    {
        var first = await _applier.ApplyIfChangedAsync(Wanted("a"), null, Stop);
        var second = await _applier.ApplyIfChangedAsync(Wanted("a"), first.Object, Stop);

        Assert.Equal((true, false), (first.Written, second.Written));
        Assert.NotNull(_server.Peek<Part>("one")!.Metadata.Annotations?[HashAnnotation]);
        Assert.Single(_server.Writes);
    }

    [Fact]
    public async Task The_hash_stands_beside_the_annotations_wanted()
    {
        var wanted = Wanted("a") with { Metadata = Wanted("a").Metadata with { Annotations = new Dictionary<string, string> { ["note"] = "kept \u201cas it is\u201d" } } };

        var live = (await _applier.ApplyIfChangedAsync(wanted, null, Stop)).Object;

        Assert.Equal("kept \u201cas it is\u201d", live.Metadata.Annotations?["note"]);
        Assert.Equal([HashAnnotation, "note"], live.Metadata.Annotations!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(wanted.Spec, live.Spec);
        Assert.False((await _applier.ApplyIfChangedAsync(wanted, live, Stop)).Written);
    }

    [Fact]
    public async Task Drift_is_repaired()
    {
        var live = (await _applier.ApplyIfChangedAsync(Wanted("a"), null, Stop)).Object;
        var drifted = _server.Put(live with { Spec = new PartSpec { Image = "somebody's" } });

        Assert.True((await _applier.ApplyIfChangedAsync(Wanted("a"), drifted, Stop)).Written);
        Assert.Equal("a", _server.Peek<Part>("one")!.Spec?.Image);
    }

    [Fact]
    public async Task A_field_no_longer_wanted_leads_to_an_apply()
    {
        var live = (await _applier.ApplyIfChangedAsync(Wanted("a", extra: "x"), null, Stop)).Object;

        Assert.True((await _applier.ApplyIfChangedAsync(Wanted("a"), live, Stop)).Written);
    }

    [Fact]
    public async Task What_others_add_is_no_reason_to_write()
    {
        var live = (await _applier.ApplyIfChangedAsync(Wanted("a"), null, Stop)).Object;
        var joined = live with { Metadata = live.Metadata with { Labels = new Dictionary<string, string> { ["team"] = "x" } }, Spec = live.Spec! with { Extra = "theirs" } };

        Assert.False((await _applier.ApplyIfChangedAsync(Wanted("a"), joined, Stop)).Written);
    }

    [Fact]
    public async Task The_order_of_labels_is_no_reason_to_write()
    {
        var live = (await _applier.ApplyIfChangedAsync(Labelled("x", "y"), null, Stop)).Object;

        Assert.False((await _applier.ApplyIfChangedAsync(Labelled("y", "x"), live, Stop)).Written);

        Part Labelled(params string[] labels) => Wanted("a") with
        {
            Metadata = Wanted("a").Metadata with { Labels = labels.ToDictionary(label => label, label => label) },
        };
    }

    [Fact]
    public async Task An_object_another_controller_manages_is_not_touched()
    {
        var other = _server.Put(Echo.Named("other"));
        var live = _server.Put(new Part { Metadata = new ObjectMeta { Name = "one", Namespace = "default" }.WithController(other) });

        var error = await Assert.ThrowsAsync<NotOursException>(() => _applier.ApplyIfChangedAsync(Wanted("a"), live, Stop));

        Assert.Contains("managed by Echo other", error.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Writes);
    }

    [Fact]
    public async Task An_object_that_was_there_before_is_not_touched()
    {
        var live = _server.Put(new Part { Metadata = new ObjectMeta { Name = "one", Namespace = "default" } });

        await Assert.ThrowsAsync<NotOursException>(() => _applier.ApplyIfChangedAsync(Wanted("a"), live, Stop));
        Assert.Empty(_server.Writes);
    }

    [Fact]
    public async Task An_object_on_its_way_out_is_left_to_go()
    {
        var live = (await _applier.ApplyIfChangedAsync(Wanted("a"), null, Stop)).Object;
        var going = live with { Metadata = live.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };

        Assert.False((await _applier.ApplyIfChangedAsync(Wanted("b"), going, Stop)).Written);
    }

    [Fact]
    public async Task A_status_is_written_when_it_says_something_else_and_only_then()
    {
        var wanted = Echo.Named("one") with { Spec = null, Status = new EchoStatus { Ready = 0 } };
        var first = await _applier.ApplyStatusIfChangedAsync(wanted, _owner, Stop);
        var second = await _applier.ApplyStatusIfChangedAsync(wanted, first.Object, Stop);

        Assert.Equal((true, false), (first.Written, second.Written));
        Assert.Equal("status", Assert.Single(_server.Writes).Subresource);
    }

    [Fact]
    public async Task Pruning_deletes_what_the_owner_has_and_no_longer_wants()
    {
        var other = _server.Put(Echo.Named("other"));
        var keep = Child("keep", _owner);
        Part[] owned = [keep, Child("drop", _owner), Child("theirs", other)];

        var deleted = await _applier.PruneAsync(_owner.Metadata.Uid!, owned, new HashSet<ObjectKey> { ObjectKey.Of(keep) }, Stop);

        Assert.Equal(1, deleted);
        Assert.Equal(["keep", "theirs"], _server.PeekAll<Part>().Select(part => part.Metadata.Name).Order());

        Part Child(string name, Echo owner) => _server.Put(new Part { Metadata = new ObjectMeta { Name = name, Namespace = "default" }.WithController(owner) });
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Part Wanted(string image, string? extra = null) => new()
    {
        Metadata = new ObjectMeta { Name = "one", Namespace = "default" }.WithController(_owner),
        Spec = new PartSpec { Image = image, Extra = extra },
    };
}
