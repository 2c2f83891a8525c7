using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Cache;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Cache;

public sealed class CachePlannerTests
{
    private const string One = "1111111111111111111111111111111111111111";
    private const string Two = "2222222222222222222222222222222222222222";
    private const long Gi = 1L << 30;

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void The_volume_comes_first_and_has_room_for_two_revisions()
    {
        var plan = CachePlanner.Plan(Observe());

        Assert.Equal("twin-cache", plan.Claim!.Metadata.Name);
        Assert.Equal("34Gi", plan.Claim.Spec!.Resources!.Requests!["storage"].ToString()); // 2 x 15 GiB x 1.08, and one more
        Assert.Equal(["ReadWriteMany"], plan.Claim.Spec.AccessModes!);
        Assert.Null(plan.Job);
        Assert.Equal("CreatingVolume", plan.State!.Reason);
    }

    [Fact]
    public void A_Job_then_fetches_the_pinned_commit_into_a_folder_of_its_own()
    {
        var plan = CachePlanner.Plan(Observe() with { Claim = Claim() });

        var container = plan.Job!.Spec!.Template!.Spec!.Containers![0];
        var item = FetchItem.Parse(container.Args![^1]);
        Assert.Equal(["fetch", "--into", "/models", "--item"], container.Args.SkipLast(1));
        Assert.Equal((One, One, "mlabonne/TwinLlama-3.1-8B-DPO"), (item.Folder, item.Revision, item.Source.HuggingFace!.Repo));
        Assert.Equal("Fetching", plan.State!.Reason);
        Assert.Null(plan.Status!.Serving);
    }

