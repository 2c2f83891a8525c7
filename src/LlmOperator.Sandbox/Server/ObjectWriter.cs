using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tables;

namespace LlmOperator.Sandbox.Server;

/// <summary>Turns stored objects into the bytes of an answer in the form asked for; as they are, their bytes are reused.</summary>
internal sealed class ObjectWriter(KindDefinition kind, Presentation presentation, bool includeObject, bool includeMetadata, TimeProvider time)
{
    private readonly AnswerForm _form = presentation.Form;
    private readonly string _meta = $"meta.k8s.io/{presentation.Version}";

    private readonly byte[] _typePrefix = Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.Kind}\",\"apiVersion\":\"{kind.ApiVersion}\",");

    /// <summary>Whether lists of this kind leave kind and apiVersion out of their items, as built-in kinds do.</summary>
    private bool UntypedItems => !kind.Custom;

    /// <summary>One object.</summary>
    public JsonObject One(JsonObject obj) => _form switch
    {
        AnswerForm.Table => TableWriter.Table(kind, [obj], time.GetUtcNow(), includeObject, includeMetadata, obj.Text("metadata", "resourceVersion"), _meta),
        AnswerForm.Metadata => Partial(obj),
        _ => obj,
    };

    /// <summary>Bytes of one object, for a watch.</summary>
    public ReadOnlyMemory<byte> Bytes(StoredObject stored, bool columns)
    {
        var obj = Writer.View(kind, stored);
        if (_form == AnswerForm.Object && ReferenceEquals(obj, stored.Object))
        {
            return stored.Json;
        }

        var answer = One(obj);
        if (_form == AnswerForm.Table && !columns)
        {
            answer["columnDefinitions"] = null;
        }

        return StoredObject.Serialize(answer);
    }

    /// <summary>A list.</summary>
    public ReadOnlyMemory<byte> List(IReadOnlyList<StoredObject> items, JsonObject metadata)
    {
        if (_form == AnswerForm.Table)
        {
            var table = TableWriter.Table(kind, items.Select(item => Writer.View(kind, item)), time.GetUtcNow(), includeObject, includeMetadata, null, _meta);
            table["metadata"] = metadata;
            return StoredObject.Serialize(table);
        }

        var buffer = new ArrayBufferWriter<byte>(256 + items.Sum(item => item.Json.Length + 1));
        var (listKind, apiVersion) = _form == AnswerForm.Metadata ? ("PartialObjectMetadataList", _meta) : (kind.ListKind, kind.ApiVersion);
        buffer.Write(Encoding.UTF8.GetBytes($"{{\"kind\":\"{listKind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{metadata.ToJsonString()},\"items\":["));
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                buffer.Write(","u8);
            }

            WriteItem(buffer, items[i]);
        }

        buffer.Write("]}"u8);
        return buffer.WrittenMemory;
    }

    private void WriteItem(ArrayBufferWriter<byte> buffer, StoredObject stored)
    {
        if (_form == AnswerForm.Metadata)
        {
            buffer.Write(StoredObject.Serialize(Partial(Writer.View(kind, stored))));
            return;
        }

        var view = Writer.View(kind, stored);
        var json = ReferenceEquals(view, stored.Object) ? stored.Json : StoredObject.Serialize(view);
        if (UntypedItems && json.AsSpan().StartsWith(_typePrefix))
        {
            buffer.Write("{"u8);
            buffer.Write(json.AsSpan(_typePrefix.Length));
        }
        else
        {
            buffer.Write(json);
        }
    }

    private JsonObject Partial(JsonObject obj) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = _meta,
        ["metadata"] = obj["metadata"]?.DeepClone(),
    };
}
