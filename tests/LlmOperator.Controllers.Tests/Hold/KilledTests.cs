using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests.Hold;

/// <summary>An operator that ends after any of its writes leaves nothing that the next one cannot finish.</summary>
public sealed class KilledTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_whichever_write_the_operator_is_killed_the_next_one_comes_to_the_same_end(bool isRollout)
    {
        var (expected, writes) = await RunAsync(isRollout, killedAfter: int.MaxValue);
        Assert.InRange(writes, 2, 30);
        Assert.Contains(isRollout ? RevisionRegistry.Commit("v2") : RevisionRegistry.Commit("main"), expected);

        // Statuses that follow close upon each other are one write or two, so the last ones may be of some runs only.
        var kills = 0;
        for (var count = 0; count < writes; count++)
        {
            kills += (await RunAsync(isRollout, count, expected)).Writes > count ? 1 : 0;
        }

        Assert.True(kills >= 2, $"{kills} runs were killed");
    }

    /// <returns>What there is in the end, and the writes until the pods were to run.</returns>
    private static async Task<(string Outcome, int Writes)> RunAsync(bool isRollout, int killedAfter, string? expected = null)
    {
        await using var cluster = new OperatorFixture { Registry = new RevisionRegistry() };
        if (isRollout)
        {
            await cluster.ServeAsync();
            cluster.Api.ForgetRequests();
        }

        var (writes, isDead) = (0, false);
        cluster.Api.Intercept = (request, _) =>
        {
            if (isDead || (request is { IsWrite: true, Plural: not "events" } && Interlocked.Increment(ref writes) > killedAfter))
            {
                isDead = true;
                throw new HttpRequestException("the connection is closed");
            }

            return Task.CompletedTask;
        };

        if (isRollout)
        {
            var model = cluster.Api.Peek<LlmModel>("m")!;
            cluster.Api.Put(model with { Spec = model.Spec! with { Source = new() { HuggingFace = model.Spec.Source.HuggingFace! with { Revision = "v2" } } } });
        }
        else
        {
            cluster.PutNode();
            cluster.PutModel();
            cluster.PutEndpoint();
            cluster.Start();
        }

        // Far enough for all that does not wait for pods.
        var commit = RevisionRegistry.Commit(isRollout ? "v2" : "main");
        bool IsRollingOut() => cluster.Api.Peek<LlmModel>("m")?.Status?.ResolvedRevision == commit
            && cluster.Api.Peek<Deployment>("twin") is { } deployment && deployment.Spec!.Template!.Spec!.Containers![0].Args!.Contains(commit);
        await Until.TrueAsync(() => Volatile.Read(ref isDead) || IsRollingOut(), $"the Deployment has {commit}, or the operator is dead", cluster.Clock, TimeSpan.FromSeconds(1));
        if (!Volatile.Read(ref isDead))
        {
            await Until.TrueAsync(() => Volatile.Read(ref isDead) || cluster.Condition("Progressing") is { Reason: "RollingOut" }, "the status tells of it", cluster.Clock, TimeSpan.FromSeconds(1));
            await Outcome.PassAsync(cluster, seconds: 30);
        }

        // Nobody would start an operator again that is killed later than this.
        var count = writes;
        cluster.Api.Intercept = null;
        if (Volatile.Read(ref isDead))
        {
            await cluster.StopAsync();
            cluster.Start();
        }

        await Until.TrueAsync(IsRollingOut, $"the Deployment has {commit}", cluster.Clock, TimeSpan.FromSeconds(1));
        await cluster.ConditionAsync("Progressing", "True", "RollingOut");
        cluster.RunPods();
        await cluster.ConditionAsync("Ready", "True", "Serving");
        await cluster.ConditionAsync("Progressing", "True", "RevisionAvailable");
        await cluster.ConditionAsync("Scheduled", "True", "PodsScheduled");
        await Outcome.PassAsync(cluster, seconds: 5);
        await Outcome.ReachAsync(cluster, expected ?? Outcome.Of(cluster), $"killed after {killedAfter} writes");
        return (Outcome.Of(cluster), count);
    }
}
