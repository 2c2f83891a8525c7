using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>A source in the forms people know.</summary>
public static class ModelSources
{
    /// <summary>Scheme and name: hf://owner/name, s3://bucket/prefix, oci://image, pvc://claim/path.</summary>
    public static string Address(ModelSource source) => source switch
    {
        { HuggingFace: { } hub } => $"hf://{hub.Repo}",
        { S3: { } s3 } => $"s3://{s3.Bucket}{Slashed(s3.Prefix)}",
        { Oci: { } oci } => $"oci://{oci.Image}",
        { Pvc: { } pvc } => $"pvc://{pvc.ClaimName}{Slashed(pvc.Path)}",
        _ => "",
    };

    /// <summary>Revision the spec asks for; null where the registry has none.</summary>
    public static string? Revision(ModelSource source) => source.HuggingFace?.Revision;

    private static string Slashed(string? path) => string.IsNullOrEmpty(path) ? "" : "/" + path.TrimStart('/');
}
