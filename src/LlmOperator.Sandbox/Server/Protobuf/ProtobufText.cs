using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Server.Protobuf;

/// <summary>
/// Reads the protobuf form of built-in kinds, in which kubectl's typed commands (<c>create</c>, <c>run</c>, <c>auth can-i</c>) write.
/// Answers are JSON, which those clients accept too.
/// </summary>
internal static class ProtobufText
{
    /// <summary>Media type of the form.</summary>
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>Messages that JSON folds into the one that holds them.</summary>
    private static readonly FrozenSet<string> Inlined = FrozenSet.Create(
        StringComparer.Ordinal,
        "core.v1.ProbeHandler",
        "core.v1.VolumeSource",
        "core.v1.PersistentVolumeSource",
        "core.v1.EphemeralContainerCommon",
        "networking.v1.IngressRuleValue");

    /// <summary>
    /// Numbers and booleans that are pointers in the API, so that zero is said and not left out. Of all others a zero is what an absent
    /// field is too, and clients always send it.
    /// </summary>
    private static readonly FrozenSet<string> ZeroCounts = FrozenSet.Create(
        StringComparer.Ordinal,
        "replicas", "parallelism", "completions", "backoffLimit", "minReplicas", "gracePeriodSeconds", "terminationGracePeriodSeconds", "activeDeadlineSeconds",
        "ttlSecondsAfterFinished", "revisionHistoryLimit", "progressDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "partition",
        "runAsUser", "runAsGroup", "fsGroup", "automountServiceAccountToken", "allowPrivilegeEscalation", "enableServiceLinks",
        "allocateLoadBalancerNodePorts", "orphanDependents", "expirationSeconds", "priority", "suspend", "immutable");

