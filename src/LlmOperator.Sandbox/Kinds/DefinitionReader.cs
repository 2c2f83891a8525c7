using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Kinds;

/// <summary>A kind's header: everything said of it in its <c>kind</c> line.</summary>
internal sealed record KindHeader(string Group, string Version, string Kind, string Plural, bool Namespaced, Schema Schema)
{
    /// <summary>Words such as <c>generation</c>, <c>status</c>, <c>short=po</c>.</summary>
    public required string[] Words { get; init; }

    /// <summary>Whether a word is present.</summary>
    public bool Has(string word) => Words.Contains(word);

    /// <summary>The comma-separated values of <c>word=a,b</c>; empty when absent.</summary>
    public string[] List(string word)
    {
        foreach (var candidate in Words)
        {
            if (candidate.Length > word.Length && candidate[word.Length] == '=' && candidate.StartsWith(word, StringComparison.Ordinal))
            {
                return candidate[(word.Length + 1)..].Split(',');
            }
        }

        return [];
    }
}

/// <summary>
/// Reads the <c>.kinds</c> files into schema graphs. A file holds sections:
/// <c>group GROUP VERSION PREFIX</c> opens a group (<c>-</c> is the core group), <c>kind …</c> and <c>type …</c> open an object
/// whose fields follow, indented. A type name is looked up in its own section's prefix; <c>meta.</c> and <c>core.</c> lead to the shared ones.
/// </summary>
internal sealed class DefinitionReader
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private const string Core = "io.k8s.api.core.v1.";

    private readonly Dictionary<string, Schema> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Schema> _scalars = new(StringComparer.Ordinal);
    private readonly List<(Schema Owner, string Prefix, string Text, Range Lines, bool IsKind)> _bodies = [];
    private readonly List<(Schema Copy, Schema Original)> _copies = [];
    private readonly List<KindHeader> _kinds = [];

    /// <summary>Kinds in the order read.</summary>
    public IReadOnlyList<KindHeader> Kinds => _kinds;

    /// <summary>All named types.</summary>
    public IReadOnlyDictionary<string, Schema> Types => _types;

    /// <summary>Reads the headers of a file. Fields wait for <see cref="Resolve"/>, since types may be in files yet to come.</summary>
    public void Add(string text)
    {
        var (group, version, prefix) = ("", "", "");
        Schema? owner = null;
        var (isKind, bodyStart) = (false, 0);
        var position = 0;
        foreach (var range in text.AsSpan().Split('\n'))
        {
            var line = text.AsSpan(range);
            position = range.End.Value;
            if (line.Length == 0 || line[0] is ' ' or '#')
            {
                continue;
            }

            Close(range.Start.Value);
            var description = FieldLine.CutTail(ref line, "  # ");
            var words = line.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words[0])
            {
                case "group":
                    (group, version, prefix) = (words[1] == "-" ? "" : words[1], words[2], words[3] + ".");
                    owner = null;
                    break;
                case "kind":
                    owner = NewType(prefix + words[1], description);
                    isKind = true;
                    if (words.Contains("requiresMetadata"))
                    {
                        owner.Required.Add("metadata");
                    }

                    _kinds.Add(new KindHeader(group, version, words[1], words[2], words[3] == "namespaced", owner) { Words = words[4..] });
                    break;
                case "type":
                    owner = NewType(prefix + words[1], description);
                    isKind = false;
                    owner.AtomicMap = words.Contains("atomic");
                    if (words.Contains("any"))
                    {
                        owner.Type = null;
                        owner.PreserveUnknownFields = true;
                    }

                    break;
                default:
                    throw new FormatException($"a line begins with group, kind or type, not \"{words[0]}\"");
            }

            bodyStart = range.End.Value;
        }

        Close(position);

        void Close(int end)
        {
            if (owner is not null)
            {
                _bodies.Add((owner, prefix, text, bodyStart..end, isKind));
            }
        }
    }

    /// <summary>Fills in the fields of all types.</summary>
    public void Resolve()
    {
        foreach (var (owner, prefix, text, lines, isKind) in _bodies)
        {
            if (isKind)
            {
                AddObjectFields(owner);
            }

            var body = text.AsSpan(lines);
            foreach (var range in body.Split('\n'))
            {
                var line = body[range];
                if (line.Length > 0 && line[0] == ' ')
                {
                    AddField(owner, prefix, FieldLine.Parse(line));
                }
            }
        }

        foreach (var (copy, original) in _copies)
        {
            copy.Required.AddRange(original.Required);
            foreach (var (name, field) in original.Properties)
            {
                copy.Properties.Add(name, field);
            }
        }
    }

    private Schema NewType(string name, ReadOnlySpan<char> description)
    {
        var schema = new Schema { TypeName = name, Type = "object", Description = description.Length == 0 ? null : description.ToString() };
        return _types.TryAdd(name, schema) ? schema : throw new FormatException($"type {name} is defined twice");
    }

    private void AddObjectFields(Schema kind)
    {
        kind.Properties["apiVersion"] = Described("Group and version of this object's schema.");
        kind.Properties["kind"] = Described("Kind of this object.");
        var metadata = Copy(_types[Meta + "ObjectMeta"]);
        metadata.Description = "Name, labels and what else every object has.";
        kind.Properties["metadata"] = metadata;

        static Schema Described(string text) => new() { Type = "string", Description = text };
    }

    private void AddField(Schema owner, string prefix, FieldLine line)
    {
        var name = line.Name.ToString();
        if (line.Required)
        {
            owner.Required.Add(name);
        }

        var type = Type(line.Type, prefix);
        var plain = line.Attributes.Length == 0 && line.Default.Length == 0 && line.Description.Length == 0 && !line.Nullable;
        if (!plain && line.Type[0] is not ('[' or '{'))
        {
            type = Copy(type);
        }

        owner.Properties.Add(name, type);
        if (plain)
        {
            return;
        }

        type.Nullable = line.Nullable;
        if (line.Description.Length > 0)
        {
            type.Description = line.Description.ToString();
        }

        if (line.Default.Length > 0)
        {
            type.Default = JsonNode.Parse(line.Default.ToString());
        }

        foreach (var range in line.Attributes.Split(' '))
        {
            if (line.Attributes[range] is { Length: > 0 } attribute)
            {
                Attribute(type, attribute);
            }
        }
    }

    private static void Attribute(Schema schema, ReadOnlySpan<char> attribute)
    {
        var open = attribute.IndexOf('(');
        var word = open < 0 ? attribute : attribute[..open];
        var argument = open < 0 ? null : attribute[(open + 1)..^1].ToString();
        switch (word)
        {
            case "atomic" when schema.Type == "array" || schema.Format == "byte":
                (schema.ListType, schema.ListTypeDeclared) = (ListType.Atomic, true);
                break;
            case "atomic":
                schema.AtomicMap = true;
                break;
            case "set":
                (schema.ListType, schema.ListTypeDeclared) = (ListType.Set, true);
                break;
            case "map":
                (schema.ListType, schema.ListTypeDeclared) = (ListType.Map, true);
                schema.ListMapKeys = [.. argument!.Split(',')];
                break;
            case "merge" or "replace" or "retainKeys":
                schema.PatchStrategy = schema.PatchStrategy is null ? word.ToString() : $"{schema.PatchStrategy},{word}";
                schema.PatchMergeKey = argument ?? schema.PatchMergeKey;
                break;
            default:
                throw new FormatException($"\"{attribute}\" is no attribute of a field");
        }
    }

    private Schema Type(ReadOnlySpan<char> type, string prefix) => type switch
    {
        ['[', .. var element, ']'] => new Schema { Type = "array", Items = Type(element, prefix) },
        ['{', .. var value, '}'] => new Schema { Type = "object", AdditionalProperties = Type(value, prefix) },
        [>= 'A' and <= 'Z', ..] => Named(prefix, type),
        ['m', 'e', 't', 'a', '.', .. var name] => Named(Meta, name),
        ['c', 'o', 'r', 'e', '.', .. var name] => Named(Core, name),
        _ => Scalar(type.ToString()),
    };

    private Schema Named(string prefix, ReadOnlySpan<char> name) =>
        _types.TryGetValue($"{prefix}{name}", out var own) || _types.TryGetValue($"{Meta}{name}", out own)
            ? own
            : throw new FormatException($"there is no type {prefix}{name}");

    private Schema Scalar(string name)
    {
        if (!_scalars.TryGetValue(name, out var schema))
        {
            schema = NewScalar(name);
            _scalars[name] = schema;
            if (schema.TypeName is not null)
            {
                _types[schema.TypeName] = schema;
            }
        }

        return schema;
    }

    private static Schema NewScalar(string name) => name switch
    {
        "string" => new Schema { Type = "string" },
        "byte" => new Schema { Type = "string", Format = "byte" },
        "int32" or "int64" => new Schema { Type = "integer", Format = name },
        "double" => new Schema { Type = "number", Format = name },
        "bool" => new Schema { Type = "boolean" },
        "any" => new Schema { PreserveUnknownFields = true },
        "time" => new Schema { Type = "string", Format = "date-time", TypeName = Meta + "Time" },
        "microtime" => new Schema { Type = "string", Format = "date-time", TypeName = Meta + "MicroTime" },
        "quantity" => new Schema { Type = "string", Format = "quantity", TypeName = "io.k8s.apimachinery.pkg.api.resource.Quantity" },
        "intstr" => new Schema { IntOrString = true, Format = "int-or-string", TypeName = "io.k8s.apimachinery.pkg.util.intstr.IntOrString" },
        "raw" => new Schema { Type = "object", PreserveUnknownFields = true, TypeName = "io.k8s.apimachinery.pkg.runtime.RawExtension" },
        "fields" => new Schema { Type = "object", PreserveUnknownFields = true, TypeName = Meta + "FieldsV1" },
        _ => throw new FormatException($"there is no type {name}"),
    };

    /// <summary>A field's own description, default and strategy must not show on the type others share.</summary>
    private Schema Copy(Schema original)
    {
        var copy = new Schema
        {
            TypeName = original.TypeName,
            Type = original.Type,
            Format = original.Format,
            Description = original.Description,
            IntOrString = original.IntOrString,
            PreserveUnknownFields = original.PreserveUnknownFields,
            AtomicMap = original.AtomicMap,
        };
        _copies.Add((copy, original));
        return copy;
    }
}
