using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Cache;

/// <summary>The Jobs that fill and clean a cache's volume. Both run the operator's own image, whose command <c>fetch</c> knows the registries and checks what it brings.</summary>
public static class CacheJobs
{
    /// <summary>Where the volume is mounted, in the Jobs and in the engines.</summary>
    public const string MountPath = "/models";

    /// <summary>Value of the component label of the pods.</summary>
    public const string Component = "fetch";

    /// <summary>Exit code of a fetch that found too little room.</summary>
    public const int NoRoom = 10;

    /// <summary>Exit code of a fetch that the registry refuses: trying again without a change is of no use.</summary>
    public const int Refused = 11;

    internal const string ActionAnnotation = ApiGroup.Name + "/cache-action";
    internal const string FoldersAnnotation = ApiGroup.Name + "/cache-folders";
    internal const string ClaimAnnotation = ApiGroup.Name + "/cache-claim-uid";
    internal const string AttemptAnnotation = ApiGroup.Name + "/cache-attempt";
    internal const string GenerationAnnotation = ApiGroup.Name + "/cache-generation";
    internal const string FetchAction = "fetch";
    internal const string RemoveAction = "remove";

    private const string VolumeName = "models";
    private const long User = 65532;

    /// <summary>Name of a model's volume claim.</summary>
    public static string ClaimName(LlmModel model) => Name(model, "cache");

    internal static Job Fetch(CacheObservation observed, PersistentVolumeClaim claim, IReadOnlyList<CacheItem> missing, int attempt)
    {
        var items = missing.DistinctBy(item => item.Folder).ToList();
        var arguments = new List<string> { "fetch", "--into", MountPath };
        var environment = new List<EnvVar> { new() { Name = "HOME", Value = "/tmp" } };
        foreach (var (number, item) in items.Index())
        {
            var credentials = $"FETCH_{number}_";
            arguments.AddRange(["--item", new FetchItem { Folder = item.Folder, Source = Plain(item.Source, observed.HubEndpoint), Revision = item.Revision, Credentials = credentials }.ToArgument()]);
            environment.AddRange(Credentials(item.Source, credentials));
        }

        return Job(observed, claim, FetchAction, [.. items.Select(item => item.Folder)], arguments, environment, attempt);
    }

    internal static Job Remove(CacheObservation observed, PersistentVolumeClaim claim, IReadOnlyList<string> folders, int attempt) =>
        Job(observed, claim, RemoveAction, folders, ["fetch", "--into", MountPath, .. folders.SelectMany(folder => (IEnumerable<string>)["--remove", folder])], [new() { Name = "HOME", Value = "/tmp" }], attempt);

