using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Cache;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Weights in a folder of a volume, mounted for reading only.</summary>
/// <param name="Volume">The volume.</param>
/// <param name="Mount">Where it is mounted.</param>
/// <param name="Path">The folder, or file, in the container.</param>
internal sealed record MountedFolder(Volume Volume, VolumeMount Mount, string Path);

/// <summary>How weights reach the engine's container: in a mounted folder, or fetched by the engine from a registry.</summary>
internal static class ModelVolume
{
    private const string MountPath = CacheJobs.MountPath;
    private const string VolumeName = "model";

    /// <summary>
    /// The folder the model's weights are mounted in; null where the engine fetches them. This is the one place that decides it: what is mounted is loaded by its path,
    /// without the registry's token, and the pod may not leave the cluster for it.
    /// </summary>
    public static MountedFolder? Mounted(EndpointSettings settings) => settings.Cached is { } cached
        ? Cached(settings, cached.Folder)
        : Folder(settings.ModelSpec.Source, VolumeName, MountPath, settings.Revision);

    /// <summary>A folder of the model's cache.</summary>
    public static MountedFolder Cached(EndpointSettings settings, string folder) => new(
        new() { Name = VolumeName, PersistentVolumeClaim = new() { ClaimName = settings.Model.Status!.Cache!.ClaimName, ReadOnly = true } },
        Mount(VolumeName, CacheJobs.MountPath),
        $"{CacheJobs.MountPath}/{folder}");

    /// <summary>What the engine is told to load: a path, or the model's name in its registry.</summary>
    public static string Path(EndpointSettings settings) => Mounted(settings)?.Path ?? settings.ModelSpec.Source switch
    {
        { HuggingFace: { } hub } => hub.Repo,
        { S3: not null } source => Models.ModelSources.Address(source),
        _ => throw new ArgumentException("a source without a registry is refused by the schema", nameof(settings)),
    };

    /// <summary>A source that is a volume by itself; null for one that is fetched.</summary>
    /// <param name="source">The source.</param>
    /// <param name="volume">Name of the volume.</param>
    /// <param name="mountPath">Where to mount it.</param>
    /// <param name="digest">Digest an image's tag was resolved to, when it was.</param>
    public static MountedFolder? Folder(ModelSource source, string volume, string mountPath, string? digest) => source switch
    {
        { Oci: { } oci } => new(new() { Name = volume, Image = new() { Reference = Pinned(oci.Image, digest) } }, Mount(volume, mountPath), Joined(mountPath, oci.Path)),
        { Pvc: { } pvc } => new(new() { Name = volume, PersistentVolumeClaim = new() { ClaimName = pvc.ClaimName, ReadOnly = true } }, Mount(volume, mountPath), Joined(mountPath, pvc.Path)),
        _ => null,
    };

    /// <summary>Variables with which the engine finds the weights: those of the registry, or, where they are mounted, the order to ask none.</summary>
    public static IEnumerable<EnvVar> Environment(EndpointSettings settings) => Mounted(settings) is null
        ? Registry(settings.ModelSpec.Source)
        : [new() { Name = "HF_HUB_OFFLINE", Value = "1" }, new() { Name = "TRANSFORMERS_OFFLINE", Value = "1" }];

    /// <summary>Variables with which a registry is reached. Secrets are referred to, never copied.</summary>
    public static IEnumerable<EnvVar> Registry(ModelSource source)
    {
        if (source.HuggingFace is { } hub)
        {
            if (hub.TokenSecretRef is { } token)
            {
                yield return FromSecret("HF_TOKEN", token.Name, token.Key);
            }

            if (hub.Endpoint is { } mirror)
            {
                yield return new() { Name = "HF_ENDPOINT", Value = mirror };
            }
        }

        if (source.S3 is { } s3)
        {
            if (s3.CredentialsSecretRef is { } credentials)
            {
                yield return FromSecret("AWS_ACCESS_KEY_ID", credentials.Name, "AWS_ACCESS_KEY_ID");
                yield return FromSecret("AWS_SECRET_ACCESS_KEY", credentials.Name, "AWS_SECRET_ACCESS_KEY");
                yield return FromSecret("AWS_SESSION_TOKEN", credentials.Name, "AWS_SESSION_TOKEN", optional: true);
            }

            if (s3.Region is { } region)
            {
                yield return new() { Name = "AWS_REGION", Value = region };
            }

            if (s3.Endpoint is { } endpoint)
            {
                yield return new() { Name = "AWS_ENDPOINT_URL", Value = endpoint };
            }
        }
    }

    /// <summary>Pull secrets of images with weights or adapters.</summary>
    public static IEnumerable<string> PullSecrets(EndpointSettings settings) =>
        (settings.ModelSpec.Adapters ?? []).Select(adapter => adapter.Source).Prepend(settings.ModelSpec.Source).Select(source => source.Oci?.PullSecretRef?.Name).OfType<string>();

    /// <summary>A variable whose value is a key of a Secret.</summary>
    public static EnvVar FromSecret(string variable, string secret, string key, bool optional = false) =>
        new() { Name = variable, ValueFrom = new() { SecretKeyRef = new() { Name = secret, Key = key, Optional = optional ? true : null } } };

    private static VolumeMount Mount(string volume, string path) => new() { Name = volume, MountPath = path, ReadOnly = true };

    /// <summary>The image by its digest, once its tag was resolved to one.</summary>
    private static string Pinned(string image, string? digest)
    {
        if (digest is null || !digest.StartsWith("sha256:", StringComparison.Ordinal) || image.Contains('@', StringComparison.Ordinal))
        {
            return image;
        }

        var colon = image.LastIndexOf(':');
        return $"{(colon > image.LastIndexOf('/') ? image[..colon] : image)}@{digest}";
    }

    private static string Joined(string mountPath, string? path) => string.IsNullOrEmpty(path) ? mountPath : $"{mountPath}/{path.TrimStart('/')}";
}
