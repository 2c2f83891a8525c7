using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>An image in an OCI registry: the tag is resolved to a digest. What is known of the model comes from a model artefact's own configuration, where the image is one.</summary>
internal sealed class OciRegistry(RegistryHttp http, RegistryCooldown cooldown, TimeProvider time) : IModelRegistry
{
    private const int ManifestLimit = 4 * 1024 * 1024;
    private const string Field = "spec.source.oci.image";

    private static readonly string[] ManifestTypes =
    [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ];

    public Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken)
    {
        var image = ImageReference.Parse(query.Source.Oci!.Image);
        return cooldown.AskAsync($"{image.Registry} {query.Credentials.Version}", async () =>
        {
            var access = new OciAccess(http, image, query.Credentials.DockerConfig);
            if (!query.FactsWanted && await HeadAsync(access, image, cancellationToken).ConfigureAwait(false) is { } known)
            {
                return new RegistryReading(known);
            }

            // A digest asked for again is asked for as such, wherever the tag has gone.
            var wanted = query.Revision is { } pinned && pinned.StartsWith("sha256:", StringComparison.Ordinal) ? pinned : image.Digest ?? image.Tag!;
            var (digest, manifest) = await ManifestAsync(access, image, wanted, cancellationToken).ConfigureAwait(false);
            if (!query.FactsWanted)
            {
                return new(digest);
            }

            var facts = await FactsAsync(access, image, manifest, ModelSources.Address(query.Source), cancellationToken).ConfigureAwait(false);
            return new(digest) { Facts = facts, Files = manifest.Files };
        });
    }

    private async Task<string?> HeadAsync(OciAccess access, ImageReference image, CancellationToken cancellationToken)
    {
        var answer = await access.SendAsync(HttpMethod.Head, $"/v2/{image.Repository}/manifests/{image.Digest ?? image.Tag}", ManifestTypes, ManifestLimit, cancellationToken).ConfigureAwait(false);
        ThrowIfRefused(answer, image, access.HasCredentials);
        return answer.Header("Docker-Content-Digest") is { } digest && OciManifest.IsDigest(digest) ? digest : null;
    }

    private async Task<(string Digest, OciManifest Manifest)> ManifestAsync(OciAccess access, ImageReference image, string reference, CancellationToken cancellationToken)
    {
        var answer = await access.SendAsync(HttpMethod.Get, $"/v2/{image.Repository}/manifests/{reference}", ManifestTypes, ManifestLimit, cancellationToken).ConfigureAwait(false);
        ThrowIfRefused(answer, image, access.HasCredentials);
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(answer.Body.Span));
        if ((answer.IsTruncated ? null : OciManifest.Read(answer.Body)) is not { } manifest)
        {
            throw new RegistryException(RegistryReasons.MalformedConfig, $"the manifest of {image.Registry}/{image.Repository} at {reference} cannot be read: choose another image in {Field}");
        }

        if (reference.StartsWith("sha256:", StringComparison.Ordinal) && reference != digest)
        {
            throw RegistryHttp.Unavailable(image.Address, "the manifest it sends is not that of the digest asked for");
        }

        // Of an index, one manifest is looked into; the digest pinned stays that of the index, from which each node takes its own.
        return manifest.Inner is { } inner ? (digest, (await ManifestAsync(access, image, inner, cancellationToken).ConfigureAwait(false)).Manifest with { Inner = null }) : (digest, manifest);
    }

    private static async Task<RegistryFacts> FactsAsync(OciAccess access, ImageReference image, OciManifest manifest, string address, CancellationToken cancellationToken)
    {
        var described = new RegistryFacts { Source = address, License = manifest.License, TotalBytes = manifest.TotalBytes };
        if (!manifest.IsModel || manifest.Config is not { } config)
        {
            return described;
        }

        var answer = await access.SendAsync(HttpMethod.Get, $"/v2/{image.Repository}/blobs/{config}", ["*/*"], ManifestLimit, cancellationToken).ConfigureAwait(false);
        return answer.IsSuccess && !answer.IsTruncated ? OciModelConfig.Read(answer.Body, described with { WeightsBytes = manifest.WeightsBytes }) : described;
    }

    private void ThrowIfRefused(RegistryAnswer answer, ImageReference image, bool hasCredentials)
    {
        if (answer.IsSuccess)
        {
            return;
        }

        const string Pull = "spec.source.oci.pullSecretRef";
        var name = $"{image.Registry}/{image.Repository}";
        throw answer.Code switch
        {
            HttpStatusCode.NotFound when image.Digest is not null => new RegistryException(RegistryReasons.RevisionNotFound, $"{name} has no manifest {image.Digest}, or is hidden: correct {Field}"),
            HttpStatusCode.NotFound => new RegistryException(RegistryReasons.ModelNotFound, $"there is no image {name}:{image.Tag}, or it is hidden: correct {Field}{(hasCredentials ? "" : $", or name a pull secret in {Pull}")}"),
            HttpStatusCode.Unauthorized when hasCredentials => new RegistryException(RegistryReasons.InvalidToken, $"{image.Registry} does not accept the credentials: put valid ones into the Secret named in {Pull}"),
            HttpStatusCode.Forbidden when hasCredentials => new RegistryException(RegistryReasons.AccessDenied, $"{name} may not be pulled: let the credentials of {Pull} pull it"),

            // Nodes may have credentials of their own, which the kubelet pulls with.
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new RegistryException(
                RegistryReasons.OperatorAccessDenied, $"the operator may not read {name}: name a pull secret in {Pull} that has credentials for {image.Registry}, or give spec.parameters and spec.architecture"),
            HttpStatusCode.TooManyRequests => new RegistryException(RegistryReasons.RateLimited, $"{image.Registry} answers too many requests (429): wait, or name a pull secret in {Pull}", isRetryable: true, answer.RetryAfter(time)),
            var code => RegistryHttp.Unavailable(image.Address, $"it answers {(int)code}", retryAfter: answer.RetryAfter(time)),
        };
    }
}
