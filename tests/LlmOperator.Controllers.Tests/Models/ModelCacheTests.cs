using System.Text;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Fetching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Cache;
using LlmOperator.Sandbox.StandIns.Hub;
using Xunit;

namespace LlmOperator.Controllers.Tests.Models;

/// <summary>The cache of a model over a life, between an embedded API server, a stand-in hub, and a folder that stands for the volume. The test plays the Job controller, and runs what the Jobs ask for.</summary>
public sealed class ModelCacheTests : IDisposable
{
    private const string Config = """{"architectures":["LlamaForCausalLM"],"torch_dtype":"bfloat16"}""";

    private readonly DirectoryInfo _volume = Directory.CreateTempSubdirectory("cache");

    public void Dispose() => _volume.Delete(recursive: true);

    [Fact]
    public async Task A_model_is_fetched_at_its_commit_and_the_next_one_beside_it()
    {
        await using var test = await HubFixture.StartAsync();
        var first = Commit(test, "one");
        await test.PutModelAsync(more: ""","parameters":"8B","cache":{"size":"1Gi"}""");

        await test.ConditionAsync("Cached", "Unknown", "Fetching");
        await test.ConditionAsync("Ready", "False", "Fetching");
        Assert.Equal("1Gi", (await test.Client.GetAsync<PersistentVolumeClaim>(new("default", "m-cache"), test.Guard))!.Spec!.Resources!.Requests!["storage"].ToString());
        await RunAsync(test);
        await test.ConditionAsync("Ready", "True", "FactsKnown");
        var status = await test.StatusAsync(found => found.Cache?.Serving?.Folder == first);
        Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(_volume.FullName, first, "model.safetensors"), test.Guard));
        Assert.Equal([first], status.Cache!.Folders!);
        await NoJobsAsync(test);

        var second = Commit(test, "two");
        await test.AnnotateAsync("1");
        status = await test.StatusAsync(found => found.ResolvedRevision == second && found.Conditions.Find("Cached") is { Reason: "Fetching" });
        Assert.Equal(first, status.Cache!.Serving!.Folder);
        Assert.Equal("True", status.Conditions.Find("Ready")!.Status);

        await RunAsync(test);
        status = await test.StatusAsync(found => found.Cache?.Serving?.Folder == second);
        Assert.Contains(first, status.Cache!.Folders!);

        await RunAsync(test);
        await test.StatusAsync(found => found.Cache?.Folders is [var only] && only == second);
        Assert.False(Directory.Exists(Path.Combine(_volume.FullName, first)));
        await NoJobsAsync(test);
    }

    [Fact]
    public async Task A_failed_fetch_is_told_and_tried_again()
    {
        await using var test = await HubFixture.StartAsync();
        Commit(test, "one");
        await test.PutModelAsync(more: ""","parameters":"8B","cache":{"size":"1Gi"}""");
        var job = await JobAsync(test);

        await FinishAsync(test, job, "Failed");
        var status = await test.ConditionAsync("Cached", "False", "FetchFailed", advance: false);
        Assert.Equal(1, status.Cache!.FailedAttempts);
        await test.ConditionAsync("Ready", "False", "FetchFailed");

        await test.ConditionAsync("Cached", "Unknown", "Fetching");
        await RunAsync(test);
        await test.ConditionAsync("Ready", "True", "FactsKnown");
    }

    [Fact]
    public async Task A_claim_of_somebody_else_is_not_taken()
    {
        await using var test = await HubFixture.StartAsync();
        Commit(test, "one");
        await test.Client.CreateAsync(
            new PersistentVolumeClaim
            {
                Metadata = new() { Name = "m-cache", Namespace = "default" },
                Spec = new() { AccessModes = ["ReadWriteOnce"], Resources = new() { Requests = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse("1Gi") } } },
            },
            cancellationToken: test.Guard);
        await test.PutModelAsync(more: ""","parameters":"8B","cache":{"size":"1Gi"}""");

        await test.ConditionAsync("Cached", "False", "NameConflict");
        Assert.Null((await test.Client.GetAsync<PersistentVolumeClaim>(new("default", "m-cache"), test.Guard))!.Metadata.OwnerReferences);
    }

    [Fact]
    public async Task A_claim_the_API_server_refuses_is_told_in_the_status()
    {
        await using var test = await HubFixture.StartAsync();
        Commit(test, "one");
        await test.PutModelAsync(more: ""","parameters":"8B","cache":{"size":"-1Gi"}""");

        var status = await test.ConditionAsync("Cached", "False", "ObjectRefused");

        Assert.Contains("must be greater than zero; change spec.cache", status.Conditions.Find("Cached")!.Message, StringComparison.Ordinal);
        Assert.Equal("ObjectRefused", status.Conditions.Find("Ready")!.Reason);
    }

    [Fact]
    public async Task Adapters_are_found_held_and_fetched_beside_the_weights()
    {
        await using var test = await HubFixture.StartAsync();
        var weights = Commit(test, "one");
        var adapter = test.Hub.Repository("org/tone").Commit("main", HubFile.Text("adapter_config.json", """{"r":32,"peft_type":"LORA"}"""), HubFile.Text("adapter_model.safetensors", "lora"), HubFile.Text("optimizer.pt", "x"));
        await test.PutModelAsync(more: ""","parameters":"8B","cache":{"size":"1Gi"},"adapters":[{"name":"tone","source":{"huggingFace":{"repo":"org/tone"} } }]""");

        await test.ConditionAsync("AdaptersReady", "True", "AdaptersFound");
        await RunAsync(test);
        var status = await test.ConditionAsync("Ready", "True", "FactsKnown");

        Assert.Equal(("tone", adapter, 32), (status.Adapters!.Single().Name, status.Adapters!.Single().Revision, status.Adapters!.Single().Rank));
        Assert.Equal((weights, adapter), (status.Cache!.Serving!.Folder, status.Cache.Serving.Adapters!.Single().Folder));
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Directory.GetFiles(Path.Combine(_volume.FullName, adapter)).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task An_adapter_that_is_missing_is_told_until_it_appears()
    {
        await using var test = await HubFixture.StartAsync();
        Commit(test, "one");
        await test.PutModelAsync(more: ""","parameters":"8B","adapters":[{"name":"tone","source":{"huggingFace":{"repo":"org/tone"} } }]""");
        var status = await test.ConditionAsync("AdaptersReady", "False", "ModelNotFound", advance: false);
        Assert.Contains("adapter tone", status.Conditions.Find("Ready")!.Message, StringComparison.Ordinal);

        test.Hub.Repository("org/tone").Commit("main", HubFile.Text("adapter_config.json", """{"r":8}"""));

        await test.ConditionAsync("Ready", "True", "FactsKnown");
    }

    [Fact]
    public async Task Adapters_the_licence_forbids_are_not_looked_for()
    {
        await using var test = await HubFixture.StartAsync();
        Commit(test, "one");
        await test.PutModelAsync(more: ""","parameters":"8B","card":{"adaptable":false},"adapters":[{"name":"tone","source":{"huggingFace":{"repo":"org/tone"} } }]""");

        await test.ConditionAsync("AdaptersReady", "False", "LicenceForbidsAdapters");
        await test.ConditionAsync("Ready", "True", "FactsKnown");
    }

    private static string Commit(HubFixture test, string weights) =>
        test.Hub.Repository(HubFixture.Repo).Commit("main", HubFile.Text("config.json", Config), HubFile.Text("model.safetensors", weights), HubFile.Text("original/consolidated.00.pth", "again"));

    /// <summary>Does what the one Job there is asks for, and says that it is done.</summary>
    private async Task RunAsync(HubFixture test)
    {
        var job = await JobAsync(test);
        var arguments = job.Spec!.Template!.Spec!.Containers![0].Args!;
        Assert.Equal(["fetch", "--into", CacheJobs.MountPath], arguments.Take(3));
        var (items, removals) = (Given("--item"), Given("--remove"));
        var (log, error) = (new StringWriter(), new StringWriter());

        var code = await FetchRun.RunAsync(_volume.FullName, [.. items.Select(FetchItem.Parse)], [.. removals], _ => null, log, error, TimeProvider.System, test.Guard);

        Assert.True(code == 0, error.ToString());
        await FinishAsync(test, job, "Complete");

        IEnumerable<string> Given(string option) => arguments.Zip(arguments.Skip(1)).Where(pair => pair.First == option).Select(pair => pair.Second);
    }

    private static async Task<Job> JobAsync(HubFixture test)
    {
        while (true)
        {
            var jobs = await JobsAsync(test);
            if (jobs.Count > 0)
            {
                return jobs[0];
            }

            await test.PassAsync(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task NoJobsAsync(HubFixture test)
    {
        while ((await test.Client.ListAsync<Job>("default", cancellationToken: test.Guard)).Items.Any())
        {
            await test.PassAsync(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task<List<Job>> JobsAsync(HubFixture test) =>
        [.. (await test.Client.ListAsync<Job>("default", cancellationToken: test.Guard)).Items.Where(job => job.Metadata.DeletionTimestamp is null && job.Status?.Conditions is not { Count: > 0 })];

    private static Task<Job> FinishAsync(HubFixture test, Job job, string how) => test.Client.PatchAsync<Job>(
        ObjectKey.Of(job),
        Patch.Merge(Encoding.UTF8.GetBytes(
            $$$"""{"status":{"startTime":"2026-01-01T00:00:00Z",{{{(how == "Complete" ? "\"completionTime\":\"2026-01-01T00:00:01Z\"," : "")}}}"conditions":[{{{Condition(test, how == "Complete" ? "SuccessCriteriaMet" : "FailureTarget")}}},{{{Condition(test, how)}}}]} }""")),
        new() { Subresource = "status" },
        test.Guard);

    private static string Condition(HubFixture test, string type) => $$$"""{"type":"{{{type}}}","status":"True","lastTransitionTime":"{{{test.Clock.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}}"}""";
}