    [Fact]
    public void The_token_comes_by_reference_and_never_into_an_argument()
    {
        var observed = Observe(model => model with { Spec = model.Spec! with { Source = Hub(new() { Name = "hub", Key = "token" }) } });

        var container = CachePlanner.Plan(observed with { Claim = Claim(), Items = [Item(One) with { Source = observed.Model.Spec!.Source }] }).Job!.Spec!.Template!.Spec!.Containers![0];

        Assert.Equal(("hub", "token"), (container.Env!.Single(variable => variable.Name == "FETCH_0_HF_TOKEN").ValueFrom!.SecretKeyRef!.Name, container.Env!.Single(variable => variable.Name == "FETCH_0_HF_TOKEN").ValueFrom!.SecretKeyRef!.Key));
        Assert.DoesNotContain("tokenSecretRef", container.Args![^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_fetch_is_written_on_the_claim_and_then_its_Job_goes()
    {
        var job = Finished(Started(Observe() with { Claim = Claim() }), "Complete");
        var plan = CachePlanner.Plan(Observe() with { Claim = Claim(), Jobs = [job] });

        Assert.Equal(One, plan.Claim!.Metadata.Annotations![ApiGroup.CachedFoldersAnnotation]);
        Assert.Equal(One, plan.Status!.Serving!.Folder);
        Assert.Equal(("True", "WeightsCached"), (plan.State!.Status, plan.State.Reason));
        Assert.Empty(plan.ObsoleteJobs);

        var after = CachePlanner.Plan(Observe() with { Claim = Claim(One), Jobs = [job] });
        Assert.Equal([job], after.ObsoleteJobs);
        Assert.Null(after.Job);
        Assert.Null(after.LookAgain);
    }

    [Fact]
    public void A_new_commit_is_fetched_beside_the_old_which_goes_on_serving()
    {
        var plan = CachePlanner.Plan(Observe(Serving(One)) with { Items = [Item(Two)], Claim = Claim(One) });

        Assert.Equal([Two], CacheFolders(plan.Job!));
        Assert.Equal(One, plan.Status!.Serving!.Folder);
        Assert.Equal("Fetching", plan.State!.Reason);
    }

    [Fact]
    public void The_old_commit_stays_while_a_pod_loads_it_and_goes_after()
    {
        var observed = Observe(Serving(Two)) with { Items = [Item(Two)], Claim = Claim(One, Two) };
        var (old, present) = (CachePlanner.SetName(new() { Folder = One }), CachePlanner.SetName(new() { Folder = Two }));

        Assert.Null(CachePlanner.Plan(observed with { Loaded = [present, old] }).Job);
        var removal = CachePlanner.Plan(observed with { Loaded = [present, null] }).Job!;

        Assert.Equal(["fetch", "--into", "/models", "--remove", One], removal.Spec!.Template!.Spec!.Containers![0].Args!);
        var done = CachePlanner.Plan(observed with { Jobs = [Finished(removal, "Complete")] });
        Assert.Equal(Two, done.Claim!.Metadata.Annotations![ApiGroup.CachedFoldersAnnotation]);
    }

    [Fact]
    public void A_failed_fetch_says_why_and_is_tried_again_later_and_later()
    {
        var observed = Observe() with { Claim = Claim() };
        var first = Finished(Started(observed), "Failed");
        var pod = new Pod
        {
            Metadata = new() { Name = "p", OwnerReferences = [new() { ApiVersion = "batch/v1", Kind = "Job", Name = first.Metadata.Name!, Uid = first.Metadata.Uid! }] },
            Status = new() { ContainerStatuses = [new() { Name = "fetch", State = new() { Terminated = new() { ExitCode = 1, Message = "hub.example answers 502" } } }] },
        };

        var waiting = CachePlanner.Plan(observed with { Jobs = [first], JobPods = [pod] });
        Assert.Equal(("False", "FetchFailed"), (waiting.State!.Status, waiting.State.Reason));
        Assert.Contains("hub.example answers 502", waiting.State.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromMinutes(1), waiting.LookAgain);
        Assert.Null(waiting.Job);

        var again = CachePlanner.Plan(observed with { Jobs = [first], Now = Now.AddMinutes(1) }).Job!;
        Assert.NotEqual(first.Metadata.Name, again.Metadata.Name);
        Assert.Equal(TimeSpan.FromMinutes(2), CachePlanner.Plan(observed with { Jobs = [first, Finished(again, "Failed")] }).LookAgain);
    }

    [Fact]
    public void A_changed_spec_is_tried_at_once()
    {
        var failed = Finished(Started(Observe() with { Claim = Claim() }), "Failed");
        var changed = Observe(model => model with { Metadata = model.Metadata with { Generation = 2 } });

        var plan = CachePlanner.Plan(changed with { Claim = Claim(), Jobs = [failed] });

        Assert.NotNull(plan.Job);
        Assert.Equal([failed], plan.ObsoleteJobs);
    }

    [Fact]
    public void A_volume_that_is_too_small_is_told_before_anything_is_fetched()
    {
        var observed = Observe(model => model with { Spec = model.Spec! with { Cache = new() { Size = Quantity.Parse("10Gi") } } });

        var plan = CachePlanner.Plan(observed with { Claim = Claim() });

        Assert.Equal(("False", "CacheTooSmall"), (plan.State!.Status, plan.State.Reason));
        Assert.Contains("15,360 MiB", plan.State.Message, StringComparison.Ordinal);
        Assert.Contains("spec.cache.size", plan.State.Message, StringComparison.Ordinal);
        Assert.Null(plan.Job);
    }

    [Fact]
    public void What_the_fetch_itself_finds_too_small_is_told_likewise()
    {
        var observed = Observe() with { Claim = Claim() };
        var job = Finished(Started(observed), "Failed");
        var pod = new Pod
        {
            Metadata = new() { Name = "p", OwnerReferences = [new() { ApiVersion = "batch/v1", Kind = "Job", Name = job.Metadata.Name!, Uid = job.Metadata.Uid! }] },
            Status = new() { ContainerStatuses = [new() { Name = "fetch", State = new() { Terminated = new() { ExitCode = CacheJobs.NoRoom, Message = "the volume is full" } } }] },
        };

        Assert.Equal("CacheTooSmall", CachePlanner.Plan(observed with { Jobs = [job], JobPods = [pod] }).State!.Reason);
    }

    [Fact]
    public void A_volume_never_shrinks()
    {
        var observed = Observe(model => model with { Spec = model.Spec! with { Cache = new() { Size = Quantity.Parse("20Gi") } } });

        Assert.Equal("34Gi", CachePlanner.Plan(observed with { Claim = Claim() }).Claim!.Spec!.Resources!.Requests!["storage"].ToString());
    }

    [Fact]
    public void A_size_nobody_knows_is_asked_for()
    {
        var plan = CachePlanner.Plan(Observe() with { Items = [Item(One) with { Bytes = null }] });

        Assert.Null(plan.Claim);
        Assert.Equal("CacheSizeUnknown", plan.State!.Reason);
    }

    [Fact]
    public void A_claim_that_was_lost_takes_the_knowledge_of_its_folders_with_it()
    {
        var job = Finished(Started(Observe() with { Claim = Claim() }), "Complete");
        var anew = Claim() with { Metadata = Claim().Metadata with { Uid = "another" } };

        var plan = CachePlanner.Plan(Observe(Serving(One)) with { Claim = anew, Jobs = [job] });

        Assert.NotNull(plan.Job);
        Assert.Null(plan.Status!.Serving);
        Assert.Equal([job], plan.ObsoleteJobs);
    }

    [Fact]
    public void A_claim_of_somebody_else_is_left_alone()
    {
        var foreign = Claim() with { Metadata = Claim().Metadata with { OwnerReferences = null } };

        var plan = CachePlanner.Plan(Observe() with { Claim = foreign });

        Assert.Null(plan.Claim);
        Assert.Equal("NameConflict", plan.State!.Reason);
    }

    [Fact]
    public void A_cache_nobody_wants_goes_once_nobody_loads_from_it()
    {
        var observed = Observe(model => model with { Spec = model.Spec! with { Cache = null } }) with { Claim = Claim(One) };

        Assert.Null(CachePlanner.Plan(observed with { Loaded = ["x"] }).ObsoleteClaim);
        Assert.Equal("twin-cache", CachePlanner.Plan(observed with { Loaded = [null] }).ObsoleteClaim!.Metadata.Name);
    }

    [Fact]
    public void A_fetch_of_a_revision_nobody_wants_any_more_is_broken_off()
    {
        var running = Started(Observe() with { Claim = Claim() });

        var plan = CachePlanner.Plan(Observe() with { Items = [Item(Two)], Claim = Claim(), Jobs = [running] });

        Assert.Equal([running], plan.ObsoleteJobs);
    }

    [Fact]
    public void Adapters_lie_beside_the_weights_and_endpoints_go_over_when_all_is_there()
    {
        IReadOnlyList<CacheItem> items = [Item(One), Item(Two) with { Adapter = "tone", Bytes = 1 }];

        var partly = CachePlanner.Plan(Observe() with { Items = items, Claim = Claim(One) });
        var whole = CachePlanner.Plan(Observe() with { Items = items, Claim = Claim(One, Two) });

        Assert.Equal([Two], CacheFolders(partly.Job!));
        Assert.Null(partly.Status!.Serving);
        Assert.Equal(Two, whole.Status!.Serving!.Adapters!.Single().Folder);
    }

    [Fact]
    public void While_a_fetch_runs_its_progress_shows()
    {
        var observed = Observe() with { Claim = Claim() };
        var plan = CachePlanner.Plan(observed with { Jobs = [Started(observed)], Progress = new(3 * Gi, 12 * Gi) });

        Assert.Equal(25, plan.Status!.ProgressPercent);
        Assert.NotNull(plan.Running);
        Assert.NotNull(plan.LookAgain);
    }

    [Theory]
    [InlineData("v1.0/β", "v1.0")]
    [InlineData("sha256:abc", "sha256abc")]
    public void A_folder_is_the_revision_made_fit_for_a_path(string revision, string folder) => Assert.Equal(folder, CacheItem.FolderOf(revision));

    [Fact]
    public void The_objects_are_as_reviewed()
    {
        var observed = Observe(model => model with { Spec = model.Spec! with { Cache = new() { StorageClassName = "fast", AccessMode = "ReadWriteOnce", ServiceAccountName = "reader" } } }) with
        {
            Claim = Claim(),
            Items =
            [
                Item(One) with { Source = Hub(new() { Name = "hub" }) },
                new() { Adapter = "tone", Revision = Two, Bytes = 1 << 20, Source = new() { S3 = new() { Bucket = "adapters", Prefix = "tone", Region = "eu-central-1", CredentialsSecretRef = new() { Name = "aws" } } } },
            ],
        };
        var plan = CachePlanner.Plan(observed);
        var removal = CachePlanner.Plan(Observe(Serving(Two)) with { Items = [Item(Two)], Claim = Claim(One, Two) });

        Assert.Null(GoldenFile.Difference($"{Folder}/cache.persistentvolumeclaim.json", Text(plan.Claim!)));
        Assert.Null(GoldenFile.Difference($"{Folder}/cache-fetch.job.json", Text(plan.Job!)));
        Assert.Null(GoldenFile.Difference($"{Folder}/cache-remove.job.json", Text(removal.Job!)));
    }

    private const string Folder = "tests/LlmOperator.Planning.Tests/Golden";

    private static string Text<T>(T obj)
        where T : class, LlmOperator.Kubernetes.IKubeObject<T> =>
        JsonNode.Parse(JsonSerializer.Serialize(obj, T.JsonTypeInfo))!.ToJsonString(new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";

    private static string[] CacheFolders(Job job) => job.Metadata.Annotations!["llmops.dev/cache-folders"].Split(',');

    private static Job Started(CacheObservation observed)
    {
        var job = CachePlanner.Plan(observed).Job!;
        return job with { Metadata = job.Metadata with { Uid = "job-" + job.Metadata.Name } };
    }

    private static Job Finished(Job job, string how) => job with
    {
        Metadata = job.Metadata with { Uid = job.Metadata.Uid ?? "job-" + job.Metadata.Name },
        Status = new() { Conditions = [new() { Type = how, Status = "True", LastTransitionTime = Now }] },
    };

    private static PersistentVolumeClaim Claim(params string[] folders) => new()
    {
        Metadata = new()
        {
            Name = "twin-cache",
            Namespace = "ml",
            Uid = "claim",
            Annotations = folders.Length == 0 ? null : new Dictionary<string, string> { [ApiGroup.CachedFoldersAnnotation] = string.Join(',', folders) },
            OwnerReferences = [new() { ApiVersion = ApiGroup.ApiVersion, Kind = "LlmModel", Name = "twin", Uid = "model", Controller = true }],
        },
        Spec = new() { Resources = new() { Requests = new Dictionary<string, Quantity> { ["storage"] = Quantity.Parse("34Gi") } } },
    };

    private static Func<LlmModel, LlmModel> Serving(string folder) =>
        model => model with { Status = new() { Cache = new() { ClaimName = "twin-cache", Serving = new() { Folder = folder } } } };

    private static CacheItem Item(string revision) => new() { Source = Hub(), Revision = revision, Bytes = 15 * Gi };

    private static ModelSource Hub(LlmOperator.Api.Common.SecretKeyReference? token = null) => new() { HuggingFace = new() { Repo = "mlabonne/TwinLlama-3.1-8B-DPO", TokenSecretRef = token } };

    private static CacheObservation Observe(Func<LlmModel, LlmModel>? change = null)
    {
        var model = new LlmModel { Metadata = new() { Name = "twin", Namespace = "ml", Uid = "model", Generation = 1 }, Spec = new() { Source = Hub(), Cache = new() } };
        return new() { Model = change?.Invoke(model) ?? model, Items = [Item(One)], FetcherImage = "llm-operator:test", Now = Now };
    }
}
