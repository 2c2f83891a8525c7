using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Client;

public sealed class KubeClientTests : IDisposable
{
    private readonly ScriptedServer _server = new();

    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    private ScriptedServer.Asked Asked => _server.Requests[^1];

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task A_missing_object_is_null()
    {
        _server.Answer(HttpStatusCode.NotFound, """{"kind":"Status","code":404,"reason":"NotFound"}""");
        using var client = _server.Client();

        Assert.Null(await client.GetAsync<Deployment>(new("shop", "web"), Guard));
        Assert.Equal(("GET", "/apis/apps/v1/namespaces/shop/deployments/web"), (Asked.Method, Asked.Path));
        Assert.StartsWith("llm-operator/", Asked.Headers["User-Agent"], StringComparison.Ordinal);
        Assert.Equal("gzip", Asked.Headers["Accept-Encoding"]);
    }

    [Fact]
    public async Task A_list_says_its_selectors_and_page_and_reads_a_compressed_answer()
    {
        _server.Then((_, _) =>
        {
            var body = new MemoryStream();
            using (var gzip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write("""{"metadata":{"resourceVersion":"9","continue":"c2"},"items":[{"metadata":{"name":"a"}}]}"""u8);
            }

            body.Position = 0;
            var content = new StreamContent(body);
            content.Headers.ContentEncoding.Add("gzip");
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content });
        });
        using var client = _server.Client();

        var page = await client.ListAsync<Node>(null, new ListOptions { LabelSelector = "a in (b,c)", FieldSelector = "metadata.name=x", Limit = 5, Continue = "c1" }, Guard);

        Assert.Equal("/api/v1/nodes?labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=metadata.name%3Dx&limit=5&continue=c1", Asked.Path);
        Assert.Equal(("a", "9", "c2"), (page.Items[0].Metadata.Name, page.ResourceVersion, page.Continue));
    }

    [Fact]
    public async Task Metadata_alone_is_asked_for_where_no_more_is_read()
    {
        using var client = _server.Client();
        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"},"spec":{"nodeName":"whole objects are read, too"}}]}""");
        Assert.Equal("a", Assert.Single((await client.ListAsync<PodMetadata>("shop", null, Guard)).Items).Metadata.Name);
        Assert.Equal(("/api/v1/namespaces/shop/pods", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"), (Asked.Path, string.Concat(Asked.Headers["Accept"].Where(letter => letter != ' '))));

        _server.Answer(HttpStatusCode.OK, """{"metadata":{"name":"a"}}""");
        await client.GetAsync<PodMetadata>(new("shop", "a"), Guard);
        Assert.Equal("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json", string.Concat(Asked.Headers["Accept"].Where(letter => letter != ' ')));

        _server.Answer(HttpStatusCode.OK, """{"metadata":{"name":"a"}}""");
        await client.GetAsync<Pod>(new("shop", "a"), Guard);
        Assert.Equal("application/json", Asked.Headers["Accept"]);
    }

    [Fact]
    public async Task A_watch_asks_for_bookmarks_and_for_the_initial_objects_and_never_for_compression()
    {
        _server.Answer(new ChunkedStream("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"3\"}}}\n"u8.ToArray(), [10]));
        using var client = _server.Client();

        var events = new List<WatchEvent<Pod>>();
        await foreach (var change in client.WatchAsync<Pod>("n", new WatchOptions { SendInitialEvents = true, Timeout = TimeSpan.FromMinutes(5), LabelSelector = "a" }, Guard))
        {
            events.Add(change);
        }

        Assert.Equal("/api/v1/namespaces/n/pods?watch=true&allowWatchBookmarks=true&labelSelector=a&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=300", Asked.Path);
        Assert.False(Asked.Headers.ContainsKey("Accept-Encoding"));
        Assert.Equal("3", Assert.Single(events).ResourceVersion);
    }

    [Fact]
    public async Task Cancelling_a_watch_ends_it_while_it_is_silent()
    {
        var body = new System.IO.Pipelines.Pipe();
        _server.Answer(body.Reader.AsStream());
        using var client = _server.Client();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Guard);
        await body.Writer.WriteAsync("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"u8.ToArray(), Guard);

        await using var events = client.WatchAsync<Pod>(null, new WatchOptions(), cancel.Token).GetAsyncEnumerator(Guard);
        Assert.True(await events.MoveNextAsync());
        var silent = events.MoveNextAsync();
        Assert.False(silent.IsCompleted);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await silent);
    }

    [Fact]
    public async Task A_watch_that_is_silent_past_its_time_ends()
    {
        var clock = new ManualTimeProvider();
        _server.Answer(new System.IO.Pipelines.Pipe().Reader.AsStream());
        using var client = _server.Client(clock);

        await using var events = client.WatchAsync<Pod>(null, new WatchOptions { Timeout = TimeSpan.FromMinutes(5) }, Guard).GetAsyncEnumerator(Guard);
        var silent = events.MoveNextAsync();
        clock.Advance(TimeSpan.FromMinutes(5));
        Assert.False(silent.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(await silent);
    }

    [Fact]
    public async Task A_watch_whose_connection_breaks_says_so()
    {
        _server.Answer(new ChunkedStream("{\"type\":\"ADD"u8.ToArray(), [10], breaksOff: true));
        using var client = _server.Client();

        var fault = await Assert.ThrowsAsync<KubeApiException>(async () => await client.WatchAsync<Pod>(null, new WatchOptions(), Guard).GetAsyncEnumerator(Guard).MoveNextAsync());

        Assert.True(fault.IsUnreachable);
    }

    [Fact]
    public async Task A_create_is_strict_and_posts_to_the_collection()
    {
        _server.Answer(HttpStatusCode.Created, """{"metadata":{"name":"a","uid":"u"}}""");
        using var client = _server.Client();

        var created = await client.CreateAsync(new ConfigMap { Metadata = new() { Name = "a", Namespace = "n" }, Data = new Dictionary<string, string> { ["k"] = "v" } }, new WriteOptions { DryRun = true, FieldManager = "me" }, Guard);

        Assert.Equal(("POST", "/api/v1/namespaces/n/configmaps?fieldManager=me&fieldValidation=Strict&dryRun=All", "application/json"), (Asked.Method, Asked.Path, Asked.ContentType));
        Assert.Equal("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n"},"data":{"k":"v"}}""", Asked.Body);
        Assert.Equal("u", created.Metadata.Uid);
    }

    [Fact]
    public async Task An_apply_names_its_manager_and_may_force_and_may_go_to_the_status()
    {
        _server.Answer(HttpStatusCode.OK).Answer(HttpStatusCode.OK);
        using var client = _server.Client();
        var deployment = new Deployment { Metadata = new() { Name = "a", Namespace = "n" }, Spec = new() { Replicas = 0 } };

        await client.ApplyAsync(deployment, new ApplyOptions { FieldManager = "llm-operator", Force = true }, Guard);
        Assert.Equal(("PATCH", "/apis/apps/v1/namespaces/n/deployments/a?fieldManager=llm-operator&fieldValidation=Strict&force=true", "application/apply-patch+yaml"), (Asked.Method, Asked.Path, Asked.ContentType));
        Assert.Equal("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"n"},"spec":{"replicas":0}}""", Asked.Body);

        await client.ApplyAsync(deployment, new ApplyOptions { FieldManager = "m", Subresource = "status", FieldValidation = FieldValidation.Warn }, Guard);
        Assert.Equal("/apis/apps/v1/namespaces/n/deployments/a/status?fieldManager=m&fieldValidation=Warn", Asked.Path);

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => client.ApplyAsync(deployment, new ApplyOptions(), Guard));
        Assert.Contains("field manager", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_patch_goes_with_its_media_type()
    {
        _server.Answer(HttpStatusCode.OK).Answer(HttpStatusCode.OK);
        using var client = _server.Client();

        await client.PatchAsync<Pod>(new("n", "a"), Patch.Merge("{}"u8.ToArray()), cancellationToken: Guard);
        Assert.Equal(("application/merge-patch+json", "{}"), (Asked.ContentType, Asked.Body));
        await client.PatchAsync<Node>(new(null, "a"), Patch.Json("[]"u8.ToArray()), cancellationToken: Guard);
        Assert.Equal(("application/json-patch+json", "[]", "/api/v1/nodes/a?fieldValidation=Strict"), (Asked.ContentType, Asked.Body, Asked.Path));
    }

    [Fact]
    public async Task A_replace_puts_the_whole_object_with_what_we_do_not_know()
    {
        const string Lease = """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a","namespace":"n","resourceVersion":"5"},"spec":{"strategy":"x"}}""";
        _server.Answer(HttpStatusCode.OK, Lease).Answer(HttpStatusCode.OK, Lease);
        using var client = _server.Client();

        var lease = await client.GetAsync<Lease>(new("n", "a"), Guard);
        await client.ReplaceAsync(lease!, cancellationToken: Guard);

        Assert.Equal(("PUT", "/apis/coordination.k8s.io/v1/namespaces/n/leases/a?fieldValidation=Strict"), (Asked.Method, Asked.Path));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Lease), JsonNode.Parse(Asked.Body!)), Asked.Body);
    }

    [Fact]
    public async Task A_delete_says_its_conditions_and_whether_there_was_anything()
    {
        _server.Answer(HttpStatusCode.OK).Answer(HttpStatusCode.NotFound);
        using var client = _server.Client();

        Assert.True(await client.DeleteAsync<Pod>(new("n", "a"), new DeleteOptions { Uid = "u", ResourceVersion = "3", Propagation = DeletionPropagation.Foreground, GracePeriodSeconds = 0, DryRun = true }, Guard));
        Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"propagationPolicy":"Foreground","preconditions":{"uid":"u","resourceVersion":"3"},"dryRun":["All"]}""", Asked.Body);
        Assert.False(await client.DeleteAsync<Pod>(new("n", "a"), cancellationToken: Guard));
        Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions"}""", Asked.Body);
    }

    [Fact]
    public async Task Deleting_a_collection_needs_its_namespace_and_takes_selectors()
    {
        _server.Answer(HttpStatusCode.OK);
        using var client = _server.Client();

        await client.DeleteCollectionAsync<Pod>("n", new ListOptions { LabelSelector = "a=b" }, cancellationToken: Guard);
        Assert.Equal(("DELETE", "/api/v1/namespaces/n/pods?labelSelector=a%3Db"), (Asked.Method, Asked.Path));
        await Assert.ThrowsAsync<ArgumentException>(() => client.DeleteCollectionAsync<Pod>(null, cancellationToken: Guard));
    }

    [Fact]
    public async Task Scale_is_read_and_set_through_its_subresource()
    {
        const string Scale = """{"kind":"Scale","metadata":{"resourceVersion":"8"},"spec":{"replicas":2},"status":{"replicas":1,"selector":"a=b"}}""";
        _server.Answer(HttpStatusCode.OK, Scale).Answer(HttpStatusCode.OK, Scale);
        using var client = _server.Client();

        Assert.Equal(new Scale(new("n", "a"), 2, 1, "a=b", "8"), await client.GetScaleAsync<Deployment>(new("n", "a"), Guard));
        await client.SetScaleAsync<Deployment>(new("n", "a"), 2, new WriteOptions { FieldManager = "me" }, Guard);
        Assert.Equal(("PATCH", "/apis/apps/v1/namespaces/n/deployments/a/scale?fieldManager=me&fieldValidation=Strict", """{"spec":{"replicas":2}}"""), (Asked.Method, Asked.Path, Asked.Body));
    }

    [Fact]
    public async Task A_log_is_a_stream_of_text()
    {
        _server.Answer(new ChunkedStream("one\ntwo\n"u8.ToArray(), [3]));
        using var client = _server.Client();

        using var log = new StreamReader(await client.ReadLogAsync(new("n", "a"), new LogOptions { Container = "c", TailLines = 5, Previous = true }, Guard));

        Assert.Equal("one\ntwo\n", await log.ReadToEndAsync(Guard));
        Assert.Equal("/api/v1/namespaces/n/pods/a/log?container=c&tailLines=5&previous=true", Asked.Path);
    }

    [Fact]
    public async Task A_refusal_is_typed_and_names_the_fields()
    {
        _server.Answer(HttpStatusCode.UnprocessableEntity, """
            {"kind":"Status","status":"Failure","message":"Deployment.apps \"a\" is invalid","reason":"Invalid","code":422,
             "details":{"name":"a","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: -1","field":"spec.replicas"}]}}
            """)
            .Answer(HttpStatusCode.Conflict, """{"kind":"Status","reason":"AlreadyExists","code":409,"message":"m"}""")
            .Answer(HttpStatusCode.Conflict, """{"kind":"Status","reason":"Conflict","code":409,"details":{"causes":[{"reason":"FieldManagerConflict","field":".spec.replicas"}]}}""")
            .Answer(HttpStatusCode.Forbidden, """{"kind":"Status","reason":"Forbidden","code":403,"message":"pods is forbidden"}""");
        using var client = _server.Client();
        var pod = new Pod { Metadata = new() { Name = "a", Namespace = "n" } };

        var invalid = await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(pod, cancellationToken: Guard));
        Assert.True(invalid.IsInvalid);
        Assert.Equal(new StatusCause("FieldValueInvalid", "spec.replicas", "Invalid value: -1"), Assert.Single(invalid.Causes));

        var exists = await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(pod, cancellationToken: Guard));
        Assert.True(exists is { IsAlreadyExists: true, IsConflict: false });

        var conflict = await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(pod, cancellationToken: Guard));
        Assert.True(conflict is { IsConflict: true, IsTransient: false });
        Assert.Equal(".spec.replicas", conflict.Causes[0].Field);

        Assert.True((await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(pod, cancellationToken: Guard))).IsForbidden);
    }

    [Fact]
    public async Task An_answer_that_is_no_status_is_quoted()
    {
        _server.Answer(HttpStatusCode.BadRequest, "<html>this is the wrong port</html>").Answer(HttpStatusCode.OK, "<html>a login page</html>");
        using var client = _server.Client();

        var refused = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync<Pod>(new("n", "a"), Guard));
        Assert.Equal(("BadRequest", "<html>this is the wrong port</html>"), (refused.Reason, refused.Message));

        var unreadable = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync<Pod>(new("n", "a"), Guard));
        Assert.Equal(KubeApiException.UnreadableAnswer, unreadable.Reason);
    }

    [Fact]
    public async Task An_object_without_the_namespace_its_kind_needs_is_refused_before_anything_is_sent()
    {
        using var client = _server.Client();

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => client.CreateAsync(new Pod { Metadata = new() { Name = "a" } }, cancellationToken: Guard));

        Assert.Contains("metadata.namespace", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync<Node>(new("n", "a"), Guard));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_server_below_a_path_keeps_it()
    {
        _server.Answer(HttpStatusCode.OK);
        using var client = _server.Client(configure: cluster => cluster with { Server = new Uri("https://rancher.example/k8s/clusters/c-1/") });

        await client.GetAsync<Node>(new(null, "a"), Guard);

        Assert.Equal("/k8s/clusters/c-1/api/v1/nodes/a", Asked.Path);
    }

    [Fact]
    public async Task Kinds_known_at_run_time_are_discovered_applied_listed_and_deleted()
    {
        _server.Answer(HttpStatusCode.OK, """{"kind":"APIResourceList","resources":[{"name":"echoes/status","kind":"Echo","namespaced":true},{"name":"echoes","kind":"Echo","namespaced":true}]}""")
            .Answer(HttpStatusCode.OK, """{"kind":"Echo","metadata":{"name":"a","uid":"u"}}""")
            .Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a","namespace":"n"}}]}""")
            .Answer(HttpStatusCode.OK)
            .Answer(HttpStatusCode.NotFound, "404 page not found");
        using var client = _server.Client();

        var resource = await client.DiscoverAsync("bench.example.com/v1", "Echo", Guard);
        Assert.Equal(new ResourceType("bench.example.com", "v1", "Echo", "echoes", true), resource);

        var echo = new UnstructuredObject((JsonObject)JsonNode.Parse("""{"apiVersion":"bench.example.com/v1","kind":"Echo","metadata":{"name":"a","namespace":"n"},"spec":{"replicas":1.0}}""")!);
        Assert.Equal("u", (await client.ApplyAsync(resource!, echo, new ApplyOptions { FieldManager = "me" }, Guard)).Uid);
        Assert.Equal("/apis/bench.example.com/v1/namespaces/n/echoes/a?fieldManager=me&fieldValidation=Strict", Asked.Path);
        Assert.Contains("\"replicas\":1.0", Asked.Body, StringComparison.Ordinal);

        var listed = Assert.Single((await client.ListAsync(resource!, null, cancellationToken: Guard)).Items);
        Assert.Equal(("bench.example.com/v1", "Echo", new ObjectKey("n", "a")), (listed.ApiVersion, listed.Kind, listed.Key));
        Assert.True(await client.DeleteAsync(resource!, listed.Key, null, Guard));
        Assert.Null(await client.DiscoverAsync("nowhere/v1", "Echo", Guard));
    }

    [Fact]
    public async Task A_paged_list_goes_on_with_the_token_an_expired_one_is_answered_with_and_hands_nothing_out_twice()
    {
        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"1","continue":"c1"},"items":[{"metadata":{"name":"a"}}]}""")
            .Answer(HttpStatusCode.Gone, """{"kind":"Status","code":410,"reason":"Expired","metadata":{"continue":"c2"}}""")
            .Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"2","continue":"c3"},"items":[{"metadata":{"name":"b"}}]}""")
            .Answer(HttpStatusCode.Gone, """{"kind":"Status","code":410,"reason":"Expired"}""")
            .Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"3"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"c"}}]}""");
        using var client = _server.Client();

        var names = new List<string?>();
        await foreach (var node in client.ListPagesAsync<Node>(null, new ListOptions { Limit = 1 }, Guard))
        {
            names.Add(node.Metadata.Name);
        }

        Assert.Equal(["a", "b", "c"], names);
        Assert.Equal(["limit=1", "limit=1&continue=c1", "limit=1&continue=c2", "limit=1&continue=c3", "limit=1"], _server.Requests.Select(request => request.Path.Split('?')[1]));
    }

    [Fact]
    public async Task Each_attempt_is_counted_and_timed_in_seconds()
    {
        var clock = new ManualTimeProvider();
        var counted = new List<string>();
        var timed = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, active) =>
        {
            if (instrument.Meter.Name == "LlmOperator.Kubernetes" && instrument.Name.StartsWith("rest_client", StringComparison.Ordinal))
            {
                active.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var text = string.Join(",", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            if (text.Contains("metrics.example", StringComparison.Ordinal))
            {
                counted.Add($"{instrument.Name} {value} {text}");
            }
        });
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            if (tags.ToArray().Contains(new("host", "metrics.example:6443")) && tags.ToArray().Contains(new("verb", "GET")))
            {
                timed.Add(value);
            }
        });
        listener.Start();
        _server.Then((_, _) =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound));
        }).Fail(new HttpRequestException("refused"));
        using var client = _server.Client(clock, cluster => cluster with { Server = new Uri("https://metrics.example:6443") });

        await client.GetAsync<Node>(new(null, "a"), Guard);
        await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(new Node { Metadata = new() { Name = "a" } }, cancellationToken: Guard));

        Assert.Equal(["rest_client_requests_total 1 code=404,method=GET,host=metrics.example:6443", "rest_client_requests_total 1 code=<error>,method=POST,host=metrics.example:6443"], counted);
        Assert.Equal([0.25], timed);
    }
}
