using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>A webhook could not be asked, or gave no valid answer: what its failure policy is for.</summary>
internal sealed class WebhookFailure(string message) : Exception(message);

/// <summary>What a webhook said.</summary>
/// <param name="Allowed">Whether the write may go on.</param>
/// <param name="Status">Why not.</param>
/// <param name="Warnings">Texts for the client.</param>
/// <param name="Patch">JSON patch of the object, when it wants a change.</param>
internal sealed record AdmissionAnswer(bool Allowed, JsonObject? Status, IReadOnlyList<string> Warnings, JsonNode? Patch);

/// <summary>The AdmissionReview: the question put to a webhook, and its answer checked.</summary>
internal static class AdmissionReview
{
    private const string Group = "admission.k8s.io";

    /// <summary>The question.</summary>
    /// <param name="uid">Identity of this call.</param>
    /// <param name="version">Version of AdmissionReview, v1 or v1beta1.</param>
    /// <param name="attributes">The write, its objects as the webhook is to see them.</param>
    /// <param name="shown">Version of the kind the webhook sees.</param>
    public static JsonObject Request(string uid, string version, AdmissionAttributes attributes, KindDefinition shown)
    {
        var request = Describe(uid, attributes, shown);
        request["object"] = attributes.Object?.DeepClone();
        request["oldObject"] = attributes.OldObject?.DeepClone();
        request["dryRun"] = attributes.DryRun;
        request["options"] = attributes.Options?.DeepClone();
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = $"{Group}/{version}", ["request"] = request };
    }

    /// <summary>What is asked for, without the objects.</summary>
    public static JsonObject Describe(string uid, AdmissionAttributes attributes, KindDefinition shown)
    {
        var request = new JsonObject
        {
            ["uid"] = uid,
            ["kind"] = attributes.KindIn(shown).ToJson(),
            ["resource"] = Resource(shown),
        };
        Add(request, "subResource", attributes.Subresource);
        request["requestKind"] = attributes.KindIn(attributes.Kind).ToJson();
        request["requestResource"] = Resource(attributes.Kind);
        Add(request, "requestSubResource", attributes.Subresource);
        Add(request, "name", attributes.Name);
        Add(request, "namespace", attributes.Namespace);
        request["operation"] = attributes.Operation;
        request["userInfo"] = attributes.User.ToJson();
        return request;
    }

    /// <summary>Reads and checks an answer.</summary>
    /// <exception cref="WebhookFailure">It is none.</exception>
    public static AdmissionAnswer Response(string text, string uid, string version, bool mutating)
    {
        var review = Parse(text);
        if (review["response"] is not JsonObject response)
        {
            throw Invalid("webhook response was absent");
        }

        if (version == "v1")
        {
            CheckEnvelope(review, response, uid);
        }

        var patch = response.Text("patch") ?? "";
        var patchType = response.Text("patchType");
        if (version == "v1")
        {
            CheckPatch(patch, patchType, mutating);
        }

        return new AdmissionAnswer(
            response.Flag("allowed") == true,
            response.Object("status"),
            response.Texts("warnings"),
            mutating && patch.Length > 0 ? DecodePatch(patch, patchType ?? "JSONPatch") : null);
    }

    /// <summary>The refusal of a webhook, for the client. A code below 400 cannot refuse.</summary>
    public static StatusException Denial(string webhook, JsonObject? status)
    {
        var denied = $"admission webhook \"{webhook}\" denied the request";
        var reason = status.Text("reason") ?? "";
        var message = status.Text("message") is { Length: > 0 } text ? $"{denied}: {text}"
            : reason.Length > 0 ? $"{denied}: {reason}"
            : $"{denied} without explanation";
        var code = status.Integer("code") is { } given and >= 400 and < 600 ? (int)given : 400;
        return new StatusException(code, reason, message, status.Object("details")?.Copy());
    }

    private static void CheckEnvelope(JsonObject review, JsonObject response, string uid)
    {
        if (response.Text("uid") is var given && given != uid)
        {
            throw Invalid($"expected response.uid={JsonScalars.Quote(uid)}, got {JsonScalars.Quote(given ?? "")}");
        }

        if (review.Text("apiVersion") != $"{Group}/v1" || review.Text("kind") != "AdmissionReview")
        {
            throw Invalid($"expected webhook response of {Group}/v1, Kind=AdmissionReview, got {review.Text("apiVersion")}, Kind={review.Text("kind")}");
        }
    }

    private static void CheckPatch(string patch, string? patchType, bool mutating)
    {
        if (!mutating)
        {
            if (patch.Length > 0)
            {
                throw Invalid("validating webhook may not return response.patch");
            }

            if (patchType is not null)
            {
                throw Invalid("validating webhook may not return response.patchType");
            }
        }
        else if (patch.Length > 0 && patchType is null)
        {
            throw Invalid("webhook returned response.patch but not response.patchType");
        }
        else if (patch.Length == 0 && patchType is not null)
        {
            throw Invalid("webhook returned response.patchType but not response.patch");
        }
        else if (patchType is { Length: 0 })
        {
            throw Invalid("webhook returned invalid response.patchType of \"\"");
        }
    }

    private static JsonNode? DecodePatch(string patch, string patchType)
    {
        if (patchType != "JSONPatch")
        {
            throw new WebhookFailure($"unsupported patch type {JsonScalars.Quote(patchType)}");
        }

        try
        {
            return JsonNode.Parse(Convert.FromBase64String(patch));
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            throw new WebhookFailure($"received undecodable patch in webhook response: {fault.Message}");
        }
    }

    private static JsonObject Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new WebhookFailure("failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct");
        }
        catch (JsonException fault)
        {
            throw new WebhookFailure($"failed to call webhook: couldn't get version/kind; json parse error: {fault.Message}");
        }
    }

    private static WebhookFailure Invalid(string reason) => new($"received invalid webhook response: {reason}");

    private static JsonObject Resource(KindDefinition kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["resource"] = kind.Plural };

    private static void Add(JsonObject request, string field, string? value)
    {
        if (value is { Length: > 0 })
        {
            request[field] = value;
        }
    }
}
