using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>
/// One version of one object: its bytes, made once and shared by every list and watch, and the tree over the same bytes.
/// Neither is ever changed.
/// </summary>
internal sealed class StoredObject
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private ShownAs? _shown;

    private StoredObject(string key, string? ns, string name, long revision, byte[] json)
    {
        Key = key;
        Namespace = ns;
        Name = name;
        Revision = revision;
        Json = json;
        Object = JsonObject.Create(JsonDocument.Parse(json.AsMemory()).RootElement)!;
    }

    /// <summary><c>namespace/name</c>, or the name alone for a cluster-scoped object: orders a collection as etcd does.</summary>
    public string Key { get; }

    /// <summary>Namespace, null for a cluster-scoped object.</summary>
    public string? Namespace { get; }

    /// <summary>Name.</summary>
    public string Name { get; }

    /// <summary>Revision that wrote this version.</summary>
    public long Revision { get; }

    /// <summary>UTF-8 JSON that starts with kind and apiVersion.</summary>
    public byte[] Json { get; }

    /// <summary>The tree. Shared: never change it.</summary>
    public JsonObject Object { get; }

    /// <summary>Freezes a tree as the version of a revision; the revision is written into its metadata.</summary>
    public static StoredObject Create(JsonObject obj, long revision)
    {
        var metadata = obj.Child("metadata");
        metadata["resourceVersion"] = revision.ToString();
        var ns = metadata.Text("namespace");
        var name = metadata.Text("name")!;
        return new StoredObject(KeyOf(ns, name), ns, name, revision, Serialize(obj));
    }

    /// <summary>The object as a version of its kind shows it; made once for the kind asked for last. Shared: never change it.</summary>
    public JsonObject As(KindDefinition kind)
    {
        if (kind.FromStorage is not { } convert)
        {
            return Object;
        }

        if (_shown is { } shown && ReferenceEquals(shown.Kind, kind))
        {
            return shown.Object;
        }

        var converted = convert(Object.Copy());
        var view = JsonNode.DeepEquals(converted, Object) ? Object : converted;
        _shown = new ShownAs(kind, view);
        return view;
    }

    /// <summary>The same state under a later revision: what a watch delivers when an object goes.</summary>
    public StoredObject At(long revision) => revision == Revision ? this : Create(Object.Copy(), revision);

    /// <summary>Key of an object.</summary>
    public static string KeyOf(string? ns, string name) => string.IsNullOrEmpty(ns) ? name : $"{ns}/{name}";

    /// <summary>JSON with kind and apiVersion first, which is where readers of a stream look for them.</summary>
    public static byte[] Serialize(JsonObject obj)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            WriteOrdered(writer, obj);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private sealed record ShownAs(KindDefinition Kind, JsonObject Object);

    private static void WriteOrdered(Utf8JsonWriter writer, JsonObject obj)
    {
        writer.WriteStartObject();
        WriteField(writer, obj, "kind");
        WriteField(writer, obj, "apiVersion");
        foreach (var (name, value) in obj)
        {
            if (name is "kind" or "apiVersion")
            {
                continue;
            }

            writer.WritePropertyName(name);
            if (value is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                value.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteField(Utf8JsonWriter writer, JsonObject obj, string name)
    {
        if (obj[name] is { } value)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }
}

/// <summary>A committed change of one object.</summary>
/// <param name="Revision">Revision of the commit.</param>
/// <param name="Type">Added, Modified or Deleted; Bookmark marks a revision without a change.</param>
/// <param name="Object">State after the change; the last state, at this revision, of a deleted object; null for a bookmark.</param>
/// <param name="Previous">State before; null when added.</param>
internal sealed record Change(long Revision, WatchEventType Type, StoredObject? Object, StoredObject? Previous);
