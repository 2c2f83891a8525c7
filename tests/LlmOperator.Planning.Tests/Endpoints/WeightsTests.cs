using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Endpoints;

/// <summary>From where pods get the weights: out of the model's cache, from a mirror, from the hub.</summary>
public sealed class WeightsTests
{
    private const string Folder = "1111111111111111111111111111111111111111";
    private const string AdapterFolder = "2222222222222222222222222222222222222222";

    private const string Model = """
        {"source":{"huggingFace":{"repo":"org/model","tokenSecretRef":{"name":"hub"} } },"parameters":"8B","limits":{"maxTotalTokens":4096},"cache":{},
         "adapters":[{"name":"tone","source":{"huggingFace":{"repo":"org/tone"} } }]}
        """;

    [Fact]
    public void A_cached_model_is_mounted_read_only_and_the_pod_asks_no_registry()
    {
        var plan = Plan(Model, model => model with { Status = model.Status! with { Cache = Cached } });
        var pod = plan.Deployment!.Spec!.Template!;
        var engine = pod.Spec!.Containers![0];

        Assert.Equal($"/models/{Folder}", engine.Args![engine.Args.ToList().IndexOf("--model") + 1]);
        Assert.Contains($"tone=/models/{AdapterFolder}", engine.Args);
        Assert.DoesNotContain("--revision", engine.Args);
        var volume = Assert.Single(pod.Spec.Volumes!, volume => volume.PersistentVolumeClaim is not null);
        Assert.Equal(("m-cache", true), (volume.PersistentVolumeClaim!.ClaimName, volume.PersistentVolumeClaim.ReadOnly));
        Assert.Contains(engine.VolumeMounts!, mount => mount.Name == volume.Name && mount.ReadOnly == true);
        Assert.Contains(engine.Env!, variable => variable is { Name: "HF_HUB_OFFLINE", Value: "1" });
        Assert.DoesNotContain(engine.Env!, variable => variable.Name is "HF_TOKEN");
        Assert.Equal(["prompt-trace"], pod.Spec.InitContainers!.Select(container => container.Name));
        Assert.Equal(CachePlanner.SetName(Cached.Serving!), pod.Metadata!.Labels![ApiGroup.CacheLabel]);
        Assert.Equal([53], Ports(plan));
    }

    [Fact]
    public void A_new_set_of_folders_is_a_new_revision_and_the_old_one_goes_on_until_it_is_whole()
    {
        var before = Plan(Model, model => model with { Status = model.Status! with { Cache = Cached } });
        var fetching = Plan(Model, model => model with { Status = model.Status! with { Cache = Cached with { ProgressPercent = 40 }, ResolvedRevision = "3333" } });
        var after = Plan(Model, model => model with { Status = model.Status! with { Cache = Cached with { Serving = Cached.Serving! with { Folder = "3333" } } } });

        Assert.Equal(EndpointObjects.Revision(before.Deployment), EndpointObjects.Revision(fetching.Deployment));
        Assert.NotEqual(EndpointObjects.Revision(before.Deployment), EndpointObjects.Revision(after.Deployment));
    }

    [Fact]
    public void Pods_ask_the_mirror_the_operator_is_told_of_unless_the_model_names_one()
    {
        const string Plain = """{"source":{"huggingFace":{"repo":"org/model"} },"parameters":"8B","limits":{"maxTotalTokens":4096} }""";
        const string Own = """{"source":{"huggingFace":{"repo":"org/model","endpoint":"https://own.example:7443"} },"parameters":"8B","limits":{"maxTotalTokens":4096} }""";

        Assert.Equal("https://mirror.example:8443", Hub(Plan(Plain, hub: "https://mirror.example:8443")));
        Assert.Equal([53, 443, 8443], Ports(Plan(Plain, hub: "https://mirror.example:8443")));
        Assert.Equal("https://own.example:7443", Hub(Plan(Own, hub: "https://mirror.example:8443")));
        Assert.Null(Hub(Plan(Plain)));
    }

    private static CacheStatus Cached => new() { ClaimName = "m-cache", Serving = new() { Folder = Folder, Adapters = [new() { Name = "tone", Folder = AdapterFolder }] } };

    private static string? Hub(EndpointPlan plan) => plan.Deployment!.Spec!.Template!.Spec!.Containers![0].Env!.FirstOrDefault(variable => variable.Name == "HF_ENDPOINT")?.Value;

    private static IEnumerable<int> Ports(EndpointPlan plan) => plan.NetworkPolicy!.Spec!.Egress!.SelectMany(rule => rule.Ports!).Select(port => (int)port.Port!.Value.Number!).Distinct();

    private static EndpointPlan Plan(string spec, Func<LlmModel, LlmModel>? change = null, string? hub = null)
    {
        var model = Cluster.Model(spec: spec);
        return EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"contextLength":2048} }"""), change?.Invoke(model) ?? model) with { HubEndpoint = hub });
    }
}
