using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Lifecycle;

public sealed class NamespaceUpkeepTests
{
    private readonly SmallCluster _cluster = new();

    public NamespaceUpkeepTests() => _cluster.AddNode("n");

    [Fact]
    public void A_namespace_gets_an_account_and_the_root_certificate_and_gets_them_again()
    {
        Assert.NotNull(_cluster.Get(Resources.ServiceAccounts, "default"));
        Assert.Equal("certificate", _cluster.Get(Resources.ConfigMaps, "kube-root-ca.crt").Text("data", "ca.crt"));

        _cluster.Cluster.Delete(new ObjectRef(Resources.ServiceAccounts, "default", "default"));
        _cluster.Change(Resources.ConfigMaps, "kube-root-ca.crt", map => map["data"]!["ca.crt"] = "forged");
        _cluster.Pass(1);

        Assert.NotNull(_cluster.Get(Resources.ServiceAccounts, "default"));
        Assert.Equal("certificate", _cluster.Get(Resources.ConfigMaps, "kube-root-ca.crt").Text("data", "ca.crt"));
    }

    [Theory]
    [InlineData("\"minAvailable\":2", 2, 1)]
    [InlineData("\"minAvailable\":\"50%\"", 2, 1)]
    [InlineData("\"maxUnavailable\":1", 2, 1)]
    [InlineData("\"maxUnavailable\":\"34%\"", 1, 2)]
    [InlineData("\"minAvailable\":5", 5, 0)]
    public void A_budget_allows_what_is_healthy_beyond_what_it_wants(string rule, long desired, long allowed)
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("d", replicas: 3));
        _cluster.Create(Resources.Budgets, $$$$$$$$"""{"metadata":{"name":"b"},"spec":{{{{{{{{{rule}}}}}}}},"selector":{"matchLabels":{"app":"d"}}}}""");
        _cluster.Pass(5);

        var status = _cluster.Get(Resources.Budgets, "b").Object("status");
        Assert.Equal(3, status.Integer("currentHealthy"));
        Assert.Equal(desired, status.Integer("desiredHealthy"));
        Assert.Equal(allowed, status.Integer("disruptionsAllowed"));
        Assert.Equal(allowed > 0, _cluster.Get(Resources.Budgets, "b")!.IsTrue("DisruptionAllowed"));
    }

    [Fact]
    public void Events_are_forgotten_an_hour_after_they_last_happened()
    {
        _cluster.Create(Resources.Deployments, SmallCluster.Deployment("d"));
        _cluster.Pass(5);
        Assert.NotEmpty(_cluster.Cluster.List(Resources.Events));

        _cluster.Pass(2 * 3600);

        Assert.Empty(_cluster.Cluster.List(Resources.Events));
    }
}
