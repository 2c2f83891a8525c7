using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests.Hold;

/// <summary>Children changed or deleted by hand: what is the operator's is put back by few writes, what is not is left, and then there is rest.</summary>
public sealed class HandEditTests
{
    /// <summary>One for the child; the others tell of it in the endpoint's status, when the child is the workload.</summary>
    private const int MostWrites = 6;

    /// <summary>The clock runs a little while something is awaited: a watch that has come to its end is opened again after a moment.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    [Fact]
    public Task A_Deployment() => TouchAsync<Deployment>(
        child => child with { Spec = child.Spec! with { Replicas = 5 } },
        child => child.Spec!.Replicas == 1,
        (child, metadata) => child with { Metadata = metadata });

    [Fact]
    public Task A_Service() => TouchAsync<Service>(
        child => child with { Spec = child.Spec! with { Ports = [child.Spec.Ports![0] with { Port = 81 }] } },
        child => child.Spec!.Ports is [{ Port: 80 }],
        (child, metadata) => child with { Metadata = metadata });

    [Fact]
    public Task A_PodDisruptionBudget() => TouchAsync<PodDisruptionBudget>(
        child => child with { Spec = child.Spec! with { MaxUnavailable = 3 } },
        child => child.Spec!.MaxUnavailable == 1,
        (child, metadata) => child with { Metadata = metadata });

    [Fact]
    public Task A_NetworkPolicy() => TouchAsync<NetworkPolicy>(
        child => child with { Spec = child.Spec! with { Ingress = [child.Spec.Ingress![0] with { From = null }] } },
        child => child.Spec!.Ingress![0].From is { Count: > 0 },
        (child, metadata) => child with { Metadata = metadata });

    private static async Task TouchAsync<T>(Func<T, T> spoil, Func<T, bool> isRight, Func<T, ObjectMeta, T> withMetadata)
        where T : class, IKubeObject<T>
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        T Live() => cluster.Api.Peek<T>("twin")!;

        await MinuteAsync(cluster);
        var before = Outcome.Of(cluster);
        cluster.Api.ForgetRequests();
        await MinuteAsync(cluster);
        Assert.Empty(cluster.Writes);

        // Owned: the spec.
        Assert.True(isRight(Live()));
        cluster.Api.Put(spoil(Live()));
        await Until.TrueAsync(() => isRight(Live()), $"{T.Resource.Kind} is put right", cluster.Clock, Tick);
        await RestAsync<T>(cluster, before);

        // Owned: a label.
        var labels = Live().Metadata.Labels!;
        cluster.Api.Put(withMetadata(Live(), Live().Metadata with { Labels = labels.ToDictionary(label => label.Key, _ => "other") }));
        await Until.TrueAsync(() => Live().Metadata.Labels!.OrderBy(label => label.Key).SequenceEqual(labels.OrderBy(label => label.Key)), "the labels are put right", cluster.Clock, Tick);
        await RestAsync<T>(cluster, before);

        // Deleted.
        cluster.Api.Remove<T>("twin");
        await Until.TrueAsync(() => cluster.Api.Peek<T>("twin") is not null, $"{T.Resource.Kind} is back", cluster.Clock, Tick);
        await RestAsync<T>(cluster, before);

        // Not owned.
        var annotations = new Dictionary<string, string>(Live().Metadata.Annotations ?? new Dictionary<string, string>()) { ["example.com/team"] = "search" };
        cluster.Api.Put(withMetadata(Live(), Live().Metadata with { Annotations = annotations, Labels = new Dictionary<string, string>(labels) { ["team"] = "search" } }));
        await MinuteAsync(cluster);
        Assert.Empty(cluster.Writes);
        Assert.Equal(("search", "search"), (Live().Metadata.Annotations!["example.com/team"], Live().Metadata.Labels!["team"]));
    }

    /// <summary>Few writes so far, and none once a minute has passed.</summary>
    private static async Task RestAsync<T>(OperatorFixture cluster, string before)
        where T : class, IKubeObject<T>
    {
        if (typeof(T) == typeof(Deployment))
        {
            // The status tells of a workload that is not up to date, and then of one that is.
            if (cluster.Api.Peek<Deployment>("twin") is { } changed && changed.Status?.ObservedGeneration != changed.Metadata.Generation)
            {
                await cluster.ConditionAsync("Progressing", "True", "RollingOut");
            }

            cluster.CountPods();
        }

        await Outcome.ReachAsync(cluster, before, $"after an edit of the {T.Resource.Kind}");
        await MinuteAsync(cluster);
        Assert.True(cluster.Writes.Count <= MostWrites, string.Join("; ", cluster.Writes));
        Assert.Equal(1, cluster.Api.Writes.Count(write => write.Plural == T.Resource.Plural));
        cluster.Api.ForgetRequests();
        await MinuteAsync(cluster);
        Assert.Empty(cluster.Writes);
    }

    private static Task MinuteAsync(OperatorFixture cluster) => Outcome.PassAsync(cluster, seconds: 60);
}
