using System.Runtime.CompilerServices;

namespace LlmOperator.Kubernetes.Client;

/// <summary>Lists of more objects than one answer should hold.</summary>
public static class Pages
{
    private const int DefaultPageSize = 500;
    private const int MaxRestarts = 3;

    /// <summary>
    /// All objects of a kind, page by page. When the version of the first page expires on the way, the list goes on with the token the server
    /// gives for that (objects then stem from two versions) or, without one, begins anew; an object already handed out is then not handed out again.
    /// </summary>
    /// <param name="client">Client.</param>
    /// <param name="ns">Namespace, null for all.</param>
    /// <param name="options">Selectors and page size, 500 when absent.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    public static async IAsyncEnumerable<T> ListPagesAsync<T>(this IKubeClient client, string? ns, ListOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : class, IKubeObject<T>
    {
        var first = (options ?? new ListOptions()) with { Limit = options?.Limit ?? DefaultPageSize };
        var next = first;
        var seen = new HashSet<ObjectKey>();
        var restarts = 0;
        do
        {
            ObjectList<T> page;
            try
            {
                page = await client.ListAsync<T>(ns, next, cancellationToken).ConfigureAwait(false);
            }
            catch (KubeApiException expired) when (expired.IsExpired && next.Continue is not null && restarts < MaxRestarts)
            {
                restarts++;
                next = expired.Continue is { } inconsistent ? Continuing(first, inconsistent) : first;
                continue;
            }

            foreach (var item in page.Items)
            {
                if (seen.Add(ObjectKey.Of(item)))
                {
                    yield return item;
                }
            }

            next = page.Continue is { } token ? Continuing(first, token) : null;
        }
        while (next is not null);
    }

    // The token carries the version; the server refuses both.
    private static ListOptions Continuing(ListOptions first, string token) =>
        first with { Continue = token, ResourceVersion = null, ResourceVersionMatch = null };
}