    /// <summary>Reads an object.</summary>
    /// <exception cref="DecodeException">The bytes are no such object, or of a kind whose messages are not known.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith("k8s\0"u8))
        {
            throw new DecodeException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        var (apiVersion, kind) = ("", "");
        var raw = ReadOnlySpan<byte>.Empty;
        var envelope = new WireReader(bytes[4..]);
        while (envelope.Next())
        {
            if (envelope.Field == 1)
            {
                var type = new WireReader(envelope.Bytes);
                while (type.Next())
                {
                    (apiVersion, kind) = type.Field == 1 ? (Encoding.UTF8.GetString(type.Bytes), kind) : (apiVersion, Encoding.UTF8.GetString(type.Bytes));
                }
            }
            else if (envelope.Field == 2)
            {
                raw = envelope.Bytes;
            }
        }

        var fields = MessageFields.Of(MessageOf(apiVersion, kind))
            ?? throw new DecodeException($"{apiVersion}, Kind={kind} cannot be read as protobuf here; send application/json");
        var result = new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion };
        Fill(result, raw, fields);
        return result;
    }

    private static string MessageOf(string apiVersion, string kind)
    {
        // Options belong to no group of their own: clients name that of the resource they are sent to.
        if (kind.EndsWith("Options", StringComparison.Ordinal))
        {
            return $"meta.v1.{kind}";
        }

        var slash = apiVersion.IndexOf('/');
        var group = slash < 0 ? "core" : apiVersion[..slash].Split('.')[0];
        return $"{group}.{apiVersion[(slash + 1)..]}.{kind}";
    }

    private static void Fill(JsonObject target, ReadOnlySpan<byte> bytes, FrozenDictionary<int, MessageField> fields)
    {
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            if (!fields.TryGetValue(reader.Field, out var field))
            {
                continue;
            }

            if (field.Map)
            {
                var (key, value) = Entry(reader.Bytes, field.Type);
                Child(target, field.Name)[key] = value;
            }
            else if (Inlined.Contains(field.Type) || field is { Name: "localObjectReference", Type: "core.v1.LocalObjectReference" })
            {
                Fill(target, reader.Bytes, MessageFields.Of(field.Type)!);
            }
            else if (field.List)
            {
                if (target[field.Name] is not JsonArray array)
                {
                    target[field.Name] = array = [];
                }

                array.Add(Value(reader, field.Type));
            }
            else if (Value(reader, field.Type) is { } value && (ZeroCounts.Contains(field.Name) || !IsZero(value)))
            {
                target[field.Name] = value;
            }
        }
    }

    private static JsonNode? Value(WireReader reader, string type)
    {
        switch (type)
        {
            case "string":
                return Encoding.UTF8.GetString(reader.Bytes);
            case "bool":
                return reader.Number != 0;
            case "int":
                return (long)reader.Number;
            case "double":
                return BitConverter.UInt64BitsToDouble(reader.Number);
            case "bytes":
                return Convert.ToBase64String(reader.Bytes);
            case "meta.v1.Time" or "meta.v1.MicroTime":
                return Time(reader.Bytes, type == "meta.v1.MicroTime");
            case "resource.Quantity":
                return Scalar(reader.Bytes, 1);
            case "intstr.IntOrString":
                return IntOrString(reader.Bytes);
            case "runtime.RawExtension" or "meta.v1.FieldsV1":
                return Raw(reader.Bytes);
            case "authentication.v1.ExtraValue" or "authorization.v1.ExtraValue" or "certificates.v1.ExtraValue":
                var list = new JsonObject();
                Fill(list, reader.Bytes, MessageFields.Of(type)!);
                return list["items"]?.DeepClone() ?? new JsonArray();
            default:
                var message = new JsonObject();
                Fill(message, reader.Bytes, MessageFields.Of(type) ?? throw new DecodeException($"message {type} cannot be read as protobuf here; send application/json"));
                return message;
        }
    }

    private static (string Key, JsonNode? Value) Entry(ReadOnlySpan<byte> bytes, string type)
    {
        var reader = new WireReader(bytes);
        var key = "";
        JsonNode? value = type is "string" or "bytes" ? "" : null;
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                key = Encoding.UTF8.GetString(reader.Bytes);
            }
            else
            {
                value = Value(reader, type);
            }
        }

        return (key, value);
    }

    private static JsonValue? Time(ReadOnlySpan<byte> bytes, bool micro)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        var (seconds, nanos) = (0L, 0L);
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            (seconds, nanos) = reader.Field == 1 ? ((long)reader.Number, nanos) : (seconds, (long)reader.Number);
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / TimeSpan.NanosecondsPerTick);
        return JsonValue.Create(time.UtcDateTime.ToString(micro ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" : "yyyy-MM-dd'T'HH:mm:ss'Z'"));
    }

    private static JsonValue IntOrString(ReadOnlySpan<byte> bytes)
    {
        var (isText, number, text) = (false, 0L, "");
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    isText = reader.Number == 1;
                    break;
                case 2:
                    number = (long)reader.Number;
                    break;
                case 3:
                    text = Encoding.UTF8.GetString(reader.Bytes);
                    break;
            }
        }

        return isText ? JsonValue.Create(text) : JsonValue.Create(number);
    }

    private static JsonValue? Scalar(ReadOnlySpan<byte> bytes, int field)
    {
        var reader = new WireReader(bytes);
        while (reader.Next())
        {
            if (reader.Field == field)
            {
                return JsonValue.Create(Encoding.UTF8.GetString(reader.Bytes));
            }
        }

        return null;
    }

    private static JsonNode? Raw(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        return reader.Next() ? JsonText.Parse(reader.Bytes) : null;
    }

    private static JsonObject Child(JsonObject target, string name)
    {
        if (target[name] is not JsonObject child)
        {
            target[name] = child = [];
        }

        return child;
    }

    private static bool IsZero(JsonNode value) => value is JsonValue scalar
        && ((scalar.TryGetValue(out string? text) && text.Length == 0) || (scalar.TryGetValue(out long number) && number == 0) || (scalar.TryGetValue(out bool flag) && !flag));

    /// <summary>Walks the fields of one message.</summary>
    private ref struct WireReader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        /// <summary>Number of the field.</summary>
        public int Field { get; private set; }

        /// <summary>Value of a scalar field.</summary>
        public ulong Number { get; private set; }

        /// <summary>Value of any other field.</summary>
        public ReadOnlySpan<byte> Bytes { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var tag = Varint();
            Field = (int)(tag >> 3);
            Number = 0;
            Bytes = default;
            switch (tag & 7)
            {
                case 0:
                    Number = Varint();
                    break;
                case 1:
                    Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                    break;
                case 2:
                    Bytes = Take(Varint());
                    break;
                case 5:
                    Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                    break;
                default:
                    throw new DecodeException("proto: illegal wireType");
            }

            return true;
        }

        private ReadOnlySpan<byte> Take(ulong length)
        {
            if (length > (ulong)_rest.Length)
            {
                throw new DecodeException("unexpected EOF");
            }

            var taken = _rest[..(int)length];
            _rest = _rest[(int)length..];
            return taken;
        }

        private ulong Varint()
        {
            var value = 0UL;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var next = Take(1)[0];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }

            throw new DecodeException("proto: integer overflow");
        }
    }
}
