using System.Net;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Controllers.Tests.Models;

/// <summary>Models and the hub over a life: what appears late, moves, expires, is refused or falls silent.</summary>
public sealed class ModelRegistryTests
{
    private const string WithToken = ""","tokenSecretRef":{"name":"hub"}""";

    [Fact]
    public async Task A_model_of_which_nothing_is_given_gets_its_facts_from_the_hub()
    {
        await using var test = await HubFixture.StartAsync();
        var commit = test.Commit();
        test.Hub.Repository(HubFixture.Repo).License = "llama3.1";
        await test.PutModelAsync();

        var status = await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);

        Assert.Equal((commit, "main", 8_030_261_248, 16_060_522_496, 131_072L, "llama3.1"), (status.ResolvedRevision, status.ResolvedFrom, status.ParameterCount, status.WeightsBytes, status.KvBytesPerToken, status.License));
    }

    [Fact]
    public async Task A_missing_model_is_not_found_until_it_appears()
    {
        await using var test = await HubFixture.StartAsync();
        await test.PutModelAsync(more: ""","parameters":"8B" """);
        var status = await test.ConditionAsync("Ready", "False", "ModelNotFound", advance: false);
        Assert.Contains("spec.source.huggingFace.repo", status.Conditions.Find("Ready")!.Message);

        test.Commit();

        await test.ConditionAsync("Ready", "True", "FactsKnown");
    }

    [Fact]
    public async Task A_gated_model_without_a_token_is_denied_until_a_Secret_gives_access()
    {
        await using var test = await HubFixture.StartAsync();
        test.Commit();
        test.Hub.Repository(HubFixture.Repo).Gated = "manual";
        await test.PutModelAsync();
        await test.ConditionAsync("Ready", "False", "AccessDenied", advance: false);

        await test.PutModelAsync(hub: WithToken);
        await test.ConditionAsync("Ready", "False", "TokenSecretNotFound");
        var asked = test.Hub.Requests.Count;
        await test.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(asked, test.Hub.Requests.Count);

        await test.PutSecretAsync("hf_PlantedWrongToken");
        await test.ConditionAsync("Ready", "False", "InvalidToken");

        test.Hub.AddToken(HubFixture.Token, "me");
        await test.PutSecretAsync(HubFixture.Token);
        await test.ConditionAsync("Ready", "False", "AccessDenied");

        test.Hub.Repository(HubFixture.Repo).Readers.Add("me");
        await test.ConditionAsync("Ready", "True", "FactsKnown");
        Assert.DoesNotContain("Planted", await test.AllTextAsync());
    }

    [Fact]
    public async Task A_Secret_without_the_key_is_told_and_heals_soon()
    {
        await using var test = await HubFixture.StartAsync();
        test.Commit();
        test.Hub.AddToken(HubFixture.Token, "me");
        await test.PutSecretAsync(HubFixture.Token, key: "other");
        await test.PutModelAsync(hub: WithToken);
        var status = await test.ConditionAsync("Ready", "False", "TokenSecretNotFound", advance: false);
        Assert.Contains("has no key token", status.Conditions.Find("Ready")!.Message);

        var since = test.Clock.GetUtcNow();
        await test.PutSecretAsync(HubFixture.Token);
        await test.ConditionAsync("Ready", "True", "FactsKnown");

        Assert.InRange(test.Clock.GetUtcNow() - since, TimeSpan.Zero, TimeSpan.FromSeconds(31));
    }

    [Fact]
    public async Task A_token_that_is_rotated_is_taken_soon_and_a_bad_one_does_not_lose_the_facts()
    {
        await using var test = await HubFixture.StartAsync();
        var commit = test.Commit();
        test.Hub.Repository(HubFixture.Repo).Private = true;
        test.Hub.Repository(HubFixture.Repo).Readers.Add("me");
        test.Hub.AddToken(HubFixture.Token, "me");
        await test.PutSecretAsync(HubFixture.Token);
        await test.PutModelAsync(hub: WithToken);
        await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);

        test.Hub.RevokeToken(HubFixture.Token);
        var status = await test.ConditionAsync("RegistryReachable", "False", "InvalidToken");
        Assert.Equal(("True", commit), (status.Conditions.Find("Ready")!.Status, status.ResolvedRevision));

        var since = test.Clock.GetUtcNow();
        test.Hub.AddToken("hf_PlantedNewToken", "me");
        await test.PutSecretAsync("hf_PlantedNewToken");
        await test.ConditionAsync("RegistryReachable", "True", "Resolved");

        Assert.InRange(test.Clock.GetUtcNow() - since, TimeSpan.Zero, TimeSpan.FromSeconds(31));
        Assert.DoesNotContain("Planted", await test.AllTextAsync());
    }

    [Fact]
    public async Task A_branch_that_moves_stays_pinned_until_the_update_is_asked_for()
    {
        await using var test = await HubFixture.StartAsync();
        var first = test.Commit("first");
        await test.PutModelAsync();
        await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);

        var second = test.Commit("second");
        var status = await test.ConditionAsync("UpdateAvailable", "True", "RevisionMoved");
        Assert.Equal(first, status.ResolvedRevision);
        Assert.Contains(second, status.Conditions.Find("UpdateAvailable")!.Message);

        await test.AnnotateAsync("now");
        status = await test.StatusAsync(found => found.ResolvedRevision == second, advance: false);
        Assert.Null(status.Conditions.Find("UpdateAvailable"));

        var third = test.Commit("third");
        await test.PutModelAsync(hub: $$""","revision":"{{third}}" """);
        status = await test.StatusAsync(found => found.ResolvedRevision == third, advance: false);
        Assert.Equal(third, status.ResolvedFrom);
        var asked = test.Hub.Requests.Count;
        await test.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(asked, test.Hub.Requests.Count); // A commit cannot move.
    }

    [Fact]
    public async Task A_hub_that_is_down_keeps_the_last_facts_in_use_and_is_not_pestered()
    {
        await using var test = await HubFixture.StartAsync();
        var commit = test.Commit();
        await test.PutModelAsync();
        await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);

        test.Hub.Failure = HttpStatusCode.BadGateway;
        var status = await test.ConditionAsync("RegistryReachable", "False", "RegistryUnavailable");
        Assert.Equal(("True", commit, 8_030_261_248), (status.Conditions.Find("Ready")!.Status, status.ResolvedRevision, status.ParameterCount));

        var version = await VersionAsync(test);
        var asked = test.Hub.Requests.Count;
        await test.PassAsync(TimeSpan.FromHours(1));
        Assert.InRange(test.Hub.Requests.Count - asked, 5, 15);
        Assert.Equal(version, await VersionAsync(test));

        test.Hub.Failure = null;
        await test.ConditionAsync("RegistryReachable", "True", "Resolved");
    }

    [Fact]
    public async Task A_hub_that_was_never_there_leaves_given_facts_ready()
    {
        await using var test = await HubFixture.StartAsync();
        await test.Hub.StopAsync();
        await test.PutModelAsync(more: ""","parameters":"8B" """);
        var status = await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);
        Assert.Equal(("main", "RegistryUnavailable"), (status.ResolvedRevision, status.Conditions.Find("RegistryReachable")!.Reason));

        await test.Hub.ListenAsync(test.Guard);
        var commit = test.Commit();
        status = await test.StatusAsync(found => found.ResolvedRevision == commit);
        Assert.Equal(["parameters"], status.GivenFacts);
    }

    [Fact]
    public async Task While_nothing_moves_nothing_is_written_and_the_hub_is_asked_as_seldom_as_stated()
    {
        await using var test = await HubFixture.StartAsync();
        test.Commit();
        await test.PutModelAsync();
        await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);
        var (version, asked) = (await VersionAsync(test), test.Hub.Requests.Count);

        await test.PassAsync(TimeSpan.FromHours(2));

        Assert.InRange(test.Hub.Requests.Count - asked, 10, 14);
        Assert.Equal(version, await VersionAsync(test));
    }

    [Fact]
    public async Task A_restart_asks_nothing_at_once_that_it_was_told_before()
    {
        await using var test = await HubFixture.StartAsync();
        test.Commit();
        for (var number = 0; number < 5; number++)
        {
            await test.PutModelAsync(name: $"m{number}");
            await test.StatusAsync(status => status.Conditions.IsTrue("Ready"), $"m{number}", advance: false);
        }

        await test.StopAsync();
        var asked = test.Hub.Requests.Count;
        test.Start();
        await test.PutModelAsync(); // A sixth, to see that the operator is at work.
        await test.ConditionAsync("Ready", "True", "FactsKnown", advance: false);
        Assert.InRange(test.Hub.Requests.Count - asked, 1, 2);

        await test.PassAsync(TimeSpan.FromMinutes(12));
        Assert.InRange(test.Hub.Requests.Count - asked, 7, 14);
    }

    [Fact]
    public async Task A_claim_that_is_missing_is_named_and_heals()
    {
        await using var test = await HubFixture.StartAsync();
        await test.Client.ApplyAsync(LlmModel.Resource, new UnstructuredObject(System.Text.Json.Nodes.JsonNode.Parse(
            """{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"name":"m","namespace":"default"},"spec":{"source":{"pvc":{"claimName":"weights"}},"parameters":"8B"}}""")!.AsObject()), new() { FieldManager = "user" }, test.Guard);
        var status = await test.ConditionAsync("Ready", "False", "ClaimNotFound", advance: false);
        Assert.Contains("spec.source.pvc.claimName", status.Conditions.Find("Ready")!.Message);

        await test.Client.CreateAsync(
            new PersistentVolumeClaim
            {
                Metadata = new() { Name = "weights", Namespace = "default" },
                Spec = new() { AccessModes = ["ReadWriteMany"], Resources = new() { Requests = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse("20Gi") } } },
            },
            cancellationToken: test.Guard);
        await test.ConditionAsync("Ready", "True", "FactsKnown");
    }

    private static async Task<string?> VersionAsync(HubFixture test) => (await test.Client.GetAsync<LlmModel>(new("default", "m"), test.Guard))!.Metadata.ResourceVersion;
}
