using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers the scale subresource: reads and writes replica counts as an <c>autoscaling/v1</c> Scale.</summary>
internal sealed class ScaleHandler(Cluster cluster)
{
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
        await Write(request, "UpdateOptions", _ => body.Object);
    }

    /// <summary>PATCH.</summary>
    public async Task Patch(ResourceRequest request)
    {
        var (type, body) = await RequestBody.Patch(request.Context.Request, request.Kind);
        await Write(request, "PatchOptions", scale => type == "application/apply-patch+yaml"
            ? Patches.Apply("application/merge-patch+json", scale, body, Anything)
            : Patches.Apply(type, scale, body, Anything));
    }

    private Task Write(ResourceRequest request, string options, Func<JsonObject, JsonObject> change)
    {
        var write = RequestOptions.Write(request.Context.Request, options, "scale", apply: false);
        var updated = cluster.Writer.Update(
            request.Kind,
            request.Namespace,
            request.Name,
            present =>
            {
                var scale = change(ScaleView.Of(request.Kind, present));
                if (scale.At("spec", "replicas") is { } replicas && scale.Integer("spec", "replicas") is null)
                {
                    throw Refusals.BadRequest($"Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal {replicas.ToJsonString()} into Go struct field ScaleSpec.spec.replicas of type int32");
                }

                return ScaleView.Apply(request.Kind, present, scale);
            },
            write);
        Reply.Warn(request.Context, write.Warnings);
        return Answer(request, updated ?? throw request.NotFound());
    }

    private static Task Answer(ResourceRequest request, JsonObject obj) =>
        Reply.Json(request.Context, 200, ScaleView.Of(request.Kind, obj), Presentation.Of(request.Context.Request.Headers.Accept, transforms: false));
}
