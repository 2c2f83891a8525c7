using System.Buffers;
using System.Text.Json;
using LlmOperator.Gateway.Cluster;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Serving;

/// <summary>The list of models: the endpoints of the namespace, each with the adapters of its model.</summary>
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
            var facts = endpoint.Facts;
            Write(writer, facts, adapter: null);
            foreach (var adapter in cluster.AdaptersOf(facts))
            {
                Write(writer, facts, adapter);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Answers with one model.</summary>
    /// <exception cref="Requests.RefusedException">There is none of the name.</exception>
    public Task OneAsync(HttpContext context, string name) =>
        name.Split(RequestPreparer.AdapterMark, 2) is var parts && cluster.Find(parts[0])?.Facts is { } facts && (parts is [_] || cluster.AdaptersOf(facts).Contains(parts[1], StringComparer.Ordinal))
            ? WriteAsync(context, writer => Write(writer, facts, parts is [_, var adapter] ? adapter : null))
            : throw RequestPreparer.NoModel(name);

    /// <summary>An endpoint, or an adapter of its model, whose parent is the endpoint.</summary>
    private static void Write(Utf8JsonWriter writer, EndpointFacts facts, string? adapter)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, adapter is null ? facts.Name : $"{facts.Name}{RequestPreparer.AdapterMark}{adapter}");
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, facts.Created.ToUnixTimeSeconds());
        writer.WriteString("owned_by"u8, Owner);
        writer.WriteString("root"u8, facts.Model);
        writer.WriteString("parent"u8, adapter is null ? null : facts.Name);
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
