using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Client;

public sealed class ListReaderTests
{
    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    [Fact]
    public void A_list_is_the_same_wherever_the_stream_is_cut_into_pieces()
    {
        var content = Encoding.UTF8.GetBytes("""
            {"kind":"PodList","other":{"items":[{"metadata":{"name":"not me"}}]},"items":[{"metadata":{"name":"a","labels":{"x":"ü]}"}}}, {"metadata":{"name":"b"},"unknown":[[{}]]},
             {"metadata":{"name":"c"}}],"metadata":{"resourceVersion":"17","continue":"token","remainingItemCount":4}}
            """);

        Prop.ForAll(Gen.NonEmptyListOf(Gen.Choose(1, 61)).ToArbitrary(), sizes =>
        {
            var list = Read(content, [.. sizes]).GetAwaiter().GetResult();
            return list.Items.Select(pod => pod.Metadata.Name).SequenceEqual(["a", "b", "c"]) && (list.ResourceVersion, list.Continue) == ("17", "token");
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("""{"metadata":{"resourceVersion":"1","continue":""},"items":[]}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":null}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"}}""")]
    public async Task A_list_without_elements_is_empty_and_its_last_page(string text)
    {
        var list = await Read(Encoding.UTF8.GetBytes(text), [7]);

        Assert.Empty(list.Items);
        Assert.Equal(("1", null), (list.ResourceVersion, list.Continue));
    }

    [Fact]
    public async Task A_list_that_breaks_off_is_no_list() =>
        await Assert.ThrowsAsync<IOException>(() => Read("""{"items":[{"metadata":{"name":"a"}},"""u8.ToArray(), [7]));

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"items":[{"metadata":{"name":7}}]}""")]
    [InlineData("""{"items":[{"metadata" "name"}]}""")]
    public async Task A_list_that_is_not_json_of_the_kind_is_refused(string text) =>
        await Assert.ThrowsAnyAsync<JsonException>(() => Read(Encoding.UTF8.GetBytes(text), [1000]));

    private static Task<ObjectList<Pod>> Read(byte[] content, IReadOnlyList<int> sizes) =>
        ListReader<Pod>.ReadAsync(new ChunkedStream(content, sizes), Pod.JsonTypeInfo, Guard);
}
