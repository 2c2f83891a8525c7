namespace LlmOperator.Kubernetes.Authentication;

/// <summary>A token that never changes, or none.</summary>
internal sealed class StaticCredentials(string? token) : ICredentialSource
{
    private readonly Credential _credential = new(token);

    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(_credential);

    public bool Reject(Credential credential) => false;
}
