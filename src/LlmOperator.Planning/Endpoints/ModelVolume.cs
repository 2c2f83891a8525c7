using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Endpoints;

/// <summary>How the weights of each registry reach the engine's container: by name, or as a read-only volume.</summary>
internal static class ModelVolume
{
    private const string MountPath = "/models";
    private const string VolumeName = "model";

    /// <summary>What the engine is told to load.</summary>
    public static string Path(ModelSource source) => source switch
    {
        { HuggingFace: { } hub } => hub.Repo,
        { S3: not null } => Models.ModelSources.Address(source),
        { Oci: { } oci } => Joined(oci.Path),
        { Pvc: { } pvc } => Joined(pvc.Path),
        _ => throw new ArgumentException("a source without a registry is refused by the schema", nameof(source)),
    };

    /// <summary>The volume with the weights; null where the engine fetches them.</summary>
    public static (Volume Volume, VolumeMount Mount)? Of(ModelSource source)
    {
        Volume? volume = source switch
        {
            { Oci: { } oci } => new() { Name = VolumeName, Image = new() { Reference = oci.Image } },
            { Pvc: { } pvc } => new() { Name = VolumeName, PersistentVolumeClaim = new() { ClaimName = pvc.ClaimName, ReadOnly = true } },
            _ => null,
        };
        return volume is null ? null : (volume, new() { Name = VolumeName, MountPath = MountPath, ReadOnly = true });
    }

    /// <summary>Environment variables with which the engine reaches the registry. Secrets are referred to, never copied.</summary>
    public static IEnumerable<EnvVar> Environment(ModelSource source)
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

    /// <summary>Pull secret of an image with weights.</summary>
    public static string? PullSecret(ModelSource source) => source.Oci?.PullSecretRef?.Name;

    private static string Joined(string? path) => string.IsNullOrEmpty(path) ? MountPath : $"{MountPath}/{path.TrimStart('/')}";

    private static EnvVar FromSecret(string variable, string secret, string key) =>
        new() { Name = variable, ValueFrom = new() { SecretKeyRef = new() { Name = secret, Key = key } } };
}
