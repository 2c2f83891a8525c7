using System.Buffers;
using System.Text.Json;
using LlmOperator.Gateway.Cluster;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Serving;

/// <summary>The list of models: the endpoints of the namespace.</summary>
/// <param name="cluster">The endpoints.</param>
internal sealed class ModelPages(ClusterView cluster)
{
    private const string Owner = "llm-operator";

    /// <summary>Answers with all models.</summary>
    public Task ListAsync(HttpContext context) => WriteAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        foreach (var endpoint in cluster.All.OrderBy(endpoint => endpoint.Name, StringComparer.Ordinal))
        {
            Write(writer, endpoint.Facts);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Answers with one model.</summary>
    /// <exception cref="Requests.RefusedException">There is none of the name.</exception>
    public Task OneAsync(HttpContext context, string name) =>
        cluster.Find(name) is { } endpoint ? WriteAsync(context, writer => Write(writer, endpoint.Facts)) : throw RequestPreparer.NoModel(name);

    private static void Write(Utf8JsonWriter writer, EndpointFacts facts)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, facts.Name);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, facts.Created.ToUnixTimeSeconds());
        writer.WriteString("owned_by"u8, Owner);
        writer.WriteString("root"u8, facts.Model);
        writer.WriteNull("parent"u8);
        writer.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(body))
        {
            write(writer);
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
