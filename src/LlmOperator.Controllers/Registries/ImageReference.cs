using System.Text.RegularExpressions;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>A reference to an image, in its parts.</summary>
/// <param name="Registry">Host and port as people write it: what pull secrets name.</param>
/// <param name="Repository">Repository in the registry.</param>
/// <param name="Tag">Tag; null when a digest alone is given.</param>
/// <param name="Digest">Digest; null when only a tag is given.</param>
internal sealed partial record ImageReference(string Registry, string Repository, string? Tag, string? Digest)
{
    private const string DockerHub = "docker.io";

    /// <summary>Where its API is. Registries on this machine's loopback address speak HTTP, as for other clients.</summary>
    public Uri Address => new($"{(IsLoopback ? "http" : "https")}://{(Registry == DockerHub ? "registry-1.docker.io" : Registry)}");

    private bool IsLoopback => Uri.TryCreate("http://" + Registry, UriKind.Absolute, out var uri) && uri.IsLoopback;

    /// <summary>Reads a reference; what is left out is as Docker has it.</summary>
    /// <exception cref="RegistryException">It is none.</exception>
    public static ImageReference Parse(string text)
    {
        var match = Pattern().Match(text);
        if (!match.Success)
        {
            throw new RegistryException(RegistryReasons.ModelNotFound, "spec.source.oci.image is no image reference: write it as registry/repository:tag or registry/repository@sha256:digest, in lower case");
        }

        var name = match.Groups["name"].Value;
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        var isHost = first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost";
        var (registry, repository) = isHost ? (first, name[(slash + 1)..]) : (DockerHub, slash < 0 ? "library/" + name : name);
        var digest = match.Groups["digest"] is { Success: true } hash ? hash.Value : null;
        return new(registry == "index.docker.io" ? DockerHub : registry, repository, match.Groups["tag"] is { Success: true } tag ? tag.Value : digest is null ? "latest" : null, digest);
    }

    [GeneratedRegex(@"^(?<name>(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$")]
    private static partial Regex Pattern();
}
