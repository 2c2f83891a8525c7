using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Brings what a client sent into the shape its kind declares: types, undeclared fields, defaults.</summary>
internal static class ObjectShape
{
    /// <summary>Checks types of a built-in kind, prunes, and fills in defaults; unknown fields are refused or become warnings as the request says.</summary>
    /// <param name="kind">Kind and version the object is written in.</param>
    /// <param name="obj">The request's own copy; changed in place.</param>
    /// <param name="request">The write.</param>
    /// <param name="duplicates">Fields that occurred twice in the request's text.</param>
    public static void Normalise(KindDefinition kind, JsonObject obj, WriteRequest request, IReadOnlyList<string>? duplicates = null)
    {
        Check(kind, obj, request, duplicates);
        EmptyFields.Drop(obj, kind);
        Default(kind, obj);
    }

    /// <summary>Fills in defaults.</summary>
    public static void Default(KindDefinition kind, JsonObject obj)
    {
        Defaulter.Apply(obj, kind.Schema);
        kind.Behavior.Default(obj);
    }

    /// <summary>Checks types of a built-in kind and prunes; unknown fields are refused or become warnings as the request says.</summary>
    public static void Check(KindDefinition kind, JsonObject obj, WriteRequest request, IReadOnlyList<string>? duplicates = null)
    {
        if (!kind.Custom && BuiltinDecoder.Decode(kind.Kind, obj, kind.Schema) is { } fault)
        {
            throw Refusals.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {fault}");
        }

        if (kind.Custom && obj["metadata"] is JsonObject metadata && BuiltinDecoder.Decode("ObjectMeta", metadata, ObjectMetaSchema.Instance) is { } metadataFault)
        {
            throw Refusals.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {metadataFault}");
        }

        var unknown = request.FieldValidation == FieldValidation.Ignore ? null : new List<string>();
        Pruner.Prune(obj, kind.Schema, unknown);
        if (kind.Custom && unknown is { Count: > 1 })
        {
            // Metadata is decoded first, and told of first.
            unknown = [.. unknown.OrderBy(path => !path.StartsWith("metadata.", StringComparison.Ordinal))];
        }

        Report(kind, request, duplicates, unknown);
    }

    private static void Report(KindDefinition kind, WriteRequest request, IReadOnlyList<string>? duplicates, List<string>? unknown)
    {
        if (unknown is null || (unknown.Count == 0 && duplicates is not { Count: > 0 }))
        {
            return;
        }

        var faults = (duplicates ?? []).Select(Duplicate).Concat(unknown.Select(path => $"unknown field \"{path}\"")).ToList();
        if (request.FieldValidation == FieldValidation.Strict)
        {
            throw Refusals.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: strict decoding error: {string.Join(", ", faults)}");
        }

        request.Warnings.AddRange(faults);
    }

    /// <summary>YAML tells of duplicates by line, in a sentence of its own.</summary>
    private static string Duplicate(string path) => path.StartsWith("line ", StringComparison.Ordinal) ? path : $"duplicate field \"{path}\"";
}