    internal static IReadOnlyList<string> Folders(Job job) => Text(job, FoldersAnnotation)?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];

    internal static string Generation(LlmModel model) => (model.Metadata.Generation ?? 0).ToString(CultureInfo.InvariantCulture);

    internal static int Attempt(Job job) => int.TryParse(Text(job, AttemptAnnotation), NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) ? attempt : 0;

    internal static string? Text(Job job, string annotation) => job.Metadata.Annotations?.GetValueOrDefault(annotation);

    /// <summary>A name of ours for a model: readable, and short enough for the names and labels that are made of it.</summary>
    internal static string Name(LlmModel model, string suffix)
    {
        var name = model.Metadata.Name!;
        var readable = name.Replace('.', '-');
        if (readable == name && readable.Length + 1 + suffix.Length <= 52)
        {
            return $"{readable}-{suffix}";
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..6];
        return $"{readable[..Math.Min(readable.Length, 52 - 8 - suffix.Length)].TrimEnd('-')}-{hash}-{suffix}";
    }

    private static Job Job(
        CacheObservation observed, PersistentVolumeClaim claim, string action, IReadOnlyList<string> folders, IReadOnlyList<string> arguments, IReadOnlyList<EnvVar> environment, int attempt)
    {
        var model = observed.Model;
        var cache = model.Spec!.Cache!;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{claim.Metadata.Uid}|{string.Join(',', folders)}|{model.Metadata.Generation}")))[..8];
        var labels = Labels(model);
        return new()
        {
            Metadata = new()
            {
                Name = Name(model, $"{action}-{hash}{(attempt == 0 ? "" : $"-{attempt}")}"),
                Namespace = model.Metadata.Namespace,
                Labels = labels,
                Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal)
                {
                    [ActionAnnotation] = action,
                    [FoldersAnnotation] = string.Join(',', folders),
                    [ClaimAnnotation] = claim.Metadata.Uid!,
                    [AttemptAnnotation] = attempt.ToString(CultureInfo.InvariantCulture),
                    [GenerationAnnotation] = Generation(model),
                },
                OwnerReferences = [Owner(model)],
            },
            Spec = new()
            {
                BackoffLimit = 3,
                TtlSecondsAfterFinished = 86_400,
                PodFailurePolicy = new()
                {
                    Rules = [new() { Action = "FailJob", OnExitCodes = new() { ContainerName = Component, Operator = "In", Values = [NoRoom, Refused] } }],
                },
                Template = new()
                {
                    Metadata = new() { Labels = labels },
                    Spec = new()
                    {
                        RestartPolicy = "Never",
                        AutomountServiceAccountToken = false,
                        EnableServiceLinks = false,
                        ServiceAccountName = cache.ServiceAccountName,
                        SecurityContext = new()
                        {
                            RunAsNonRoot = true,
                            RunAsUser = User,
                            RunAsGroup = User,
                            FsGroup = User,
                            FsGroupChangePolicy = "OnRootMismatch",
                            SeccompProfile = new() { Type = "RuntimeDefault" },
                        },
                        Affinity = cache.AccessMode == "ReadWriteMany" ? null : NearReaders(model),
                        // Where one node alone can mount the volume, that node may be one with accelerators.
                        Tolerations = cache.AccessMode == "ReadWriteMany" ? null : [new() { Operator = "Exists", Effect = "NoSchedule" }],
                        Containers =
                        [
                            new()
                            {
                                Name = Component,
                                Image = observed.FetcherImage,
                                Args = arguments,
                                Env = environment,
                                Resources = new()
                                {
                                    Requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["cpu"] = Quantity.Parse("500m"), ["memory"] = Quantity.Parse("256Mi") },
                                    Limits = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["memory"] = Quantity.Parse("1Gi") },
                                },
                                TerminationMessagePolicy = "FallbackToLogsOnError",
                                VolumeMounts = [new() { Name = VolumeName, MountPath = MountPath }, new() { Name = "tmp", MountPath = "/tmp" }],
                                SecurityContext = new() { AllowPrivilegeEscalation = false, ReadOnlyRootFilesystem = true, Capabilities = new() { Drop = ["ALL"] } },
                            },
                        ],
                        Volumes =
                        [
                            new() { Name = VolumeName, PersistentVolumeClaim = new() { ClaimName = claim.Metadata.Name! } },
                            new() { Name = "tmp", EmptyDir = new() },
                        ],
                    },
                },
            },
        };
    }

    internal static SortedDictionary<string, string> Labels(LlmModel model) => new(StringComparer.Ordinal)
    {
        ["app.kubernetes.io/component"] = Component,
        ["app.kubernetes.io/managed-by"] = ObjectNames.ManagedBy,
        ["app.kubernetes.io/name"] = "llm-model-cache",
        ["app.kubernetes.io/part-of"] = ObjectNames.ManagedBy,
        [ApiGroup.ModelLabel] = model.Metadata.Name!,
    };

    internal static OwnerReference Owner(LlmModel model) => new()
    {
        ApiVersion = LlmModel.Resource.ApiVersion,
        Kind = LlmModel.Resource.Kind,
        Name = model.Metadata.Name!,
        Uid = model.Metadata.Uid ?? "",
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>A volume that one node can mount has to be filled on the node of those who read it.</summary>
    private static Affinity NearReaders(LlmModel model) => new()
    {
        PodAffinity = new()
        {
            PreferredDuringSchedulingIgnoredDuringExecution =
            [
                new()
                {
                    Weight = 100,
                    PodAffinityTerm = new()
                    {
                        TopologyKey = "kubernetes.io/hostname",
                        LabelSelector = new() { MatchLabels = new SortedDictionary<string, string>(StringComparer.Ordinal) { [ApiGroup.ModelLabel] = model.Metadata.Name! } },
                    },
                },
            ],
        },
    };

    /// <summary>The source without what only the operator needs; credentials come by variables.</summary>
    private static ModelSource Plain(ModelSource source, string? hubEndpoint) => source switch
    {
        { HuggingFace: { } hub } => new() { HuggingFace = hub with { TokenSecretRef = null, Endpoint = hub.Endpoint ?? hubEndpoint } },
        { S3: { } s3 } => new() { S3 = s3 with { CredentialsSecretRef = null } },
        _ => source,
    };

    private static IEnumerable<EnvVar> Credentials(ModelSource source, string prefix)
    {
        if (source.HuggingFace?.TokenSecretRef is { } token)
        {
            yield return ModelVolume.FromSecret(prefix + "HF_TOKEN", token.Name, token.Key);
        }

        if (source.S3?.CredentialsSecretRef is { } keys)
        {
            yield return ModelVolume.FromSecret(prefix + "AWS_ACCESS_KEY_ID", keys.Name, "AWS_ACCESS_KEY_ID");
            yield return ModelVolume.FromSecret(prefix + "AWS_SECRET_ACCESS_KEY", keys.Name, "AWS_SECRET_ACCESS_KEY");
            yield return ModelVolume.FromSecret(prefix + "AWS_SESSION_TOKEN", keys.Name, "AWS_SESSION_TOKEN", optional: true);
        }
    }
}
