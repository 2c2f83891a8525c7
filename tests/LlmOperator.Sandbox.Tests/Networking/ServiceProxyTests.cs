using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Networking;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Hosting;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Networking;

public sealed class ServiceProxyTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<FakeContainer> _started = new();
    private HostedCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await HostedCluster.StartAsync(ContainerHost.ForImage("web", context =>
    {
        var container = new FakeContainer(context, 8080);
        _started.Enqueue(container);
        return container;
    }));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_service_spreads_connections_over_ready_pods_by_named_port_and_by_its_name()
    {
        Service();
        _cluster.Create(Resources.Pods, Pod("a"));
        _cluster.Create(Resources.Pods, Pod("b"));
        await _cluster.ReadyAsync("a", "b");
        await AnswerAsync("a", "b");

        _started.Single(container => container.Context.Pod == "a").Status = 503;
        await AnswerAsync("b");
        Assert.Equal("b", await _cluster.Client.GetStringAsync("http://web.default.svc:80/", TestContext.Current.CancellationToken));
        Assert.Equal("b", await _cluster.Client.GetStringAsync("http://web.default.svc.cluster.local/", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_service_without_ready_pods_takes_no_connection()
    {
        Service();
        _cluster.Create(Resources.Pods, Pod("a"));
        await _cluster.ReadyAsync("a");
        await _cluster.UntilAsync(() => HostedCluster.ListensAsync(Address(), 80), "the Service is open");

        _cluster.Embedded.Objects.Delete(new(Resources.Pods, "default", "a"));
        await _cluster.UntilAsync(() => _cluster.Pod("a") is null, "the pod goes");

        await _cluster.UntilAsync(async () => !await HostedCluster.ListensAsync(Address(), 80), "the Service is closed");
    }

    [Fact]
    public async Task Either_side_may_end_its_half_first_and_no_byte_is_lost()
    {
        using var target = new TcpListener(IPAddress.Loopback, 0);
        target.Start();
        using var listener = Listener();
        var forwarder = new PortForwarder(listener, new SandboxNetwork(), [(IPEndPoint)target.LocalEndpoint]);
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        using var server = await target.AcceptTcpClientAsync(TestContext.Current.CancellationToken);

        var (asking, answering) = (client.GetStream(), server.GetStream());

        await asking.WriteAsync("question"u8.ToArray(), TestContext.Current.CancellationToken);
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal("question", await new StreamReader(answering).ReadToEndAsync(TestContext.Current.CancellationToken));

        forwarder.Close(breakOff: false);
        var large = new byte[3 << 20];
        Random.Shared.NextBytes(large);
        async Task SendAsync()
        {
            await answering.WriteAsync(large, TestContext.Current.CancellationToken);
            server.Client.Shutdown(SocketShutdown.Send);
        }

        var sending = SendAsync();
        using var received = new MemoryStream();
        await asking.CopyToAsync(received, TestContext.Current.CancellationToken);
        await sending;
        Assert.Equal(large, received.ToArray());
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_the_server_up()
    {
        using var target = new TcpListener(IPAddress.Loopback, 0);
        target.Start();
        using var listener = Listener();
        _ = new PortForwarder(listener, new SandboxNetwork(), [(IPEndPoint)target.LocalEndpoint]);
        using var client = new TcpClient { ReceiveBufferSize = 16 << 10 };
        await client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        using var server = await target.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        server.SendBufferSize = 16 << 10;

        var chunk = new byte[1 << 20];
        var sent = 0L;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            while (sent < 256L << 20)
            {
                await server.GetStream().WriteAsync(chunk, patience.Token);
                sent += chunk.Length;
            }
        }
        catch (OperationCanceledException)
        {
            // It is held up, as it should be.
        }

        Assert.InRange(sent, 0, 64L << 20);
    }

    [Fact]
    public async Task A_target_that_cannot_be_reached_is_passed_over()
    {
        using var target = new TcpListener(IPAddress.Loopback, 0);
        target.Start();
        using var closed = Listener();
        var nobody = (IPEndPoint)closed.LocalEndPoint!;
        closed.Dispose();
        using var listener = Listener();
        _ = new PortForwarder(listener, new SandboxNetwork(), [nobody, (IPEndPoint)target.LocalEndpoint]);
        for (var i = 0; i < 3; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, TestContext.Current.CancellationToken);
            using var server = await target.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            await server.GetStream().WriteAsync("x"u8.ToArray(), TestContext.Current.CancellationToken);
            Assert.Equal((byte)'x', client.GetStream().ReadByte());
        }
    }

    [Fact]
    public async Task Where_one_address_alone_is_routed_ports_are_mapped_and_names_still_lead_there()
    {
        using var network = new SandboxNetwork(isRouted: false);
        var (one, other) = (network.Claim(), network.Claim());
        Assert.NotEqual(one, other);
        var (first, second) = (network.Bind(one, 8000), network.Bind(other, 8000));
        Assert.Equal((IPAddress.Loopback, IPAddress.Loopback), (first.Address, second.Address));
        Assert.NotEqual(first.Port, second.Port);
        Assert.Equal(first, network.Bind(one, 8000));
        Assert.Equal(second, network.Find(other.ToString(), 8000));
        Assert.Null(network.Find("example.org", 80));
        network.Name("ns", "web", one);
        Assert.Equal(first, network.Find("web.ns.svc", 8000));

        using var listener = new TcpListener(first);
        listener.Start();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = network.ConnectAsync });
        var asked = client.GetStringAsync("http://web.ns.svc:8000/", TestContext.Current.CancellationToken);
        using var server = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await server.GetStream().WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), TestContext.Current.CancellationToken);
        Assert.Equal("hi", await asked);
    }

    [Fact]
    public void Where_ports_below_1024_are_for_administrators_they_are_mapped_8000_higher()
    {
        using var network = new SandboxNetwork(isRouted: true, opensLowPorts: false);
        var pod = network.Claim();

        Assert.Equal((new IPEndPoint(pod, 8080), new IPEndPoint(pod, 9000)), (network.Bind(pod, 80), network.Bind(pod, 9000)));
        Assert.Equal(new IPEndPoint(pod, 8080), network.Find(pod.ToString(), 80));
    }

    private static Socket Listener()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private void Service() => _cluster.Create(Resources.Services, """{"metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":"http"}]}}""");

    private string Address() => _cluster.Get(Resources.Services, "web").Text("spec", "clusterIP")!;

    /// <summary>The forwarder learns of a change a moment after the slice shows it.</summary>
    private Task AnswerAsync(params string[] pods) => _cluster.UntilAsync(
        async () =>
        {
            var answers = new SortedSet<string>();
            var isOpen = await HostedCluster.ListensAsync(Address(), 80);
            for (var i = 0; i < 4 && isOpen; i++)
            {
                using var answer = await _cluster.Client.GetAsync($"http://{Address()}/", TestContext.Current.CancellationToken);
                answers.Add(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            }

            return answers.SetEquals(pods);
        },
        $"answers of {string.Join(", ", pods)} and no other");

    private static string Pod(string name) => $$$$"""
        {"metadata":{"name":"{{{{name}}}}","labels":{"app":"web"}},"spec":{"terminationGracePeriodSeconds":5,
         "containers":[{"name":"main","image":"web:1","ports":[{"name":"http","containerPort":8080}],"readinessProbe":{"httpGet":{"port":"http"},"periodSeconds":1,"failureThreshold":1}}]}}
        """;
}
