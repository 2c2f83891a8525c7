using System.Net;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests;

public sealed class GatewayReconcileTests
{
    private const string Name = "llm-gateway";
    private const string WithKey = """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"promptTrace":{"exporters":[{"name":"a","url":"http://a","apiKeySecretRef":{"name":"key"}}]}}""";

    /// <summary>The clock runs a little while something is awaited: a look that came before the caches had heard of a write is repeated after a moment.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private static readonly string[] Kinds = ["deployments", "poddisruptionbudgets", "rolebindings", "roles", "serviceaccounts", "services"];

    [Fact]
    public async Task The_first_endpoint_of_a_namespace_brings_its_gateway_and_the_second_nothing_more()
    {
        await using var cluster = await ServingAsync();
        Assert.Equal(Kinds.Select(kind => $"apply {kind} {Name}"), GatewayWrites(cluster));
        Assert.Equal("http://llm-gateway.default.svc/v1", cluster.Api.Peek<LlmEndpoint>("twin")!.Status!.GatewayUrl);

        cluster.Api.ForgetRequests();
        cluster.PutEndpoint("second");
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("second") is not null, "the second endpoint is served", cluster.Clock, Tick);
        await cluster.SettleAsync();

        Assert.Empty(GatewayWrites(cluster));
    }

    [Fact]
    public async Task Another_model_or_engine_writes_nothing_of_the_gateway_and_a_restart_neither()
    {
        await using var cluster = await ServingAsync();
        cluster.PutModel("n");
        cluster.Api.ForgetRequests();

        cluster.PutEndpoint(spec: """{"modelRef":{"name":"n"},"accelerator":{"type":"A10G"},"engine":{"type":"TGI"}}""");
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>("twin")!.Spec!.Template!.Spec!.Containers![0].Image!.Contains("text-generation", StringComparison.Ordinal), "the engine is another", cluster.Clock, Tick);
        await cluster.SettleAsync();
        await cluster.StopAsync();
        cluster.Start();
        await cluster.SettleAsync();

        Assert.Empty(GatewayWrites(cluster));
    }

    [Fact]
    public async Task It_goes_with_the_last_endpoint()
    {
        await using var cluster = await ServingAsync();
        cluster.PutEndpoint("second");
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("second") is not null, "the second endpoint is served", cluster.Clock, Tick);
        await cluster.SettleAsync();
        cluster.Api.Remove<LlmEndpoint>("twin");
        await cluster.SettleAsync();
        Assert.NotNull(cluster.Api.Peek<Deployment>(Name));

        cluster.Api.ForgetRequests();
        cluster.Api.Remove<LlmEndpoint>("second");
        await Until.TrueAsync(() => cluster.Api.Peek<Service>(Name) is null, "the gateway is gone", cluster.Clock, Tick);
        await cluster.SettleAsync();

        // A look before the caches have heard of all deletions asks for one again.
        Assert.Equal(Kinds.Select(kind => $"delete {kind} {Name}"), GatewayWrites(cluster).Distinct());
    }

    [Fact]
    public async Task One_whose_last_endpoint_went_while_the_operator_was_down_goes_when_it_starts()
    {
        await using var cluster = await ServingAsync();
        await cluster.StopAsync();
        cluster.Api.Remove<LlmEndpoint>("twin");

        cluster.Start();

        await Until.TrueAsync(() => cluster.Api.Peek<Service>(Name) is null && cluster.Api.Peek<Role>(Name) is null && cluster.Api.Peek<Deployment>(Name) is null, "the gateway is gone", cluster.Clock, Tick);
    }

    [Fact]
    public async Task What_is_deleted_or_changed_by_hand_is_put_right()
    {
        await using var cluster = await ServingAsync();

        cluster.Api.Remove<Deployment>(Name);
        cluster.Api.Remove<ServiceAccount>(Name);
        var role = cluster.Api.Peek<Role>(Name)!;
        cluster.Api.Put(role with { Rules = [.. role.Rules!, new() { ApiGroups = [""], Resources = ["secrets"], Verbs = ["list"] }] });

        await Until.TrueAsync(
            () => cluster.Api.Peek<Deployment>(Name) is not null && cluster.Api.Peek<ServiceAccount>(Name) is not null && cluster.Api.Peek<Role>(Name)!.Rules!.Count == role.Rules!.Count, "all is as it was", cluster.Clock, Tick);
    }

    [Fact]
    public async Task A_prompt_template_changes_the_role_alone()
    {
        await using var cluster = await ServingAsync();
        cluster.Api.ForgetRequests();

        cluster.PutEndpoint(spec: """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"prompt":{"templateRef":{"name":"prompts","key":"chat"}}}""");
        await Until.TrueAsync(() => cluster.Api.Peek<Role>(Name)!.Rules!.Any(rule => rule.ResourceNames?.Contains("prompts") == true), "the template may be read", cluster.Clock, Tick);
        await cluster.SettleAsync();

        Assert.Equal([$"apply roles {Name}"], GatewayWrites(cluster));
    }

    [Fact]
    public async Task Secrets_of_exporters_may_be_read_while_they_are_named()
    {
        await using var cluster = await ServingAsync(WithKey);
        await Until.TrueAsync(() => cluster.Api.Peek<RoleBinding>("llm-gateway-exporters") is not null, "the keys may be read", cluster.Clock, Tick);
        Assert.Equal(["key"], cluster.Api.Peek<Role>("llm-gateway-exporters")!.Rules!.Single().ResourceNames!);

        cluster.PutEndpoint();

        await Until.TrueAsync(() => cluster.Api.Peek<Role>("llm-gateway-exporters") is null && cluster.Api.Peek<RoleBinding>("llm-gateway-exporters") is null, "they may not be read any more", cluster.Clock, Tick);
        Assert.NotNull(cluster.Api.Peek<Deployment>(Name));
    }

    [Fact]
    public async Task Where_the_operator_may_not_pass_that_on_the_gateway_serves_and_the_endpoint_tells_what_to_bind()
    {
        await using var cluster = Cluster();
        cluster.Api.Intercept = (request, _) => request is { Verb: "apply", Plural: "roles", Key.Name: "llm-gateway-exporters" }
            ? throw new KubeApiException(HttpStatusCode.Forbidden, "Forbidden", "attempting to grant RBAC permissions not currently held")
            : Task.CompletedTask;
        Serve(cluster, WithKey);

        await Until.TrueAsync(() => Told(cluster, "RoleRefused") is not null, "it is told", cluster.Clock, Tick);

        Assert.Contains("bind ClusterRole llm-operator-secret-reader to it in namespace default", Told(cluster, "RoleRefused")!.Note);
        Assert.NotNull(cluster.Api.Peek<Deployment>(Name));
    }

    [Fact]
    public async Task An_object_of_its_name_that_is_somebody_elses_is_left_alone_until_it_goes()
    {
        await using var cluster = Cluster();
        cluster.Api.Put(new Service { Metadata = new() { Name = Name, Namespace = "default" }, Spec = new() { ClusterIP = "10.0.0.9" } });
        var before = cluster.Api.Peek<Service>(Name)!.Metadata.ResourceVersion;
        Serve(cluster);
        await Until.TrueAsync(() => Told(cluster, "NameConflict") is not null, "it is told", cluster.Clock, Tick);
        await cluster.SettleAsync();
        Assert.Equal(before, cluster.Api.Peek<Service>(Name)!.Metadata.ResourceVersion);
        Assert.Empty(GatewayWrites(cluster));

        cluster.Api.Remove<Service>(Name);

        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>(Name) is not null, "the gateway is made", cluster.Clock, Tick);
    }

    [Fact]
    public async Task An_endpoint_of_its_name_does_not_take_its_objects()
    {
        await using var cluster = await ServingAsync();
        var before = cluster.Api.Peek<Deployment>(Name)!.Metadata.ResourceVersion;

        cluster.PutEndpoint(Name);

        await cluster.ConditionAsync("Ready", "False", "NameConflict", Name);
        Assert.Equal(before, cluster.Api.Peek<Deployment>(Name)!.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task Switched_off_there_is_none_and_one_there_was_goes()
    {
        await using var before = await ServingAsync();
        await before.StopAsync();
        await using var cluster = new OperatorFixture();
        cluster.Api.Put(before.Api.Peek<Deployment>(Name)!);
        cluster.Api.Put(before.Api.Peek<Role>(Name)!);
        Serve(cluster);

        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>(Name) is null && cluster.Api.Peek<Role>(Name) is null, "the gateway is gone", cluster.Clock, Tick);
        await Until.TrueAsync(() => cluster.Api.Peek<Service>("twin") is not null, "the endpoint is served", cluster.Clock, Tick);
        Assert.Null(cluster.Api.Peek<Service>(Name));
    }

    private static OperatorFixture Cluster() => new() { DataPath = new() };

    private static void Serve(OperatorFixture cluster, string? spec = null)
    {
        cluster.PutNode();
        cluster.PutModel();
        if (spec is null)
        {
            cluster.PutEndpoint();
        }
        else
        {
            cluster.PutEndpoint(spec: spec);
        }

        cluster.Start();
    }

    private static async Task<OperatorFixture> ServingAsync(string? spec = null)
    {
        var cluster = Cluster();
        Serve(cluster, spec);
        await cluster.ConditionAsync("Progressing", "True", "RollingOut");
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>(Name) is not null, "the gateway is made", cluster.Clock, Tick);
        await cluster.SettleAsync();
        return cluster;
    }

    private static IEnumerable<string> GatewayWrites(OperatorFixture cluster) =>
        cluster.Writes.Where(write => write.EndsWith(' ' + Name, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static Event? Told(OperatorFixture cluster, string reason) => cluster.Api.PeekAll<Event>().FirstOrDefault(told => told.Reason == reason && told.Regarding?.Kind == "LlmEndpoint");
}
