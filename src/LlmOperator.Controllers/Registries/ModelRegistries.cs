using LlmOperator.Kubernetes.Client;

namespace LlmOperator.Controllers.Registries;

/// <summary>All registries: each question goes to the one its source names.</summary>
internal sealed class ModelRegistries : IModelRegistry, IDisposable
{
    private readonly RegistryHttp _http;
    private readonly HuggingFaceRegistry _huggingFace;
    private readonly S3Registry _s3;
    private readonly OciRegistry _oci;
    private readonly PvcRegistry _pvc;

    public ModelRegistries(IKubeClient client, RegistryOptions options, TimeProvider time)
    {
        // A network takes its own time, however fast the clock of a sandbox runs.
        _http = new(TimeProvider.System);
        var cooldown = new RegistryCooldown(time);
        _huggingFace = new(_http, options, cooldown, time);
        _s3 = new(cooldown);
        _oci = new(_http, cooldown, time);
        _pvc = new(client);
    }

    public Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken) => query.Source switch
    {
        { HuggingFace: not null } => _huggingFace.ReadAsync(query, cancellationToken),
        { S3: not null } => _s3.ReadAsync(query, cancellationToken),
        { Oci: not null } => _oci.ReadAsync(query, cancellationToken),
        { Pvc: not null } => _pvc.ReadAsync(query, cancellationToken),
        _ => throw new ArgumentException("a source without a registry is refused by the schema", nameof(query)),
    };

    public void Dispose() => _http.Dispose();
}
