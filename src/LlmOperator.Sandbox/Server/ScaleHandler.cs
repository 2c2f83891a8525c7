using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers the scale subresource: reads and writes replica counts as an <c>autoscaling/v1</c> Scale.</summary>
internal sealed class ScaleHandler(Cluster cluster)
{
    private const string ApiVersion = "autoscaling/v1";
    private const string ApplyType = "application/apply-patch+yaml";

    private static readonly Schema Anything = new() { Type = "object", PreserveUnknownFields = true };

    /// <summary>GET.</summary>
    public Task Get(ResourceRequest request)
    {
        var stored = cluster.Store.Get(request.Collection, request.Namespace, request.Name) ?? throw request.NotFound();
        return Answer(request, Writer.View(request.Kind, stored));
    }

    /// <summary>PUT.</summary>
    public async Task Replace(ResourceRequest request)
    {
        var body = await RequestBody.ReadObject(request.Context.Request);
        CheckType(body.Object);
        CheckName(request, body.Object);
        await Write(request, "UpdateOptions", _ => body.Object);
    }

    /// <summary>PATCH.</summary>
    public async Task Patch(ResourceRequest request)
    {
        var (type, body) = await RequestBody.Patch(request.Context.Request, request.Kind);
        if (type == ApplyType)
        {
            await Apply(request, body.Object);
            return;
        }

        await Write(request, "PatchOptions", scale =>
        {
            var patched = Patches.Apply(type, scale, body, Anything);
            CheckName(request, patched);
            return patched;
        });
    }

    /// <summary>The applier comes to own the replicas of the object behind the Scale, and nothing else of it.</summary>
    private async Task Apply(ResourceRequest request, JsonObject scale)
    {
        var write = RequestOptions.Write(request.Context.Request, "PatchOptions", "scale", apply: true);
        var force = RequestOptions.Flag(request.Context.Request, "force") ?? false;
        if (scale.At("metadata", "managedFields") is not null)
        {
            throw Refusals.BadRequest("metadata.managedFields must be nil");
        }

        if (scale.Text("apiVersion") != ApiVersion)
        {
            throw Refusals.BadRequest($"Incorrect version specified in apply patch. Specified patch version: {scale.Text("apiVersion")}, expected: {ApiVersion}");
        }

        var config = new JsonObject { ["apiVersion"] = request.Kind.ApiVersion, ["kind"] = request.Kind.Kind };
        var metadata = config.Child("metadata");
        foreach (var name in (ReadOnlySpan<string>)["resourceVersion", "uid"])
        {
            if (scale.Text("metadata", name) is { Length: > 0 } text)
            {
                metadata[name] = text;
            }
        }

        if (scale.At("spec", "replicas") is { } replicas)
        {
            CheckReplicas(scale);
            var parent = config;
            foreach (var name in request.Kind.Scale!.SpecReplicas.AsSpan(..^1))
            {
                parent = parent.Child(name);
            }

            parent[request.Kind.Scale.SpecReplicas[^1]] = replicas.DeepClone();
        }

        if (scale.Text("metadata", "name") is { Length: > 0 })
        {
            CheckName(request, scale);
        }

        var updated = await cluster.Writer.UpdateAsync(
            request.Kind,
            request.Namespace,
            request.Name,
            present => FieldManager.Apply(present, config, request.Kind, write.Manager, "scale", force, cluster.Time.GetUtcNow()),
            write,
            owned: true);
        Reply.Warn(request.Context, write.Warnings);
        await Answer(request, updated ?? throw request.NotFound());
    }

    private static void CheckType(JsonObject scale)
    {
        var (apiVersion, kind) = (scale.Text("apiVersion") ?? ApiVersion, scale.Text("kind") ?? "Scale");
        if (apiVersion != ApiVersion || kind != "Scale")
        {
            throw Refusals.BadRequest($"{kind} in version \"{apiVersion}\" cannot be handled as a Scale");
        }
    }

    private static void CheckName(ResourceRequest request, JsonObject scale)
    {
        var name = scale.Text("metadata", "name") ?? "";
        if (name != request.Name)
        {
            throw Refusals.BadRequest(name.Length == 0
                ? $"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided"
                : $"the name of the object ({name}) does not match the name on the URL ({request.Name})");
        }
    }

    private static void CheckReplicas(JsonObject scale)
    {
        if (scale.At("spec", "replicas") is { } replicas && scale.Integer("spec", "replicas") is null)
        {
            throw Refusals.BadRequest($"Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal {replicas.ToJsonString()} into Go struct field ScaleSpec.spec.replicas of type int32");
        }
    }

    private async Task Write(ResourceRequest request, string options, Func<JsonObject, JsonObject> change)
    {
        var write = RequestOptions.Write(request.Context.Request, options, "scale", apply: false);
        var updated = await cluster.Writer.UpdateAsync(
            request.Kind,
            request.Namespace,
            request.Name,
            present =>
            {
                var scale = change(ScaleView.Of(request.Kind, present));
                CheckReplicas(scale);
                return ScaleView.Apply(request.Kind, present, scale);
            },
            write);
        Reply.Warn(request.Context, write.Warnings);
        await Answer(request, updated ?? throw request.NotFound());
    }

    private static Task Answer(ResourceRequest request, JsonObject obj) =>
        Reply.Json(request.Context, 200, ScaleView.Of(request.Kind, obj), Presentation.Of(request.Context.Request.Headers.Accept, transforms: false));
}
