using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>
/// The webhooks of one write as its writer needs them: objects in, objects out. Of a write to the scale subresource the webhooks
/// see the Scale, of everything else the object.
/// </summary>
internal sealed class WriteAdmission
{
    private const string OptionsGroup = "meta.k8s.io/v1";

    private readonly KindDefinition _kind;
    private readonly string _operation;
    private readonly WriteRequest _request;
    private readonly WebhookPass _pass;

    private WriteAdmission(KindDefinition kind, string operation, WriteRequest request, WebhookPass pass)
    {
        _kind = kind;
        _operation = operation;
        _request = request;
        _pass = pass;
    }

    private bool IsScale => _request.Subresource == "scale" && _kind.Scale is not null;

    /// <summary>The webhooks of a write; null when it concerns none.</summary>
    public static WriteAdmission? For(Cluster cluster, KindDefinition kind, string operation, WriteRequest request) =>
        !request.Internal && cluster.Admission.For(kind, operation, request.Subresource) is { } pass ? new WriteAdmission(kind, operation, request, pass) : null;

    /// <summary>Attributes of a delete.</summary>
    public static AdmissionAttributes Deletion(KindDefinition kind, JsonObject old, DeleteRequest request) => new(kind, "DELETE", null)
    {
        Namespace = NamespaceOf(kind, old),
        Name = old.Text("metadata", "name") ?? "",
        OldObject = old,
        DryRun = request.DryRun,
        User = request.User,
        Options = DeleteOptions(request),
        Warnings = request.Warnings,
    };

    /// <summary>Attributes of the creation of an object that is not stored: a Binding, an Eviction.</summary>
    public static AdmissionAttributes Creation(
        KindDefinition kind, string subresource, ObjectKind objectKind, string? ns, string name, JsonObject obj, WriteRequest request) => new(kind, "CREATE", subresource)
        {
            Namespace = ns,
            Name = name,
            Object = obj,
            ObjectKind = objectKind,
            DryRun = request.DryRun,
            User = request.User,
            Options = Options("CreateOptions", request),
            Warnings = request.Warnings,
        };

    /// <summary>What the mutating webhooks make of an object.</summary>
    public async ValueTask<JsonObject> Mutate(JsonObject obj, JsonObject? old)
    {
        var attributes = Attributes(obj, old);
        var changed = await _pass.Mutate(attributes);
        return ReferenceEquals(changed, attributes.Object) ? obj : IsScale ? ScaleView.Apply(_kind, obj, changed!) : changed!;
    }

    /// <summary>Asks the validating webhooks.</summary>
    public ValueTask Validate(JsonObject obj, JsonObject? old) => _pass.Validate(Attributes(obj, old));

    private AdmissionAttributes Attributes(JsonObject obj, JsonObject? old) => new(_kind, _operation, _request.Subresource)
    {
        Namespace = NamespaceOf(_kind, obj),
        Name = obj.Text("metadata", "name") ?? "",
        Object = IsScale ? ScaleView.Of(_kind, obj) : obj,
        OldObject = IsScale && old is not null ? ScaleView.Of(_kind, old) : old,
        ObjectKind = IsScale ? new ObjectKind("autoscaling", "v1", "Scale") : null,
        DryRun = _request.DryRun,
        User = _request.User,
        Options = Options(_operation == "CREATE" && !_request.IsPatch ? "CreateOptions" : _request.IsPatch ? "PatchOptions" : "UpdateOptions", _request),
        Warnings = _request.Warnings,
    };

    private static string? NamespaceOf(KindDefinition kind, JsonObject obj) => obj.Text("metadata", Writer.IsNamespace(kind) ? "name" : "namespace");

    private static JsonObject Options(string kind, WriteRequest request)
    {
        var options = new JsonObject { ["kind"] = kind, ["apiVersion"] = OptionsGroup };
        AddDryRun(options, request.DryRun);
        if (request.Manager.Length > 0)
        {
            options["fieldManager"] = request.Manager;
        }

        options["fieldValidation"] = request.FieldValidation.ToString();
        return options;
    }

    private static JsonObject DeleteOptions(DeleteRequest request)
    {
        var options = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = OptionsGroup };
        if (request.GracePeriodSeconds is { } seconds)
        {
            options["gracePeriodSeconds"] = seconds;
        }

        if (request.Uid is not null || request.ResourceVersion is not null)
        {
            var preconditions = options.Child("preconditions");
            if (request.Uid is { } uid)
            {
                preconditions["uid"] = uid;
            }

            if (request.ResourceVersion is { } version)
            {
                preconditions["resourceVersion"] = version;
            }
        }

        if (request.Propagation is { } propagation)
        {
            options["propagationPolicy"] = propagation;
        }

        AddDryRun(options, request.DryRun);
        return options;
    }

    private static void AddDryRun(JsonObject options, bool dryRun)
    {
        if (dryRun)
        {
            options["dryRun"] = new JsonArray("All");
        }
    }
}
