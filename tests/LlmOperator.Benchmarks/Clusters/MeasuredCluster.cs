using System.Globalization;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Clusters;

/// <summary>A cluster as the driver of a measurement sees it: its own requests are told apart from those of the program measured.</summary>
internal sealed class MeasuredCluster : IDisposable
{
    private readonly Counter _own = new();

    public MeasuredCluster(string? kubeconfig) =>
        Client = new KubeClient(new ClusterConfigurationLoader().Load(kubeconfig), new KubeClientOptions { Handler = _own });

    public KubeClient Client { get; }

    /// <summary>Requests of others than the driver so far, by the API server's own count. A watch counts when it begins or when it ends, as the server has it.</summary>
    public async Task<long> RequestsOfOthersAsync(CancellationToken cancellationToken)
    {
        var page = await Client.GetRawAsync("/metrics", cancellationToken);
        var all = 0d;
        foreach (var line in page.Split('\n'))
        {
            if (line.StartsWith("apiserver_request_total", StringComparison.Ordinal))
            {
                all += double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
            }
        }

        return (long)all - _own.Count;
    }

    public Task CreateNamespaceAsync(string name, CancellationToken cancellationToken) =>
        Client.CreateAsync(new Namespace { Metadata = new() { Name = name } }, cancellationToken: cancellationToken);

    /// <summary>Does something for each number below a count, sixteen at a time.</summary>
    public static Task ForEachAsync(int count, Func<int, CancellationToken, Task> act, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
        async (i, token) => await act(i, token));

    public void Dispose() => Client.Dispose();

    private sealed class Counter : DelegatingHandler
    {
        private long _count;

        public long Count => Interlocked.Read(ref _count);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
