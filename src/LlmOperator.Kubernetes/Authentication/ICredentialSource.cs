namespace LlmOperator.Kubernetes.Authentication;

/// <summary>Where credentials come from.</summary>
internal interface ICredentialSource
{
    /// <summary>The credential to use now.</summary>
    ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>Says that the server rejected a credential. True when the next one may differ, so that another try makes sense.</summary>
    bool Reject(Credential credential);
}
