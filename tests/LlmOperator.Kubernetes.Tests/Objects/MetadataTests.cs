using System.Text;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Objects;

public sealed class MetadataTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly Deployment Owner = new() { Metadata = new() { Name = "web", Namespace = "shop", Uid = "u1" } };

    [Fact]
    public void A_controller_reference_blocks_the_owners_foreground_deletion()
    {
        var metadata = new ObjectMeta { Name = "pod", Namespace = "shop" }.WithController(Owner);

        Assert.Equal(new OwnerReference { ApiVersion = "apps/v1", Kind = "Deployment", Name = "web", Uid = "u1", Controller = true, BlockOwnerDeletion = true }, Assert.Single(metadata.OwnerReferences!));
        Assert.True(new Pod { Metadata = metadata }.IsControlledBy(Owner));
    }

    [Fact]
    public void Setting_the_same_controller_twice_keeps_one_reference_and_the_other_owners()
    {
        var other = new OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = "c", Uid = "u2" };
        var metadata = new ObjectMeta { Name = "pod", Namespace = "shop", OwnerReferences = [other] }.WithController(Owner).WithController(Owner);

        Assert.Equal(["u2", "u1"], metadata.OwnerReferences!.Select(reference => reference.Uid));
    }

    [Fact]
    public void A_second_controller_an_owner_elsewhere_and_an_owner_never_stored_are_refused()
    {
        var taken = new ObjectMeta { Name = "pod", Namespace = "shop" }.WithController(Owner);
        var second = new Deployment { Metadata = new() { Name = "api", Namespace = "shop", Uid = "u3" } };

        Assert.Contains("managed by Deployment web already", Assert.Throws<InvalidOperationException>(() => taken.WithController(second)).Message, StringComparison.Ordinal);
        Assert.Contains("same namespace", Assert.Throws<InvalidOperationException>(() => new ObjectMeta { Name = "pod", Namespace = "other" }.WithController(Owner)).Message, StringComparison.Ordinal);
        Assert.Contains("cluster-scoped", Assert.Throws<InvalidOperationException>(() => new ObjectMeta { Name = "node" }.WithController(Owner)).Message, StringComparison.Ordinal);
        Assert.Contains("no uid", Assert.Throws<InvalidOperationException>(() => new ObjectMeta { Namespace = "shop" }.WithController(new Pod { Metadata = new() { Name = "p", Namespace = "shop" } })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_scoped_owner_may_own_a_namespaced_object() =>
        Assert.Single(new ObjectMeta { Name = "pod", Namespace = "shop" }.WithController(new Node { Metadata = new() { Name = "n", Uid = "u" } }).OwnerReferences!);

    [Fact]
    public void A_conditions_transition_time_moves_only_with_its_status()
    {
        var first = ((IReadOnlyList<Condition>?)null).With(new Condition { Type = "Ready", Status = "False", Reason = "Waiting" }, Now);
        var same = first.With(new Condition { Type = "Ready", Status = "False", Reason = "StillWaiting", ObservedGeneration = 2 }, Now.AddHours(1));
        var changed = same.With(new Condition { Type = "Ready", Status = "True" }, Now.AddHours(2));

        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), first[0].LastTransitionTime);
        Assert.Equal((first[0].LastTransitionTime, "StillWaiting", 2), (same[0].LastTransitionTime, same[0].Reason, same[0].ObservedGeneration));
        Assert.Equal(first[0].LastTransitionTime!.Value.AddHours(2), changed[0].LastTransitionTime);
        Assert.True(changed.IsTrue("Ready"));
    }

    [Fact]
    public void Setting_a_condition_keeps_the_order_of_the_others()
    {
        IReadOnlyList<Condition> conditions = [new() { Type = "A", Status = "True" }, new() { Type = "B", Status = "True" }];

        Assert.Equal(["A", "B", "C"], conditions.With(new() { Type = "A", Status = "False" }, Now).With(new() { Type = "C", Status = "True" }, Now).Select(condition => condition.Type));
        Assert.Equal(["B"], conditions.Without("A").Select(condition => condition.Type));
    }

    [Fact]
    public void A_finalizer_patch_carries_the_version_it_was_made_from()
    {
        var pod = new Pod { Metadata = new() { Name = "p", ResourceVersion = "7", Finalizers = ["other"] } };

        Assert.Equal("""{"metadata":{"resourceVersion":"7","finalizers":["other","mine"]}}""", Text(Finalizers.AddPatch(pod, "mine")));
        Assert.Equal("""{"metadata":{"resourceVersion":"7","finalizers":[]}}""", Text(Finalizers.RemovePatch(pod, "other")));
        Assert.Null(Finalizers.AddPatch(pod, "other"));
        Assert.Null(Finalizers.RemovePatch(pod, "mine"));
    }

    [Theory]
    [InlineData(3, 10, false, 3)]
    [InlineData("25%", 10, false, 2)]
    [InlineData("25%", 10, true, 3)]
    [InlineData("100%", 3, false, 3)]
    public void A_percentage_is_taken_of_the_total(object value, int total, bool up, int expected) =>
        Assert.Equal(expected, (value is int number ? (IntOrString)number : (IntOrString)(string)value).Scaled(total, up));

    [Fact]
    public void A_text_that_is_no_percentage_cannot_be_scaled() =>
        Assert.Contains("25%", Assert.Throws<FormatException>(() => ((IntOrString)"http").Scaled(3, false)).Message, StringComparison.Ordinal);

    private static string Text(Patch? patch) => Encoding.UTF8.GetString(patch!.Body.Span);
}
