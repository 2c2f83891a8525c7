using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Models;

/// <summary>Where weights lie: exactly one registry.</summary>
[Rule(
    "(has(self.huggingFace) ? 1 : 0) + (has(self.s3) ? 1 : 0) + (has(self.oci) ? 1 : 0) + (has(self.pvc) ? 1 : 0) == 1",
    "source must name exactly one registry: set one of huggingFace, s3, oci and pvc, and remove the others")]
public sealed record ModelSource
{
    /// <summary>A repository on the Hugging Face hub, or on a mirror of it.</summary>
    public HuggingFaceSource? HuggingFace { get; init; }

    /// <summary>A folder in an S3 bucket or in an S3-compatible store.</summary>
    public S3Source? S3 { get; init; }

    /// <summary>An OCI image that holds the weights, mounted as an image volume.</summary>
    public OciSource? Oci { get; init; }

    /// <summary>A folder on a persistent volume that somebody else fills.</summary>
    public PvcSource? Pvc { get; init; }
}

/// <summary>A repository on the Hugging Face hub.</summary>
public sealed record HuggingFaceSource
{
    /// <summary>Repository as owner/name, for example mlabonne/TwinLlama-3.1-8B-DPO.</summary>
    [Length(200, 3)]
    [Pattern(Patterns.HuggingFaceRepo)]
    public required string Repo { get; init; }

    /// <summary>Branch, tag or commit. A branch or tag is resolved once and pinned in the status; it does not move by itself.</summary>
    [Default("main")]
    [Length(200, 1)]
    public string Revision { get; set; } = "main";

    /// <summary>Secret key with an access token, for private and gated repositories.</summary>
    public SecretKeyReference? TokenSecretRef { get; init; }

    /// <summary>Address of a mirror or proxy of the hub. The hub itself when absent.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public string? Endpoint { get; init; }
}

/// <summary>A folder in an S3 bucket.</summary>
public sealed record S3Source
{
    /// <summary>Bucket name.</summary>
    [Length(63, 3)]
    public required string Bucket { get; init; }

    /// <summary>Folder in the bucket, without a leading slash. The bucket's root when absent.</summary>
    [Length(1024)]
    public string? Prefix { get; init; }

    /// <summary>Region of the bucket. Taken from the environment when absent.</summary>
    [Length(64, 1)]
    public string? Region { get; init; }

    /// <summary>Address of an S3-compatible store. AWS when absent.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public string? Endpoint { get; init; }

    /// <summary>Secret with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Web identity of the pod when absent.</summary>
    public LocalReference? CredentialsSecretRef { get; init; }
}

/// <summary>An OCI image that holds weights.</summary>
public sealed record OciSource
{
    /// <summary>Image reference. A tag is resolved once and its digest pinned in the status.</summary>
    [Length(512, 1)]
    public required string Image { get; init; }

    /// <summary>Folder in the image. Its root when absent.</summary>
    [Length(1024)]
    public string? Path { get; init; }

    /// <summary>Pull secret of the registry, of type kubernetes.io/dockerconfigjson.</summary>
    public LocalReference? PullSecretRef { get; init; }
}

/// <summary>A folder on a persistent volume.</summary>
public sealed record PvcSource
{
    /// <summary>Name of the PersistentVolumeClaim.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public required string ClaimName { get; init; }

    /// <summary>Folder on the volume, without a leading slash. Its root when absent.</summary>
    [Length(1024)]
    public string? Path { get; init; }
}
