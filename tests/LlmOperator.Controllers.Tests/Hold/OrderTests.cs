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
            await Outcome.ReachAsync(cluster, expected ??= Outcome.Of(cluster), $"in the order {string.Join(", ", order)}");
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
            }

            await Until.TrueAsync(
                () => cluster.Api.Peek<LlmModel>("m")!.Metadata.Finalizers is null or { Count: 0 }, $"the model is let go in the order {string.Join(", ", order)}", cluster.Clock, TimeSpan.FromSeconds(1));
            cluster.Api.Remove<LlmModel>("m");

            // The collector comes last: a model is let go only once the operator knows that the endpoint is gone.
            Collect(cluster);
            await Outcome.PassAsync(cluster, seconds: 60);
            Assert.Equal("", Outcome.Of(cluster));

            // Nor does it when the model comes back, which an operator that still believed in the endpoint would serve.
            Create(cluster, "model");
            Create(cluster, "secret");
            await Until.TrueAsync(() => cluster.Api.Peek<LlmModel>("m")!.Status?.Conditions.Find("Ready") is { Status: "True" }, "the model is found anew", cluster.Clock, TimeSpan.FromSeconds(1));
            await Outcome.PassAsync(cluster, seconds: 5);
            Assert.Empty(cluster.Api.PeekAll<Deployment>());
        }
    }

    private static async Task CreateAsync(OperatorFixture cluster, string[] order)
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
        await Outcome.PassAsync(cluster, seconds: 5);
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

    private static IEnumerable<string[]> Orders(string[] things) => things.Length == 0
        ? [[]]
        : things.SelectMany(first => Orders([.. things.Where(other => other != first)]).Select(rest => (string[])[first, .. rest]));
}
