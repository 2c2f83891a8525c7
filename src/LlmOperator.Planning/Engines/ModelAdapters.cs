using System.Globalization;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Engines;

/// <summary>A LoRA adapter in an engine's pod.</summary>
/// <param name="Name">Name clients ask for.</param>
/// <param name="Path">Folder the engine finds it in.</param>
/// <param name="Volume">Volume it lies on; null where it is fetched.</param>
/// <param name="Mount">Where that is mounted.</param>
/// <param name="Fetch">Container that fetches it before the engine starts; null where it lies on a volume.</param>
internal sealed record PodAdapter(string Name, string Path, Volume? Volume, VolumeMount? Mount, Container? Fetch);

/// <summary>
/// How a model's adapters reach the engine. Those of the hub are fetched by an init container from the engine's own image at the revision asked for: the engines differ in how, and whether,
/// they take a revision, and all take a folder.
/// </summary>
internal static class ModelAdapters
{
    private const string MountRoot = "/adapters";
    private const string FetchedRoot = EngineContainer.CachePath + "/adapters";
    private const int UnknownRank = 64;

    // Repository, revision and folder come as arguments, so that no text of a user's is read as code.
    private const string Download = "import sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1], revision=sys.argv[2], local_dir=sys.argv[3])";

    // What vLLM accepts as --max-lora-rank.
    private static readonly int[] Ranks = [8, 16, 32, 64, 128, 256, 320, 512];

    public static IReadOnlyList<PodAdapter> Of(EndpointSettings settings) =>
        settings.Cached is { } cached
            ? [.. (cached.Adapters ?? []).Select(adapter => new PodAdapter(adapter.Name, ModelVolume.Cached(settings, adapter.Folder).Path, null, null, null))]
            : [.. (settings.ModelSpec.Adapters ?? []).Select((adapter, index) => Placed(settings, adapter, index))];

    /// <summary>Largest rank among the adapters, rounded up to one engines accept; one that is not known counts as 64.</summary>
    public static int Rank(EndpointSettings settings)
    {
        var largest = (settings.ModelSpec.Adapters ?? []).Max(adapter => adapter.Rank ?? Found(settings, adapter)?.Rank ?? UnknownRank);
        return Ranks.First(rank => rank >= Math.Min(largest, Ranks[^1]));
    }

    /// <summary>Whether an adapter comes from a registry while the pod starts.</summary>
    public static bool AreFetched(EndpointSettings settings) => settings.Cached is null && settings.ModelSpec.Adapters?.Any(adapter => adapter.Source.HuggingFace is not null) == true;

    /// <summary>Why an adapter's source cannot be used; null when it can.</summary>
    public static string? Refusal(ModelAdapter adapter) =>
        adapter.Source.S3 is null ? null : $"adapter {adapter.Name} lies in S3, from where no engine loads one: put it on the hub, in an OCI image or on a PersistentVolumeClaim, and say so in its source, or set spec.cache, into which it is fetched";

    private static PodAdapter Placed(EndpointSettings settings, ModelAdapter adapter, int index)
    {
        var volume = "adapter-" + index.ToString(CultureInfo.InvariantCulture);
        if (ModelVolume.Folder(adapter.Source, volume, $"{MountRoot}/{adapter.Name}", Found(settings, adapter)?.Revision) is { } folder)
        {
            return new(adapter.Name, folder.Path, folder.Volume, folder.Mount, null);
        }

        var path = $"{FetchedRoot}/{adapter.Name}";
        return new(adapter.Name, path, null, null, adapter.Source.HuggingFace is { } hub ? Fetch(settings, adapter, hub, volume, path) : null);
    }

    private static AdapterStatus? Found(EndpointSettings settings, ModelAdapter adapter) => settings.Model.Status?.Adapters?.FirstOrDefault(found => found.Name == adapter.Name);

    private static Container Fetch(EndpointSettings settings, ModelAdapter adapter, HuggingFaceSource hub, string name, string path) => new()
    {
        Name = name,
        Image = EngineContainer.Image(settings),
        ImagePullPolicy = settings.Engine.ImagePullPolicy,
        Command = ["python3", "-c", Download, hub.Repo, Found(settings, adapter)?.Revision ?? hub.Revision, path],
        Env = [.. EngineContainer.Folders, .. ModelVolume.Registry(adapter.Source)],
        Resources = new() { Requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["cpu"] = Quantity.Parse("100m"), ["memory"] = Quantity.Parse("512Mi") } },
        VolumeMounts = [EngineContainer.CacheMount, EngineContainer.TemporaryMount],
        SecurityContext = EngineContainer.Security(readOnlyRoot: true),
    };
}
