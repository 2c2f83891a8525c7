using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>A folder on a persistent volume: it cannot be looked into from outside, so that the spec alone tells of the model. Whether the claim is there is all that is asked.</summary>
internal sealed class PvcRegistry(IKubeClient client) : IModelRegistry
{
    public async Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken)
    {
        var name = query.Source.Pvc!.ClaimName;
        var claim = await client.GetAsync<PersistentVolumeClaim>(new ObjectKey(query.Namespace, name), cancellationToken).ConfigureAwait(false);
        return claim is { Metadata.DeletionTimestamp: null }
            ? new(Revision: null) { Facts = new() { Source = ModelSources.Address(query.Source) } }
            : throw new RegistryException(RegistryReasons.ClaimNotFound, $"there is no PersistentVolumeClaim {name} in this namespace: create it, or correct spec.source.pvc.claimName");
    }
}
