using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary>The definition of <see cref="Echo"/> in a cluster: what it is there, or the one given to a cluster that has none.</summary>
internal static class EchoDefinition
{
    private static readonly TimeSpan EstablishTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Makes sure that there is one, and takes the plural from it.</summary>
    /// <returns>Type of <c>status.ready</c> in its schema.</returns>
    public static async Task<string> EnsureAsync(KubeClient client, CancellationToken cancellationToken)
    {
        if (await client.DiscoverAsync(Echo.Resource.ApiVersion, Echo.Resource.Kind, cancellationToken) is not { } found)
        {
            await client.ApplyAsync(Definition, new ApplyOptions { FieldManager = EchoReconciler.FieldManager, Force = true }, cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(EstablishTimeout);
            while ((found = await client.DiscoverAsync(Echo.Resource.ApiVersion, Echo.Resource.Kind, limit.Token)) is null)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
            }
        }

        Echo.Resource = found;
        var definition = await client.GetAsync<CustomResourceDefinition>(new ObjectKey(null, $"{found.Plural}.{found.Group}"), cancellationToken);
        var version = definition?.Spec?.Versions?.FirstOrDefault(version => version.Name == found.Version);
        return version?.Schema?.OpenAPIV3Schema?.Properties is { } properties
            && properties.TryGetValue("status", out var status)
            && status.Properties?.GetValueOrDefault("ready")?.Type is { } type ? type : "boolean";
    }

    private static CustomResourceDefinition Definition => new()
    {
        Metadata = new() { Name = $"{Echo.Resource.Plural}.{Echo.Resource.Group}" },
        Spec = new()
        {
            Group = Echo.Resource.Group,
            Scope = "Namespaced",
            Names = new() { Plural = Echo.Resource.Plural, Singular = "echo", Kind = Echo.Resource.Kind, ListKind = "EchoList" },
            Versions =
            [
                new()
                {
                    Name = Echo.Resource.Version,
                    Served = true,
                    Storage = true,
                    Subresources = new() { Status = new() },
                    Schema = new()
                    {
                        OpenAPIV3Schema = Object(
                            ("spec", Object(("replicas", new() { Type = "integer" }), ("image", new() { Type = "string" }))),
                            ("status", Object(("ready", new() { Type = "boolean" })))),
                    },
                },
            ],
        },
    };

    private static JsonSchemaProps Object(params (string Name, JsonSchemaProps Schema)[] properties) =>
        new() { Type = "object", Properties = properties.ToDictionary(property => property.Name, property => property.Schema) };
}
