using LlmOperator.Kubernetes.Configuration;

namespace LlmOperator.Kubernetes.Authentication;

/// <summary>
/// Credentials an exec plugin makes: kept until shortly before they expire, made anew when the server rejects them, and never by two
/// runs of the plugin at a time, however many requests wait for them.
/// </summary>
internal sealed class ExecCredentials(ClusterConfiguration cluster, TimeProvider time, ExecPlugin plugin) : ICredentialSource
{
    public const string V1 = "client.authentication.k8s.io/v1";
    public static readonly IReadOnlyList<string> Versions = [V1, "client.authentication.k8s.io/v1beta1"];

    // Whichever comes first: a plugin's token may live 15 minutes (EKS) or an hour.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private const double UsedShareOfLife = 0.8;

    private readonly Lock _gate = new();
    private Task<Made>? _current;

    public async ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        Task<Made> current;
        lock (_gate)
        {
            if (_current is null || (_current.IsCompleted && !IsGood(_current)))
            {
                // Not bound to the first caller's cancellation: the others wait for the same run, which has a time limit of its own.
                _current = MakeAsync();
            }

            current = _current;
        }

        return (await current.WaitAsync(cancellationToken)).Credential;
    }

    public bool Reject(Credential credential)
    {
        lock (_gate)
        {
            if (_current is { IsCompletedSuccessfully: true } && ReferenceEquals(_current.Result.Credential, credential))
            {
                _current = null;
            }

            return true;
        }
    }

    private bool IsGood(Task<Made> made) => made.IsCompletedSuccessfully && (made.Result.RefreshAt is not { } at || time.GetUtcNow() < at);

    private async Task<Made> MakeAsync()
    {
        // Leaves the lock before the plugin starts.
        await Task.Yield();
        var status = await plugin.RunAsync(cluster);
        if (status.Token is null && status.ClientCertificateData is null)
        {
            throw plugin.Fault("answered neither a token nor a client certificate");
        }

        if (status.ClientCertificateData is null != status.ClientKeyData is null)
        {
            throw plugin.Fault("answered a client certificate without its key, or the reverse");
        }

        var certificate = status.ClientCertificateData is null ? null : ClientCertificates.Load(
            System.Text.Encoding.UTF8.GetBytes(status.ClientCertificateData), System.Text.Encoding.UTF8.GetBytes(status.ClientKeyData!), plugin.Name);
        return new Made(new Credential(status.Token, certificate), RefreshAt(status.ExpirationTimestamp));
    }

    private DateTimeOffset? RefreshAt(DateTimeOffset? expires)
    {
        var now = time.GetUtcNow();
        if (expires is not { } end)
        {
            return null;
        }

        var early = now + ((end - now) * UsedShareOfLife);
        return early < end - Margin ? early : end - Margin;
    }

    private sealed record Made(Credential Credential, DateTimeOffset? RefreshAt);
}
