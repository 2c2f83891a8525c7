using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Runtime;

public sealed class ScaleTests
{
    [Fact]
    public void Many_deployments_become_ready_at_a_constant_number_of_writes_each()
    {
        var few = Writes(10);

        Assert.Equal(few, Writes(100));
        Assert.InRange(few, 1, 24);
    }

    /// <summary>Writes a Deployment with a Service costs, its own creation, its pod, slice and events included.</summary>
    private static long Writes(int count)
    {
        var cluster = new SmallCluster();
        cluster.AddNode("n", cpu: 64);
        cluster.Pass(1);
        var before = cluster.Cluster.Store.Revision;
        for (var i = 0; i < count; i++)
        {
            cluster.Create(Resources.Deployments, SmallCluster.Deployment($"d{i}"));
            cluster.Create(Resources.Services, $$$"""{"metadata":{"name":"d{{{i}}}"},"spec":{"selector":{"app":"d{{{i}}}"},"ports":[{"port":80}]}}""");
        }

        cluster.Pass(10);

        Assert.All(cluster.Cluster.List(Resources.Deployments), deployment => Assert.True(deployment.IsTrue("Available")));
        Assert.All(cluster.Cluster.List(Resources.EndpointSlices), slice => Assert.Single(slice.Objects("endpoints")));
        return (cluster.Cluster.Store.Revision - before) / count;
    }
}
