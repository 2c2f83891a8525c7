using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Authentication;

/// <summary>A token file that someone else rotates (the kubelet, for a service account): read again each minute and when the server rejects the token.</summary>
internal sealed class TokenFileCredentials(string path, TimeProvider time) : ICredentialSource
{
    // A projected token is replaced at 80 % of its life, so a minute is early enough and a stat a minute costs nothing.
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private Credential? _credential;
    private DateTimeOffset _readAt;

    public ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_credential is null || time.GetUtcNow() - _readAt >= ReadAgainAfter)
            {
                _credential = Read();
                _readAt = time.GetUtcNow();
            }

            return new(_credential);
        }
    }

    public bool Reject(Credential credential)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_credential, credential))
            {
                _credential = null;
            }

            return true;
        }
    }

    private Credential Read()
    {
        string text;
        try
        {
            text = File.ReadAllText(path).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // In the middle of a rotation the file may be away for a moment; the old token is still good then.
            return _credential ?? throw new ClusterConfigurationException($"cannot read token file {path}: {fault.Message}", fault);
        }

        if (text.Length == 0)
        {
            return _credential ?? throw new ClusterConfigurationException($"token file {path} is empty");
        }

        return _credential?.Token == text ? _credential : new Credential(text);
    }
}
