using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Endpoints;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;
using Endpoint = LlmOperator.Kubernetes.Objects.Endpoint;

namespace LlmOperator.Gateway.Tests.Cluster;

public sealed class ClusterViewTests
{
    [Fact]
    public async Task Prompts_that_begin_alike_go_to_one_pod_and_others_to_all()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("chat", new() { ModelRef = new() { Name = "llama" }, LoadBalancing = new() { Strategy = LoadBalancingStrategy.PrefixHash, PrefixHash = new() { PrefixCharLength = 10 } } });
            for (var i = 0; i < 4; i++)
            {
                var text = $"pod {i}";
                await bench.AddPodAsync("chat", context => context.Response.WriteAsync(text));
            }
        });
        await PodsAsync(bench, 4);
        var (alike, different) = (new HashSet<string>(), new HashSet<string>());
        for (var i = 0; i < 40; i++)
        {
            alike.Add(await AskAsync(bench, $"0123456789 and then {i}"));
            different.Add(await AskAsync(bench, $"{i} 0123456789"));
        }

        Assert.Equal((1, 4), (alike.Count, different.Count));
    }

    [Fact]
    public async Task The_pods_of_an_endpoint_whose_name_no_service_can_have_are_found()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutEndpoint("7b.chat");
            await bench.AddPodAsync(ObjectNames.Child("7b.chat"), context => context.Response.WriteAsync("found"));
        });
        Assert.Equal("found", await AskAsync(bench, "a", "7b.chat"));
    }

    [Fact]
    public async Task Only_ready_addresses_with_the_port_named_http_are_pods()
    {
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            Put("ready", "IPv4", "http", new Endpoint { Addresses = ["10.0.0.1"], Conditions = new() { Ready = true } }, new Endpoint { Addresses = ["10.0.0.2"] }, new Endpoint { Addresses = ["10.0.0.1"], Conditions = new() { Ready = true } });
            Put("six", "IPv6", "http", new Endpoint { Addresses = ["fd00::1"], Conditions = new() { Ready = true } });
            Put("unready", "IPv4", "http", new Endpoint { Addresses = ["10.0.0.3"], Conditions = new() { Ready = false } }, new Endpoint { Addresses = ["10.0.0.4"], Conditions = new() { Ready = true, Terminating = true } }, new Endpoint { Addresses = [] });
            Put("port", "IPv4", "metrics", new Endpoint { Addresses = ["10.0.0.5"], Conditions = new() { Ready = true } });
            Put("name", "FQDN", "http", new Endpoint { Addresses = ["pod.example"], Conditions = new() { Ready = true } });
            return Task.CompletedTask;

            void Put(string name, string type, string port, params Endpoint[] endpoints) => bench.Cluster.Put(new EndpointSlice
            {
                Metadata = new() { Name = name, Namespace = Bench.Namespace, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "chat" } },
                AddressType = type,
                Ports = [new() { Name = port, Port = 8080 }],
                Endpoints = endpoints,
            });
        });
        await PodsAsync(bench, 3);
    }

    private static async Task<string> AskAsync(Bench bench, string prompt, string model = "chat")
    {
        using var answer = await bench.PostAsync("/v1/completions", $$"""{"model":"{{model}}","prompt":"{{prompt}}"}""");
        return await answer.Content.ReadAsStringAsync(bench.Guard);
    }

    private static async Task PodsAsync(Bench bench, int count)
    {
        await bench.MetricsAsync($"llm_gateway_ready_pods{{endpoint=\"chat\"}} {count}\n");
    }
}
