using System.Net;
using LlmOperator.Kubernetes.Leadership;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Leadership;

public sealed class LeaderFenceHandlerTests
{
    private readonly ManualTimeProvider _clock = new();

    [Theory]
    [InlineData("GET", "/api/v1/pods", true)]
    [InlineData("PATCH", "/api/v1/namespaces/a/pods/b", false)]
    [InlineData("POST", "/apis/events.k8s.io/v1/namespaces/a/events", false)]
    [InlineData("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", true)]
    public async Task Without_the_lease_only_reads_and_the_lease_itself_pass(string method, string path, bool passes)
    {
        var fence = new LeaderFence(_clock);
        using var invoker = new HttpMessageInvoker(new LeaderFenceHandler(fence) { InnerHandler = new Answering() });

        Task<HttpResponseMessage> SendAsync() => invoker.SendAsync(new HttpRequestMessage(new HttpMethod(method), "https://cluster" + path), TestContext.Current.CancellationToken);

        if (passes)
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync()).StatusCode);
        }
        else
        {
            await Assert.ThrowsAsync<LeadershipLostException>(SendAsync);
            fence.OpenUntil(_clock.GetTimestamp() + 1);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync()).StatusCode);
        }
    }

    private sealed class Answering : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage());
    }
}
