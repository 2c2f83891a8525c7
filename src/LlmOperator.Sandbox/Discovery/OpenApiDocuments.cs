using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Discovery;

/// <summary>
/// <c>/openapi/v3</c>: an index and one document a group version, made from the kind definitions when first asked for and kept until the
/// kinds of that version change.
/// </summary>
internal sealed class OpenApiDocuments(KindRegistry registry)
{
    private readonly ConcurrentDictionary<string, Document> _documents = new(StringComparer.Ordinal);

    /// <summary>The index: paths of the documents, each with the hash of its content.</summary>
    public JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var version in ApiGroups.Of(registry).SelectMany(group => group.Versions))
        {
            var path = PathOf(version);
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Of(version).Hash}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <summary>A document by its path below <c>/openapi/v3/</c>, null when there is none.</summary>
    public (ReadOnlyMemory<byte> Json, string Hash)? Find(string path)
    {
        foreach (var version in ApiGroups.Of(registry).SelectMany(group => group.Versions))
        {
            if (PathOf(version) == path)
            {
                var document = Of(version);
                return (document.Json, document.Hash);
            }
        }

        return null;
    }

    private Document Of(ApiVersion version)
    {
        var path = PathOf(version);
        if (_documents.TryGetValue(path, out var known) && known.Kinds.SequenceEqual(version.Kinds))
        {
            return known;
        }

        var json = Render(version);
        return _documents[path] = new Document(version.Kinds, json, Convert.ToHexString(SHA512.HashData(json.Span)));
    }

    private ReadOnlyMemory<byte> Render(ApiVersion version)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            var schemas = new OpenApiSchemas(writer, ObjectMeta(), ListMeta());
            writer.WriteStartObject();
            writer.WriteString("openapi", "3.0.0");
            writer.WriteStartObject("info");
            writer.WriteString("title", "Kubernetes");
            writer.WriteString("version", Server.ServerVersion.GitVersion);
            writer.WriteEndObject();
            writer.WriteStartObject("paths");
            foreach (var kind in version.Kinds)
            {
                OpenApiPaths.Write(writer, kind);
            }

            writer.WriteEndObject();
            writer.WriteStartObject("components");
            writer.WriteStartObject("schemas");
            foreach (var kind in version.Kinds)
            {
                schemas.WriteKind(kind);
            }

            schemas.WriteReferenced();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Metadata is the same for all kinds; definitions of custom kinds do not spell it out.</summary>
    private Schema ObjectMeta() => registry.All
        .Select(kind => kind.Custom ? null : kind.Schema.Properties.GetValueOrDefault("metadata"))
        .FirstOrDefault(schema => schema?.TypeName is not null)
        ?? new Schema { Type = "object", TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", PreserveUnknownFields = true };

    private static Schema ListMeta()
    {
        var schema = new Schema
        {
            Type = "object",
            TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
            Description = "Metadata of a list: the version it stands for and where it goes on.",
        };
        schema.Properties["continue"] = new Schema { Type = "string", Description = "Token of the next page." };
        schema.Properties["remainingItemCount"] = new Schema { Type = "integer", Format = "int64", Description = "Objects on later pages." };
        schema.Properties["resourceVersion"] = new Schema { Type = "string", Description = "Version the list stands for." };
        return schema;
    }

    private static string PathOf(ApiVersion version) => version.Group.Length == 0 ? $"api/{version.Version}" : $"apis/{version.Group}/{version.Version}";

    private sealed record Document(IReadOnlyList<KindDefinition> Kinds, ReadOnlyMemory<byte> Json, string Hash);
}
