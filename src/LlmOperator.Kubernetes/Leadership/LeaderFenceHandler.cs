namespace LlmOperator.Kubernetes.Leadership;

/// <summary>
/// The fence once more at the last moment before a request leaves, for retries inside the client: an attempt may begin while
/// the lease is held and be repeated after it is lost. To be the innermost handler of the client that reconcilers use.
/// </summary>
/// <param name="fence">Fence of this process.</param>
/// <param name="exempt">Requests that need no leader, as what they write is the same whoever writes it; none when null.</param>
public sealed class LeaderFenceHandler(LeaderFence fence, Func<Uri, bool>? exempt = null) : DelegatingHandler
{
    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head && !IsLease(request.RequestUri)
            && !IsDryRun(request.RequestUri) && !(request.RequestUri is { } uri && exempt?.Invoke(uri) == true))
        {
            fence.ThrowIfClosed();
        }

        return base.SendAsync(request, cancellationToken);
    }

    // Nothing is stored of it.
    private static bool IsDryRun(Uri? uri) => uri?.Query.Contains("dryRun=All", StringComparison.Ordinal) == true;

    // The lease itself is how the fence opens, and is given up after it closed.
    private static bool IsLease(Uri? uri) => uri?.AbsolutePath.Contains("/coordination.k8s.io/", StringComparison.Ordinal) == true;
}
