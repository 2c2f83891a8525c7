using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Admission;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers the subresources of pods that are no plain writes: log, binding, eviction.</summary>
internal sealed class PodHandler(Cluster cluster, IPodLogs? logs, CancellationToken stopping)
{
    private static readonly ResourceName Pods = new("", "pods");
    private static readonly ResourceName Budgets = new("policy", "poddisruptionbudgets");

    /// <summary>GET of a log.</summary>
    public async Task Log(ResourceRequest request)
    {
        var pod = Pod(request);
        var http = request.Context.Request;
        var options = new PodLogOptions
        {
            Container = Container(request, pod),
            Follow = RequestOptions.Flag(http, "follow") ?? false,
            Previous = RequestOptions.Flag(http, "previous") ?? false,
            Timestamps = RequestOptions.Flag(http, "timestamps") ?? false,
            TailLines = RequestOptions.Integer(http, "tailLines"),
            LimitBytes = RequestOptions.Integer(http, "limitBytes"),
            Since = Since(request),
        };
        CheckAmounts(request, options);
        var response = request.Context.Response;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(request.Context.RequestAborted, stopping);
        await using var lines = (logs?.Read(pod, options, ending.Token) ?? AsyncEnumerable.Empty<string>()).GetAsyncEnumerator(ending.Token);

        // The first line decides: a refusal is still possible until it is there.
        var any = await lines.MoveNextAsync();
        response.StatusCode = 200;
        response.ContentType = "text/plain";
        await response.StartAsync(ending.Token);
        try
        {
            while (any)
            {
                await response.WriteAsync(lines.Current + "\n", Encoding.UTF8, ending.Token);
                if (options.Follow)
                {
                    await response.BodyWriter.FlushAsync(ending.Token);
                }

                any = await lines.MoveNextAsync();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops: the stream ends where it is.
        }
    }

    /// <summary>The refusal of what would need a connection into a container: there is no such thing in the sandbox, and what there is instead.</summary>
    public StatusException CannotConnect(ResourceRequest request, string subresource)
    {
        var pod = Pod(request);
        var hint = subresource != "portforward" ? "kubectl logs shows what it writes"
            : pod.Text("status", "podIP") is { } address && address.StartsWith("127.", StringComparison.Ordinal) ? $"the pod listens at {address} on this machine, so ask it there"
            : "nothing listens at this pod";
        return new(501, "NotImplemented", subresource == "portforward" ? $"the sandbox forwards no ports: {hint}" : $"nothing can be run in a container of the sandbox: {hint}");
    }

    /// <summary>POST of a binding: puts the pod on a node.</summary>
    public async Task Bind(ResourceRequest request)
    {
        var body = await RequestBody.ReadObject(request.Context.Request);
        var write = RequestOptions.Write(request.Context.Request, "CreateOptions", "binding");
        var node = body.Object.Text("target", "name") ?? "";
        if (node.Length == 0)
        {
            throw Refusals.Invalid(request.Kind, request.Path.Name ?? "", "target.name", "\"\"", "name of the node is required");
        }

        var name = request.Path.Name ?? body.Object.Text("metadata", "name") ?? throw Refusals.BadRequest("name must be provided");
        await Admit(request, "binding", new ObjectKind("", "v1", "Binding"), name, body.Object, write);
        Bind(request.Kind, request.Namespace, name, node, write);
        await Reply.Json(request.Context, 201, Reply.Success(201));
    }

    /// <summary>POST of a binding to the collection of bindings: it names the pod itself.</summary>
    public Task BindByName(ResourceRequest request) => Bind(request with { Kind = cluster.Registry.Storage(Pods)! });

    /// <summary>POST of an eviction: a delete that disruption budgets may refuse.</summary>
    public async Task Evict(ResourceRequest request)
    {
        var body = await RequestBody.Optional(request.Context.Request);
        if ((body.Text("metadata", "name") ?? "") != request.Name)
        {
            throw Refusals.BadRequest("name in URL does not match name in Eviction object");
        }

        var options = DeleteHandler.Options(body.Object("deleteOptions")) with { Internal = true };
        var write = RequestOptions.Write(request.Context.Request, "CreateOptions", "eviction");
        await Admit(request, "eviction", new ObjectKind("policy", "v1", "Eviction"), request.Name, body!, write with { DryRun = options.DryRun });
        lock (cluster.Store.Gate)
        {
            var pod = Pod(request);
            if (pod.Text("metadata", "deletionTimestamp") is null && pod.Text("status", "phase") is not ("Succeeded" or "Failed" or "Pending"))
            {
                CheckBudget(request, pod, options.DryRun);
            }

            if (!options.DryRun && pod.Text("metadata", "deletionTimestamp") is null)
            {
                MarkDisrupted(request);
            }

            cluster.Deleter.Delete(request.Kind, request.Namespace, request.Name, options);
        }

        await Reply.Json(request.Context, 201, Reply.Success(201));
    }

    private async Task Admit(ResourceRequest request, string subresource, ObjectKind kind, string name, JsonObject body, WriteRequest write)
    {
        await cluster.Admission.AskAbout(WriteAdmission.Creation(request.Kind, subresource, kind, request.Namespace, name, body, write));
        Reply.Warn(request.Context, write.Warnings);
    }

    /// <summary>Tells the pod's owner that the pod did not end by itself.</summary>
    private void MarkDisrupted(ResourceRequest request) => cluster.Update(
        new ObjectRef(Pods, request.Namespace, request.Name),
        pod =>
        {
            var status = pod.Child("status");
            if (status["conditions"] is not JsonArray conditions)
            {
                status["conditions"] = conditions = [];
            }

            conditions.RemoveAll(condition => condition.Text("type") == "DisruptionTarget");
            conditions.Add(new JsonObject
            {
                ["type"] = "DisruptionTarget",
                ["status"] = "True",
                ["observedGeneration"] = pod.Integer("metadata", "generation") ?? 0,
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = Cluster.Timestamp(cluster.Time.GetUtcNow()),
                ["reason"] = "EvictionByEvictionAPI",
                ["message"] = "Eviction API: evicting",
            });
        },
        "kube-apiserver",
        "status");

    private void Bind(KindDefinition kind, string? ns, string name, string node, WriteRequest write)
    {
        var updated = cluster.Writer.Update(
            kind,
            ns,
            name,
            present =>
            {
                if (present.Text("metadata", "deletionTimestamp") is not null)
                {
                    throw Refusals.Conflict(kind.Name, name, $"pod {name} is being deleted, cannot be assigned to a host");
                }

                if (present.Text("spec", "nodeName") is { Length: > 0 } taken)
                {
                    throw Refusals.Conflict(kind.Name, name, $"pod {name} is already assigned to node \"{taken}\"");
                }

                var pod = present.Copy();
                pod.Child("spec")["nodeName"] = node;
                var status = pod.Child("status");
                var conditions = status["conditions"] as JsonArray ?? [];
                if (conditions.Parent is null)
                {
                    status["conditions"] = conditions;
                }

                conditions.RemoveAll(condition => condition.Text("type") == "PodScheduled");
                conditions.Add(new JsonObject
                {
                    ["type"] = "PodScheduled",
                    ["status"] = "True",
                    ["lastProbeTime"] = null,
                    ["lastTransitionTime"] = Cluster.Timestamp(cluster.Time.GetUtcNow()),
                });
                return pod;
            },
            write with { Internal = true });
        if (updated is null)
        {
            throw Refusals.NotFound(kind.Name, name);
        }
    }

    private void CheckBudget(ResourceRequest request, JsonObject pod, bool dryRun)
    {
        var budgets = ObjectStore.Range(cluster.Store.Latest(Budgets), request.Namespace)
            .Where(budget => LabelSelector.Of(budget.Object.Object("spec", "selector"))?.Matches(pod) == true)
            .ToList();
        if (budgets.Count > 1)
        {
            throw new StatusException(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (budgets.Count == 0)
        {
            return;
        }

        var budget = budgets[0].Object;
        var name = budgets[0].Name;
        var healthy = budget.Integer("status", "currentHealthy") ?? 0;
        var desired = budget.Integer("status", "desiredHealthy") ?? 0;
        var ready = pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");
        if (!ready && (budget.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" || (healthy >= desired && desired > 0)))
        {
            return;
        }

        if ((budget.Integer("status", "observedGeneration") ?? 0) < (budget.Integer("metadata", "generation") ?? 0))
        {
            throw Refused($"The disruption budget {name} is still being processed by the server.", retryAfter: 10);
        }

        var allowed = budget.Integer("status", "disruptionsAllowed") ?? 0;
        if (allowed <= 0)
        {
            throw Refused($"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently", retryAfter: 0);
        }

        if (!dryRun)
        {
            cluster.Update(
                new ObjectRef(Budgets, request.Namespace, name),
                obj =>
                {
                    var status = obj.Child("status");
                    status["disruptionsAllowed"] = allowed - 1;
                    status.Child("disruptedPods")[request.Name] = Cluster.Timestamp(cluster.Time.GetUtcNow());
                },
                "kube-apiserver",
                "status");
        }
    }

    private static StatusException Refused(string message, int retryAfter)
    {
        var details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = message }) };
        if (retryAfter > 0)
        {
            details["retryAfterSeconds"] = retryAfter;
        }

        return new StatusException(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", details);
    }

    private JsonObject Pod(ResourceRequest request) =>
        cluster.Store.Get(request.Collection, request.Namespace, request.Name)?.Object ?? throw request.NotFound();

    private static void CheckAmounts(ResourceRequest request, PodLogOptions options)
    {
        if (options.TailLines < 0)
        {
            throw Refusals.Invalid(request.Kind, request.Name, "tailLines", $"{options.TailLines}", "must be greater than or equal to 0");
        }

        if (options.LimitBytes < 1)
        {
            throw Refusals.Invalid(request.Kind, request.Name, "limitBytes", $"{options.LimitBytes}", "must be greater than 0");
        }
    }

    private DateTimeOffset? Since(ResourceRequest request) =>
        RequestOptions.Integer(request.Context.Request, "sinceSeconds") is { } seconds ? cluster.Time.GetUtcNow().AddSeconds(-seconds)
        : DateTimeOffset.TryParse(request.Query["sinceTime"].ToString(), out var time) ? time
        : null;

    private static string Container(ResourceRequest request, JsonObject pod)
    {
        var name = request.Name;
        var names = pod.Objects("spec", "containers").Select(container => container.Text("name") ?? "").ToList();
        var init = pod.Objects("spec", "initContainers").Select(container => container.Text("name") ?? "").ToList();
        var wanted = request.Query["container"].ToString();
        if (wanted.Length == 0)
        {
            return names.Count == 1
                ? names[0]
                : throw Refusals.BadRequest(
                    $"a container name must be specified for pod {name}, choose one of: [{string.Join(' ', names)}]{(init.Count > 0 ? $" or one of the init containers: [{string.Join(' ', init)}]" : "")}");
        }

        return names.Contains(wanted) || init.Contains(wanted)
            ? wanted
            : throw Refusals.BadRequest($"container {wanted} is not valid for pod {name}");
    }
}
