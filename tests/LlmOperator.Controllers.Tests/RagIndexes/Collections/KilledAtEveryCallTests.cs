using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;
using static LlmOperator.Controllers.Tests.RagIndexes.Collections.KeeperFixture;

namespace LlmOperator.Controllers.Tests.RagIndexes.Collections;

/// <summary>
/// The operator is killed at each call it makes, before the call takes effect and after; a new one, which knows nothing, goes on. Readers look through the alias at every call in between.
/// </summary>
public sealed class KilledAtEveryCallTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Scenarios => ["create", "copy", "embed", "return", "give up", "snapshot"];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Whenever_it_is_killed_readers_see_no_error_and_the_end_is_the_same(string scenario)
    {
        var undisturbed = await RunAsync(scenario, null, QdrantFault.Cut);
        Assert.True(undisturbed.Calls > 5, $"{undisturbed.Calls} calls");
        for (var call = 1; call <= undisturbed.Calls; call++)
        {
            foreach (var fault in new[] { QdrantFault.Cut, QdrantFault.LoseAnswer })
            {
                // A read that took effect is a read that did not.
                if (fault == QdrantFault.LoseAnswer && !undisturbed.Writes.Contains(call))
                {
                    continue;
                }

                var run = await RunAsync(scenario, call, fault);
                Assert.True(run.WasKilled, $"not killed at call {call}");
                Assert.True(undisturbed.End == run.End, $"killed at call {call} ({run.KilledAt}, {(fault == QdrantFault.Cut ? "before" : "after")} it took effect):\n{run.End}\nin place of\n{undisturbed.End}");
            }
        }
    }

    private static async Task<Run> RunAsync(string scenario, int? killAt, QdrantFault fault)
    {
        var qdrant = new KeeperFixture();
        var (before, after) = (Spec(), Spec(distance: "Dot"));
        if (scenario != "create")
        {
            await qdrant.KeepAsync(before);
            await qdrant.SeedAsync(7);
        }

        if (scenario is "return" or "give up")
        {
            qdrant.Migration = qdrant.Migration with { PointsPerSecond = scenario == "return" ? 5000 : 1 };
            _ = scenario == "return" ? await qdrant.SettleAsync(after) : await qdrant.KeepAsync(after);
            (before, after) = (after, before);
        }

        if (scenario == "copy")
        {
            qdrant.Migration = qdrant.Migration with { PointsPerSecond = 1 };
        }

        if (scenario == "embed")
        {
            (qdrant.Embedder, qdrant.Embedding) = (new LetterEmbedder(6), new() { Model = "model-b", Size = 6 });
            after = Spec(size: 6);
        }

        var run = new Run(killAt, fault);
        var reader = new AliasReader(qdrant);
        var inside = false;
        qdrant.Server.BeforeRequest = async (call, _) =>
        {
            // The reader's own requests, and the client's question for the version, are not the keeper's.
            if (inside || call.Path is [""])
            {
                return null;
            }

            // What readers see changes with writes alone.
            if (IsWrite(call) && scenario is not ("create" or "snapshot"))
            {
                inside = true;
                await reader.ReadAsync();
                inside = false;
            }

            return run.Next(call);
        };

        if (scenario == "snapshot")
        {
            await run.UntilAsync(qdrant, async () => (await qdrant.RemoveAsync(RagDeletionPolicy.Snapshot)).IsDone);
        }
        else
        {
            await run.UntilAsync(qdrant, async () =>
            {
                var result = await qdrant.KeepAsync(after);
                qdrant.Clock.Advance(result.LookAgainAfter ?? TimeSpan.Zero);
                return result.LookAgainAfter is null && result.Issues.Count == 0;
            });
        }

        qdrant.Server.BeforeRequest = null;
        if (scenario != "snapshot" && scenario != "create")
        {
            await reader.ReadAsync();
        }

        run.End = await EndAsync(qdrant);
        return run;
    }

    private static async Task<string> EndAsync(KeeperFixture qdrant)
    {
        var end = new List<string>();
        foreach (var alias in await qdrant.Reader.ListAliasesAsync(null, Stop))
        {
            end.Add($"alias {alias.AliasName} -> {alias.CollectionName}");
        }

        foreach (var name in await qdrant.CollectionsAsync())
        {
            var info = await qdrant.InfoAsync(name);
            var metadata = info.Config.Metadata!.Where(mark => mark.Value is not null).OrderBy(mark => mark.Key, StringComparer.Ordinal).Select(mark => $"{mark.Key}={mark.Value!.ToJsonString()}");
            var vector = info.Config.Params.Vectors![""];
            end.Add($"{name} {vector.Size} {vector.Distance} indexes {string.Join(',', info.PayloadSchema.Keys.Order())} {string.Join(' ', metadata)}");
            end.AddRange((await qdrant.PointsAsync(name)).Select(point => $"  {point.Id} {point.Payload!.ToJsonString()} {Numbers(point)}"));
        }

        return string.Join('\n', end);
    }

    private static string Numbers(PointRecord point) =>
        string.Join(' ', ((VectorValue.Dense)point.Vector![""]).Values.ToArray().Select(number => number.ToString("F4", CultureInfo.InvariantCulture)));

    /// <summary>One life after another.</summary>
    private sealed class Run(int? killAt, QdrantFault fault)
    {
        private bool _isDead;

        public int Calls { get; private set; }

        public HashSet<int> Writes { get; } = [];

        public bool WasKilled => KilledAt is not null;

        public QdrantCall? KilledAt { get; private set; }

        public string End { get; set; } = "";

        public QdrantFault? Next(QdrantCall call)
        {
            if (_isDead)
            {
                return QdrantFault.Cut;
            }

            Calls++;
            if (IsWrite(call))
            {
                Writes.Add(Calls);
            }

            if (Calls != killAt)
            {
                return null;
            }

            (_isDead, KilledAt) = (true, call);
            return fault;
        }

        public async Task UntilAsync(KeeperFixture qdrant, Func<Task<bool>> look)
        {
            for (var i = 0; i < 100; i++)
            {
                try
                {
                    if (await look())
                    {
                        return;
                    }
                }
                catch (QdrantException) when (_isDead)
                {
                    // The process ended; another one starts with nothing.
                    _isDead = false;
                    qdrant.Forget();
                }
            }

            throw new InvalidOperationException($"no rest after being killed at {KilledAt}");
        }
    }

    /// <summary>Reads through the alias: all points are there, and all of one generation.</summary>
    private sealed class AliasReader(KeeperFixture qdrant)
    {
        public async Task ReadAsync()
        {
            var points = await qdrant.PointsAsync();
            Assert.Equal(7, points.Count);
            var shapes = points.Select(point => (((VectorValue.Dense)point.Vector![""]).Values.Length, Model(point.Payload))).Distinct();
            Assert.Single(shapes);
            var size = ((VectorValue.Dense)points[0].Vector![""]).Values.Length;
            var found = await qdrant.Reader.QueryAsync(Name, new() { Query = Query.Nearest(new float[size].Select((_, i) => i + 1f).ToArray()), Limit = 3 }, Stop);
            Assert.Equal(3, found.Count);
        }

        private static string? Model(JsonObject? payload) => payload?["metadata"]?["embedding_model_id"]?.GetValue<string>();
    }
}
