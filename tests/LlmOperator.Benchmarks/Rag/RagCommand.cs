using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Rag;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Rag.Serving;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Serving;
using LlmOperator.Gateway.Tracing;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Qdrant;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Benchmarks.Rag;

/// <summary>What the gateway itself takes of a request with retrieval: all of its steps, with models and Qdrant that answer at once and without sockets, clients and traces.</summary>
internal static class RagCommand
{
    private const string Namespace = "team";
    private static readonly byte[] Question = Encoding.UTF8.GetBytes("""{"query":"My name is nobody. Write a post about retrieval, vector databases and language models."}""");

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var count = arguments.Number("--count", 5000);
        arguments.ThrowIfAnyLeft();
        var folder = Directory.CreateTempSubdirectory("rag-benchmark");
        try
        {
            var options = new GatewayOptions { Namespace = Namespace, SpoolDirectory = folder.FullName };
            var (time, logger, cluster) = (TimeProvider.System, NullLogger.Instance, Cluster());
            using var models = new InstantModels();
            using var invoker = new HttpMessageInvoker(models, disposeHandler: false);
            using var http = new HttpClient(models, disposeHandler: false);
            using var meter = new Meter("rag-benchmark");
            var view = new ClusterView(cluster, Namespace, _ => new(time, new Random(7)), time, logger);
            var indexes = new IndexView(cluster, Namespace, time, logger);
            var metrics = new GatewayMetrics(meter, () => view.All, () => 0);
            await using var templates = new TemplateShelf(cluster, Namespace, metrics, time, logger);
            await using var secrets = new NamedShelf<Secret>(cluster, Namespace, time, logger);
            await using var maps = new NamedShelf<ConfigMap>(cluster, Namespace, time, logger);
            await using var exporters = new TraceExporters(options, cluster, http, new([], "benchmark", "1"), time, logger);
            using var clients = new QdrantClients(secrets, maps, connection => new QdrantClient(http, connection, time), options.ConnectTimeout, time);
            var calls = new EndpointCalls(options, invoker, invoker);
            var tokens = new TokenCounter(calls, time);
            var tracer = new RequestTracer(exporters, new(), time);
            var retriever = new Retriever(indexes, new HelperModel(view, calls, secrets), new Embedder(view, indexes, calls), new Reranker(view, calls), new(clients), time, logger);
            var handler = new RagHandler(
                options, view, new(options), new(retriever, indexes, templates, tokens, time), new(indexes, calls), new(indexes, tokens), tracer, new(tracer, metrics), new(meter), time, logger);
            using var watching = new CancellationTokenSource();
            view.Start(watching.Token);
            indexes.Start(watching.Token);
            while (!view.HasSynced || !indexes.HasSynced || view.Find("twin")?.Pods.Count != 1 || indexes.Find("corpus") is null)
            {
                await Task.Yield();
            }

            await AskAsync(handler, Math.Max(count / 5, 200), cancellationToken);
            var before = GC.GetTotalAllocatedBytes();
            var times = await AskAsync(handler, count, cancellationToken);
            var allocated = (GC.GetTotalAllocatedBytes() - before) / count;
            var table = new Table("requests", "median", "p95", "p99", "allocated each");
            table.Add(count.ToString(CultureInfo.InvariantCulture), At(times, 0.5), At(times, 0.95), At(times, 0.99), $"{allocated / 1024} KiB");
            table.Print(Console.Out);
            await watching.CancelAsync();
            await view.StoppedAsync();
            await indexes.StoppedAsync();
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Asks one after the other.</summary>
    private static async Task<double[]> AskAsync(RagHandler handler, int count, CancellationToken cancellationToken)
    {
        var times = new double[count];
        var route = RagRoute.Of("/v1/rag/twin")!;
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var context = new DefaultHttpContext();
            context.Request.Method = "POST";
            context.Request.Path = "/v1/rag/twin";
            context.Request.Body = new MemoryStream(Question);
            context.Request.ContentLength = Question.Length;
            context.Response.Body = Stream.Null;
            var began = Stopwatch.GetTimestamp();
            await handler.AnswerAsync(context, route, Caller.Anyone);
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (context.Response.StatusCode != StatusCodes.Status200OK || context.Response.Headers[Findings.Header].ToString().Split(',').Length != 3)
            {
                throw new InvalidOperationException($"the gateway answered {context.Response.StatusCode}");
            }
        }

        Array.Sort(times);
        return times;
    }

    private static FakeKubeClient Cluster()
    {
        var cluster = new FakeKubeClient();
        foreach (var name in new[] { "twin", "helper", "embedder", "reranker" })
        {
            cluster.Put(new LlmEndpoint
            {
                Metadata = new() { Name = name, Namespace = Namespace },
                Spec = new()
                {
                    ModelRef = new() { Name = name },
                    Rag = name != "twin" ? null : new() { IndexRef = new() { Name = "corpus" }, Helper = new() { EndpointRef = new() { Name = "helper" } }, Rerank = new() { EndpointRef = new() { Name = "reranker" } } },
                },
            });
            cluster.Put(new EndpointSlice
            {
                Metadata = new() { Name = name, Namespace = Namespace, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = name } },
                AddressType = "IPv4",
                Ports = [new() { Name = "http", Port = 8000 }],
                Endpoints = [new() { Addresses = ["192.0.2.1"] }],
            });
        }

        cluster.Put(new LlmModel { Metadata = new() { Name = "twin", Namespace = Namespace }, Spec = new() { Source = new() { HuggingFace = new() { Repo = "a/twin" } }, Limits = new() { MaxInputTokens = 2048 } } });
        cluster.Put(new RagIndex
        {
            Metadata = new() { Name = "corpus", Namespace = Namespace },
            Spec = new()
            {
                Qdrant = new() { External = new() { Url = "http://qdrant:6333" } },
                Collections = [.. new[] { "embedded_posts", "embedded_articles", "embedded_repositories" }.Select(name => new CollectionSpec { Name = name, Vectors = new() { Size = 384 } })],
                Embedding = new() { EndpointRef = new() { Name = "embedder" } },
            },
        });
        return cluster;
    }

    private static string At(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))].ToString("0.000 ms", CultureInfo.InvariantCulture);
}
