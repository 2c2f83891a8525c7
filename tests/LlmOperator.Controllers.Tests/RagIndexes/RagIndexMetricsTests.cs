using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes;

public sealed class RagIndexMetricsTests
{
    [Fact]
    public async Task Every_figure_of_an_index_has_its_labels_and_goes_with_it()
    {
        await using var fixture = await RagIndexReconcileTests.ReadyAsync();
        var index = fixture.Operator.Api.Peek<RagIndex>("docs")!;
        await fixture.Operator.SettleAsync();
        fixture.Operator.Api.Put(index with
        {
            Status = index.Status! with
            {
                Collections =
                [
                    index.Status.Collections![0] with { Points = 7, IndexedVectors = 14, Migration = new() { PhysicalName = "posts-g2", Method = "Copy", Phase = "Copying", Copied = 3, Total = 9 } },
                    index.Status.Collections[1] with { Points = 0, IndexedVectors = null, State = "Missing" },
                ],
            },
        });
        var found = "";
        string[] wanted =
        [
            """llm_operator_ragindex_ready{name="docs",namespace="default"} 1""",
            """llm_operator_ragindex_points{collection="posts",name="docs",namespace="default"} 7""",
            """llm_operator_ragindex_points{collection="raw",name="docs",namespace="default"} 0""",
            """llm_operator_ragindex_indexed_vectors{collection="posts",name="docs",namespace="default"} 14""",
            """llm_operator_ragindex_collection_ready{collection="posts",name="docs",namespace="default"} 1""",
            """llm_operator_ragindex_collection_ready{collection="raw",name="docs",namespace="default"} 0""",
            """llm_operator_ragindex_migration_copied_points{collection="posts",name="docs",namespace="default"} 3""",
            """llm_operator_ragindex_migration_total_points{collection="posts",name="docs",namespace="default"} 9""",
        ];
        await fixture.Operator.SettleAsync();
        found = await fixture.Operator.MetricsAsync();
        Assert.All(wanted, line => Assert.Contains(line, Lines(found)));
        Assert.Equal(wanted.Length, Lines(found).Count);

        // Nothing of it is left when it is gone.
        fixture.Operator.Api.Remove<RagIndex>("docs");
        await fixture.Operator.SettleAsync();
        Assert.Empty(Lines(await fixture.Operator.MetricsAsync()));
    }

    [Fact]
    public async Task A_migration_has_figures_only_while_it_goes_on_and_every_name_is_documented()
    {
        await using var fixture = await RagIndexReconcileTests.ReadyAsync();
        await fixture.Operator.SettleAsync();
        Assert.DoesNotContain(Lines(await fixture.Operator.MetricsAsync()), line => line.Contains("_migration_", StringComparison.Ordinal));

        var docs = await File.ReadAllTextAsync(Path.Combine(SharedData.RepositoryRoot, "docs/rag-index.md"), TestContext.Current.CancellationToken);
        foreach (var name in new[] { "_ready", "_points", "_indexed_vectors", "_collection_ready", "_migration_copied_points", "_migration_total_points" })
        {
            Assert.Contains($"{name}`", docs, StringComparison.Ordinal);
        }
    }

    /// <summary>Series of indexes, labels in order.</summary>
    private static List<string> Lines(string page) =>
    [
        .. page.Split('\n').Where(line => line.StartsWith("llm_operator_ragindex_", StringComparison.Ordinal)).Select(line =>
        {
            var (open, close) = (line.IndexOf('{', StringComparison.Ordinal), line.IndexOf('}', StringComparison.Ordinal));
            return $"{line[..open]}{{{string.Join(',', line[(open + 1)..close].Split(',').Order(StringComparer.Ordinal))}{line[close..]}";
        }),
    ];
}
