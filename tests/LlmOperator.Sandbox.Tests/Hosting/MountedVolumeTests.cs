using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Hosting;

public sealed class MountedVolumeTests : IAsyncLifetime
{
    private static readonly ResourceName Secrets = new("", "secrets");
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<FakeContainer> _started = new();
    private HostedCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await HostedCluster.StartAsync(
        ContainerHost.ForImage("web", context =>
        {
            var container = new FakeContainer(context, 8080);
            _started.Enqueue(container);
            return container;
        }));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_running_container_sees_a_changed_ConfigMap_and_Secret_within_a_minute()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"1","gone":"x"}}""");
        _cluster.Create(Secrets, """{"metadata":{"name":"keys"},"stringData":{"token":"old"}}""");
        await RunAsync("""{"name":"v","configMap":{"name":"settings"}}""", """{"name":"s","secret":{"secretName":"keys"}}""");

        Change(Resources.ConfigMaps, "settings", map => map["data"] = new JsonObject { ["a"] = "2", ["new"] = "y" });
        Change(Secrets, "keys", secret => secret["data"] = new JsonObject { ["token"] = Convert.ToBase64String("young"u8) });

        // The clock goes on by a minute, and no further.
        _cluster.Time.Advance(Period);
        await _cluster.UntilAsync(() => Task.FromResult((Read("/v/a"), Read("/s/token"), Read("/v/new"), Read("/v/gone")) == ("2", "young", "y", null)), "the files change", TimeSpan.Zero);

        Assert.Single(_started);
    }

    [Fact]
    public async Task All_files_of_a_volume_change_together()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"1","b":"1"}}""");
        await RunAsync("""{"name":"v","configMap":{"name":"settings","items":[{"key":"a","path":"sub/a"},{"key":"b","path":"b"}]}}""");
        var folder = Context.RealPath("/v")!;
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege");
        var before = new DirectoryInfo(Path.Combine(folder, "..data")).LinkTarget!;
        Assert.Equal(Path.Combine("..data", "sub"), new DirectoryInfo(Path.Combine(folder, "sub")).LinkTarget);
        Assert.Equal(Path.Combine("..data", "b"), new FileInfo(Path.Combine(folder, "b")).LinkTarget);

        // What has been opened by then stays what it was.
        await using var open = File.OpenRead(Path.Combine(folder, "b"));
        Change(Resources.ConfigMaps, "settings", map => map["data"] = new JsonObject { ["a"] = "2", ["b"] = "2" });

        // The files turn first; then what is left of the earlier ones goes.
        await UntilAsync(() => Read("/v/sub/a") == "2" && !Directory.Exists(Path.Combine(folder, before)), "the files change");

        var after = new DirectoryInfo(Path.Combine(folder, "..data")).LinkTarget!;
        Assert.NotEqual(before, after);
        Assert.Equal("2", await File.ReadAllTextAsync(Path.Combine(folder, after, "b"), TestContext.Current.CancellationToken));
        Assert.Equal([after, "..data", "b", "sub"], Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal));
        Assert.Equal((byte)'1', open.ReadByte());
    }

    [Fact]
    public async Task Nothing_is_written_while_nothing_changes()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"1"}}""");
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"other"},"data":{"a":"1"}}""");
        await RunAsync("""{"name":"v","configMap":{"name":"settings"}}""", """{"name":"o","configMap":{"name":"other"}}""");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege");
        var before = new DirectoryInfo(Path.Combine(Context.RealPath("/v")!, "..data")).LinkTarget;

        Change(Resources.ConfigMaps, "settings", map => map["metadata"]!["labels"] = new JsonObject { ["a"] = "b" });
        Change(Resources.ConfigMaps, "other", map => map["data"]!["a"] = "2");
        await UntilAsync(() => Read("/o/a") == "2", "the other changes");

        Assert.Equal(before, new DirectoryInfo(Path.Combine(Context.RealPath("/v")!, "..data")).LinkTarget);
    }

    [Fact]
    public async Task A_part_of_a_volume_and_variables_stay_as_they_were_until_the_container_starts_again()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"1"}}""");
        _cluster.Create(Resources.Pods, """
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"main","image":"web:1","env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"settings","key":"a"}}}],
              "volumeMounts":[{"name":"v","mountPath":"/v"},{"name":"v","mountPath":"/etc/app/a.conf","subPath":"a"}]}],
              "volumes":[{"name":"v","configMap":{"name":"settings"}}]}}
            """);
        await _cluster.ReadyAsync("p");

        Change(Resources.ConfigMaps, "settings", map => map["data"]!["a"] = "2");
        await UntilAsync(() => Read("/v/a") == "2", "the volume changes");
        Assert.Equal("1", Read("/etc/app/a.conf"));
        Assert.Equal("1", Context.Environment["A"]);

        _started.Last().Exit(1);
        await UntilAsync(() => _started.Count == 2, "it starts again");
        Assert.Equal("2", Read("/etc/app/a.conf"));
        Assert.Equal("2", Context.Environment["A"]);
    }

    [Fact]
    public async Task What_is_optional_appears_when_it_comes_and_goes_with_it()
    {
        await RunAsync("""{"name":"v","configMap":{"name":"late","optional":true}}""");
        Assert.Null(Read("/v/a"));

        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"late"},"data":{"a":"1"}}""");
        await UntilAsync(() => Read("/v/a") == "1", "the file appears");
        _cluster.Embedded.Objects.Delete(new(Resources.ConfigMaps, "default", "late"));
        await UntilAsync(() => Read("/v/a") is null, "the file goes");
    }

    [Fact]
    public async Task What_must_be_there_and_goes_is_told_once_and_the_files_stay()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"1"}}""");
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"other"},"data":{"a":"1"}}""");
        await RunAsync("""{"name":"v","configMap":{"name":"settings"}}""", """{"name":"o","configMap":{"name":"other"}}""");

        _cluster.Embedded.Objects.Delete(new(Resources.ConfigMaps, "default", "settings"));
        await UntilAsync(() => _cluster.Events("p").Contains("FailedMount"), "it is told");
        Change(Resources.ConfigMaps, "other", map => map["data"]!["a"] = "2");
        await UntilAsync(() => Read("/o/a") == "2", "the other volume goes on");

        Assert.Equal("1", Read("/v/a"));
        Assert.Single(_cluster.Events("p"), "FailedMount");
        Assert.True(_cluster.Pod("p")!.IsReady());
    }

    [Fact]
    public async Task What_is_immutable_is_not_read_again_though_one_of_its_name_takes_its_place()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"immutable":true,"data":{"a":"1"}}""");
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"other"},"data":{"a":"1"}}""");
        await RunAsync("""{"name":"v","configMap":{"name":"settings"}}""", """{"name":"o","configMap":{"name":"other"}}""");

        _cluster.Embedded.Objects.Delete(new(Resources.ConfigMaps, "default", "settings"));
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"2"}}""");
        Change(Resources.ConfigMaps, "other", map => map["data"]!["a"] = "2");
        await UntilAsync(() => Read("/o/a") == "2", "the other changes");
        Assert.Equal("1", Read("/v/a"));
        Assert.DoesNotContain("FailedMount", _cluster.Events("p"));

        // A new pod reads what is there now.
        _cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "p"));
        await UntilAsync(() => _cluster.Pod("p") is null, "the pod goes");
        await RunAsync("""{"name":"v","configMap":{"name":"settings"}}""");
        Assert.Equal("2", Read("/v/a"));
    }

    [Fact]
    public async Task A_projected_volume_and_the_pods_own_labels_are_kept_up_to_date()
    {
        _cluster.Create(Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"a":"1"}}""");
        _cluster.Create(Secrets, """{"metadata":{"name":"keys"},"stringData":{"token":"old"}}""");
        await RunAsync("""
            {"name":"v","projected":{"sources":[{"configMap":{"name":"settings"}},{"secret":{"name":"keys"}},
              {"downwardAPI":{"items":[{"path":"team","fieldRef":{"fieldPath":"metadata.labels['team']"}}]}}]}}
            """);
        Assert.Equal(("1", "old", ""), (Read("/v/a"), Read("/v/token"), Read("/v/team")));

        Change(Secrets, "keys", secret => secret["data"] = new JsonObject { ["token"] = Convert.ToBase64String("young"u8) });
        Change(Resources.Pods, "p", pod => pod["metadata"]!["labels"] = new JsonObject { ["team"] = "blue" });
        await UntilAsync(() => Read("/v/token") == "young", "the secret changes");

        Assert.Equal(("1", "blue"), (Read("/v/a"), Read("/v/team")));
    }

    private ContainerContext Context => _started.Last().Context;

    /// <summary>In long steps, as a minute is to pass.</summary>
    private Task UntilAsync(Func<bool> condition, string what) => _cluster.UntilAsync(() => Task.FromResult(condition()), what, TimeSpan.FromMilliseconds(500));

    /// <summary>Null where there is no file, or it goes while it is looked for.</summary>
    private string? Read(string path)
    {
        try
        {
            return File.ReadAllText(Context.RealPath(path)!);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private async Task RunAsync(params string[] volumes)
    {
        var parsed = volumes.Select(volume => JsonNode.Parse(volume)!).ToList();
        var mounts = string.Join(',', parsed.Select(volume => $$$"""{"name":"{{{volume["name"]}}}","mountPath":"/{{{volume["name"]}}}"}"""));
        _cluster.Create(Resources.Pods, $$$"""
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"main","image":"web:1","volumeMounts":[{{{mounts}}}]}],"volumes":[{{{string.Join(',', volumes)}}}]}}
            """);
        await _cluster.ReadyAsync("p");
    }

    private void Change(ResourceName resource, string name, Action<JsonObject> change) => _cluster.Embedded.Objects.Update(new(resource, "default", name), change, "test");
}
