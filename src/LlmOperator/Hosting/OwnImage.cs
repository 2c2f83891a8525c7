using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Hosting;

/// <summary>The image the operator itself runs from, as its pod says: Jobs that fetch models run the same, whatever name a registry or an overlay has given it.</summary>
internal static class OwnImage
{
    private const string ContainerName = "operator";

    /// <summary>The image; null outside a pod, or where the pod cannot be read.</summary>
    /// <param name="client">Client of the cluster.</param>
    /// <param name="environment">Reads a variable; <c>POD_NAMESPACE</c> and <c>POD_NAME</c> come from the pod's own metadata.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public static async Task<string?> FindAsync(IKubeClient client, Func<string, string?> environment, CancellationToken cancellationToken)
    {
        if (environment("POD_NAMESPACE") is not { Length: > 0 } ns || environment("POD_NAME") is not { Length: > 0 } name)
        {
            return null;
        }

        try
        {
            var containers = (await client.GetAsync<Pod>(new ObjectKey(ns, name), cancellationToken).ConfigureAwait(false))?.Spec?.Containers ?? [];
            return (containers.FirstOrDefault(container => container.Name == ContainerName) ?? (containers is [var only, ..] ? only : null))?.Image;
        }
        catch (KubeApiException)
        {
            return null;
        }
    }
}
