using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests.Hold;

/// <summary>In whatever order things come and go, the end is the same.</summary>
public sealed class OrderTests
{
    /// <summary>Four children, a finalizer, and two statuses that change with what has come.</summary>
    private const int MostWrites = 20;

    private static readonly string[] Things = ["endpoint", "model", "secret", "node"];

    [Fact]
    public async Task Any_order_of_creation_comes_to_the_same_objects_by_a_bounded_number_of_writes()
    {
        string? expected = null;
        foreach (var order in Orders(Things))
        {
            await using var cluster = new OperatorFixture();
            await CreateAsync(cluster, order);
            var outcome = Outcome.Of(cluster);
            Assert.True((expected ??= outcome) == outcome, $"in the order {string.Join(", ", order)}:\n{outcome}\nexpected:\n{expected}");
            Assert.True(cluster.Writes.Count <= MostWrites, $"in the order {string.Join(", ", order)}: {cluster.Writes.Count} writes: {string.Join("; ", cluster.Writes)}");
        }

        Assert.Contains("Ready=True/Serving", expected);
        Assert.Contains("\"kind\":\"Deployment\"", expected);
    }

    [Fact]
    public async Task Any_order_of_deletion_leaves_nothing_and_nothing_comes_back()
    {
        foreach (var order in Orders(Things))
        {
            await using var cluster = new OperatorFixture();
            await CreateAsync(cluster, Things);
            Assert.NotEmpty(cluster.Api.Peek<LlmModel>("m")!.Metadata.Finalizers!);

            foreach (var thing in order)
            {
                Delete(cluster, thing);
                await cluster.SettleAsync();
                if (thing == "endpoint")
                {
                    // The collector comes later, once the operator knows that the endpoint is gone.
                    Collect(cluster);
                    await cluster.SettleAsync();
                }
            }

            await Until.TrueAsync(
                () => cluster.Api.Peek<LlmModel>("m")!.Metadata.Finalizers is null or { Count: 0 }, $"the model is let go in the order {string.Join(", ", order)}", cluster.Clock, TimeSpan.FromSeconds(1));
            cluster.Api.Remove<LlmModel>("m");

            // What was made again before the operator knew that the endpoint is gone has no owner, and is collected as well.
            await cluster.SettleAsync();
            Collect(cluster);
            await cluster.SettleAsync();
            cluster.Api.ForgetRequests();
            await PassAsync(cluster, seconds: 120);

            Assert.Equal("", Outcome.Of(cluster));
            Assert.Empty(cluster.Writes);
        }
    }

    private static async Task CreateAsync(OperatorFixture cluster, IReadOnlyList<string> order)
    {
        cluster.Start();
        foreach (var thing in order)
        {
            Create(cluster, thing);
            await cluster.SettleAsync();
        }

        await Until.TrueAsync(
            () => cluster.Api.Peek<Deployment>("twin") is not null && cluster.Api.Peek<LlmModel>("m")?.Status?.Conditions.Find("Ready") is { Status: "True" },
            $"the model is found in the order {string.Join(", ", order)}",
            cluster.Clock,
            TimeSpan.FromSeconds(1));
        cluster.RunPods();
        await cluster.ConditionAsync("Ready", "True", "Serving");
        await cluster.ConditionAsync("Progressing", "True", "RevisionAvailable");
        await cluster.ConditionAsync("Scheduled", "True", "PodsScheduled");
        await PassAsync(cluster, seconds: 5);
    }

    private static void Create(OperatorFixture cluster, string thing)
    {
        switch (thing)
        {
            case "endpoint":
                cluster.PutEndpoint();
                break;
            case "model":
                cluster.PutModel(spec: """{"source":{"huggingFace":{"repo":"org/model","tokenSecretRef":{"name":"hub"}}},"parameters":"8B"}""");
                break;
            case "secret":
                cluster.Api.Put(new Secret { Metadata = new() { Name = "hub", Namespace = "default" }, Data = new Dictionary<string, byte[]> { ["token"] = "hf_token"u8.ToArray() } });
                break;
            default:
                cluster.PutNode();
                break;
        }
    }

    /// <summary>Plays the collector of what has lost its owner.</summary>
    private static void Collect(OperatorFixture cluster)
    {
        cluster.Api.Remove<Deployment>("twin");
        cluster.Api.Remove<Pod>("twin-pod");
        cluster.Api.Remove<Service>("twin");
        cluster.Api.Remove<PodDisruptionBudget>("twin");
        cluster.Api.Remove<NetworkPolicy>("twin");
    }

    /// <summary>Plays the API server, which waits for finalizers.</summary>
    private static void Delete(OperatorFixture cluster, string thing)
    {
        switch (thing)
        {
            case "endpoint":
                cluster.Api.Remove<LlmEndpoint>("twin");
                break;
            case "model":
                var model = cluster.Api.Peek<LlmModel>("m")!;
                cluster.Api.Put(model with { Metadata = model.Metadata with { DeletionTimestamp = cluster.Clock.GetUtcNow() } });
                break;
            case "secret":
                cluster.Api.Remove<Secret>("hub");
                break;
            default:
                cluster.Api.Remove<Node>("a10g-0", null!);
                break;
        }
    }

    private static async Task PassAsync(OperatorFixture cluster, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(1));
            await Until.QuietAsync();
        }

        await cluster.SettleAsync();
    }

    private static IEnumerable<IReadOnlyList<string>> Orders(IReadOnlyList<string> things) => things.Count == 0
        ? [[]]
        : things.SelectMany(first => Orders([.. things.Where(other => other != first)]).Select(rest => (IReadOnlyList<string>)[first, .. rest]));
}
