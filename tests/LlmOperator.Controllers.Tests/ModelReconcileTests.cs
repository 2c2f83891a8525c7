using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests;

public sealed class ModelReconcileTests
{
    [Fact]
    public async Task A_model_with_given_facts_becomes_ready_with_one_write()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutModel();
        cluster.Start();
        await Until.TrueAsync(() => Model(cluster).Status?.Conditions.IsTrue("Ready") == true, "the model is ready", cluster.Clock, TimeSpan.FromSeconds(1));
        await cluster.SettleAsync();

        Assert.Equal(["apply llmmodels/status m"], cluster.Writes);
        Assert.Null(Model(cluster).Metadata.Finalizers);
    }

    [Fact]
    public async Task A_model_in_use_names_its_users_and_cannot_go_before_them()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        Assert.Equal(["twin"], Model(cluster).Status!.UsedBy);
        Assert.Equal([ApiGroup.Finalizer], Model(cluster).Metadata.Finalizers);

        cluster.Api.Put(Model(cluster) with { Metadata = Model(cluster).Metadata with { DeletionTimestamp = cluster.Clock.GetUtcNow() } });
        await Until.TrueAsync(() => Model(cluster).Status?.Conditions.Find("InUse") is { Status: "True" }, "the model says that it is in use", cluster.Clock, TimeSpan.FromSeconds(1));
        Assert.Contains("twin", Model(cluster).Status!.Conditions.Find("InUse")!.Message);
        Assert.Equal([ApiGroup.Finalizer], Model(cluster).Metadata.Finalizers);

        cluster.Api.Remove<LlmEndpoint>("twin");
        await Until.TrueAsync(() => Model(cluster).Metadata.Finalizers is null or { Count: 0 }, "the model may go", cluster.Clock, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_model_nobody_uses_any_more_is_not_held()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();

        cluster.Api.Remove<LlmEndpoint>("twin");
        await Until.TrueAsync(() => Model(cluster).Metadata.Finalizers is null or { Count: 0 }, "the finalizer is gone", cluster.Clock, TimeSpan.FromSeconds(1));

        await Until.TrueAsync(() => Model(cluster).Status!.UsedBy is { Count: 0 }, "the user is gone", cluster.Clock, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_reference_that_moves_is_noticed_by_both_models()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        cluster.PutModel("other");

        cluster.PutEndpoint(spec: """{"modelRef":{"name":"other"},"accelerator":{"type":"A10G"}}""");

        await Until.TrueAsync(() => cluster.Api.Peek<LlmModel>("other")!.Status?.UsedBy is ["twin"], "the new model knows its user", cluster.Clock, TimeSpan.FromSeconds(1));
        await Until.TrueAsync(() => Model(cluster).Metadata.Finalizers is null or { Count: 0 }, "the old one is free", cluster.Clock, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Many_users_that_appear_together_are_few_writes()
    {
        await using var cluster = new OperatorFixture();
        cluster.PutModel();
        cluster.Start();
        await Until.TrueAsync(() => Model(cluster).Status is not null, "the model was looked at", cluster.Clock, TimeSpan.FromSeconds(1));
        await cluster.SettleAsync();
        cluster.Api.ForgetRequests();

        for (var number = 0; number < 100; number++)
        {
            cluster.PutEndpoint($"e{number:D3}");
        }

        await Until.TrueAsync(() => Model(cluster).Status?.UsedBy is { Count: 100 }, "all users are known", cluster.Clock, TimeSpan.FromSeconds(1));

        Assert.InRange(cluster.Writes.Count(write => write == "apply llmmodels/status m"), 1, 5);
    }

    private static LlmModel Model(OperatorFixture cluster) => cluster.Api.Peek<LlmModel>("m")!;
}
