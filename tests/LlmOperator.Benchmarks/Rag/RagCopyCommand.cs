using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Controllers.RagIndexes.Collections;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOperator.Benchmarks.Rag;

/// <summary>A migration of a filled collection: time, rate, and memory of the process that copies as it goes on. The stand-in Qdrant is a process of its own.</summary>
internal static class RagCopyCommand
{
    private const string Name = "embedded_posts";
    private const int Parts = 5;

    private static readonly CollectionOwner Owner = new("bench", "copy", "1");

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var points = arguments.Number("--points", 100_000);
        var size = arguments.Number("--size", 384);
        var batch = arguments.Number("--batch", 256);
        arguments.ThrowIfAnyLeft();
        using var server = ChildProgram.StartSelf("qdrant ready", "rag-copy-server", "--points", $"{points}", "--size", $"{size}");
        await server.Ready.WaitAsync(TimeSpan.FromMinutes(30), cancellationToken);
        using var http = new HttpClient();
        var client = ClientOf(http, new Uri(server.ReadyLine!.Split(' ')[^1]));
        var request = Request(client, size, "Dot", batch);
        using var self = Process.GetCurrentProcess();
        var table = new Table("phase", "points copied", "seconds", "heap", "resident", "of its own");
        var began = Stopwatch.GetTimestamp();
        var (part, phase, most) = (1, "", 0L);
        while (true)
        {
            var result = await Keeper().KeepAsync(request, cancellationToken);
            var status = result.Collections[0];
            most = Math.Max(most, GC.GetTotalMemory(false));
            if (status.Migration is { } migration && (migration.Phase != phase || migration.Copied * Parts >= part * (long)points))
            {
                part = migration.Phase != phase ? part : part + 1;
                phase = migration.Phase;
                Row(table, self, migration.Phase, migration.Copied ?? 0, began);
            }

            if (status is { Generation: 2, Migration: null })
            {
                break;
            }

            if (result.Issues.FirstOrDefault(issue => issue.Kind is CollectionIssueKind.Failed) is { } failed)
            {
                throw new ArgumentsException(failed.Message);
            }

            await Task.Delay(result.LookAgainAfter ?? TimeSpan.Zero, cancellationToken);
        }

        Row(table, self, "done", points, began);
        table.Print(Console.Out);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine($"{points} points of {size} numbers, batches of {batch}: {seconds:0.0} s in all, {points / seconds:0} points/s with the comparison, heap at most {Usage.Megabytes(most)}");
        return 0;
    }

    /// <summary>The stand-in, with a filled collection.</summary>
    public static async Task<int> ServeAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var points = arguments.Number("--points", 100_000);
        var size = arguments.Number("--size", 384);
        arguments.ThrowIfAnyLeft();
        await using var server = await QdrantStandIn.StartAsync(new QdrantCluster(), cancellationToken: cancellationToken);
        using var http = new HttpClient();
        var client = ClientOf(http, server.Address);
        await Keeper().KeepAsync(Request(client, size, "Cosine", 256), cancellationToken);
        var random = new Random(7);
        foreach (var numbers in Enumerable.Range(1, points).Chunk(1000))
        {
            await client.UpsertAsync(Name, new() { Points = [.. numbers.Select(number => PointOf(number, size, random))] }, cancellationToken);
        }

        Console.WriteLine($"qdrant ready {server.Address}");
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 0;
    }

    private static Point PointOf(int number, int size, Random random)
    {
        var vector = new float[size];
        for (var i = 0; i < size; i++)
        {
            vector[i] = (float)(random.NextDouble() - 0.5);
        }

        return new()
        {
            Id = (ulong)number,
            Vector = vector,
            Payload = new JsonObject { ["content"] = $"{number}: {new string('x', 400)}", ["author_id"] = $"author-{number % 10}", ["document_id"] = $"document-{number / 10}" },
        };
    }

    private static void Row(Table table, Process self, string phase, long copied, long began)
    {
        var usage = Usage.Of(self);
        table.Add(phase, $"{copied}", $"{Stopwatch.GetElapsedTime(began).TotalSeconds:0.0}", Usage.Megabytes(GC.GetTotalMemory(false)), Usage.Megabytes(usage.Resident), Usage.Megabytes(usage.Own));
    }

    private static CollectionKeeper Keeper() => new(TimeProvider.System, NullLogger<CollectionKeeper>.Instance);

    private static QdrantClient ClientOf(HttpClient http, Uri address) => new(http, new(address), TimeProvider.System);

    private static KeepRequest Request(IQdrantClient client, int size, string distance, int batch) => new()
    {
        Client = client,
        Owner = Owner,
        Collections = [new() { Name = Name, Vectors = new() { Size = size, Distance = distance }, PayloadIndexes = [new() { Field = "author_id" }] }],
        Embedding = new() { Model = "bench", Size = size },
        Migration = new() { PointsPerSecond = 1_000_000, BatchSize = batch, SampleSize = 20 },
    };
}
