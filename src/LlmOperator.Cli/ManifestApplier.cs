using System.Text.Json.Nodes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Cli;

/// <summary>An object that was applied.</summary>
internal sealed record AppliedObject(ResourceType Resource, ObjectKey Key)
{
    /// <summary><c>llmendpoint/twin-8b</c>, with the namespace before it when it is not the default one.</summary>
    public string Title => $"{(Key.Namespace is null or "default" ? "" : Key.Namespace + " ")}{Resource.Kind.ToLowerInvariant()}/{Key.Name}";
}

/// <summary>Applies manifests by server-side apply, definitions and namespaces before what needs them.</summary>
internal sealed class ManifestApplier(KubeClient client)
{
    private const string FieldManager = "kubectl-llm";

    private readonly Dictionary<(string ApiVersion, string Kind), ResourceType> _known = [];

    /// <summary>Applies in order; the first refusal ends it.</summary>
    /// <exception cref="ManifestException">A manifest was refused; the message names the file and what the API server said.</exception>
    public async Task<IReadOnlyList<AppliedObject>> ApplyAsync(IEnumerable<Manifest> manifests, CancellationToken cancellationToken)
    {
        var applied = new List<AppliedObject>();
        foreach (var manifest in manifests.OrderBy(manifest => Rank(manifest.Object.Kind)))
        {
            var resource = await DiscoverAsync(manifest, cancellationToken);
            var json = manifest.Object.Json;
            if (resource.Namespaced && manifest.Object.Namespace is null)
            {
                ((JsonObject)json["metadata"]!)["namespace"] = "default";
            }

            try
            {
                var answer = await client.ApplyAsync(resource, manifest.Object, new ApplyOptions { FieldManager = FieldManager, Force = true }, cancellationToken);
                applied.Add(new(resource, answer.Key));
            }
            catch (KubeApiException refusal)
            {
                throw new ManifestException($"{manifest.Source}: {refusal.Message}");
            }
        }

        return applied;
    }

    private static int Rank(string kind) => kind switch { "CustomResourceDefinition" => 0, "Namespace" => 1, _ => 2 };

    private async Task<ResourceType> DiscoverAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var id = (manifest.Object.ApiVersion, manifest.Object.Kind);
        if (!_known.TryGetValue(id, out var resource))
        {
            resource = await client.DiscoverAsync(id.ApiVersion, id.Kind, cancellationToken)
                ?? throw new ManifestException($"{manifest.Source}: the API server knows no kind \"{id.Kind}\" in \"{id.ApiVersion}\": check apiVersion and kind, or apply its CustomResourceDefinition first");
            _known.Add(id, resource);
        }

        return resource;
    }
}
