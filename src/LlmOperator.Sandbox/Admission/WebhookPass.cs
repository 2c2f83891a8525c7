using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>
/// The webhooks of one write: first those that change the object, one after the other, then those that judge it, all at once.
/// Must not be called with the store's lock held: a webhook may well read from this server before it answers.
/// </summary>
internal sealed class WebhookPass(AdmissionControl control, IReadOnlyList<WebhookMatch> mutating, IReadOnlyList<WebhookMatch> validating)
{
    /// <summary>Asks the mutating webhooks. Those that want it are asked once more when a later one changed what they had seen.</summary>
    /// <returns>The object as they left it; the one given when none changed it, null for a delete.</returns>
    /// <exception cref="StatusException">One refuses, or cannot be asked and must be.</exception>
    public async ValueTask<JsonObject?> Mutate(AdmissionAttributes attributes)
    {
        try
        {
            return await MutateInOrder(attributes);
        }
        catch (StatusException refusal)
        {
            throw WithWarnings(refusal, attributes);
        }
    }

    /// <summary>Asks the validating webhooks.</summary>
    /// <exception cref="StatusException">One refuses, or cannot be asked and must be.</exception>
    public async ValueTask Validate(AdmissionAttributes attributes)
    {
        // Each question is written out before the first is sent: the object is read by one thread only.
        var refusals = await Task.WhenAll(validating.Select(match => Judge(match, attributes)));
        if (Array.Find(refusals, refusal => refusal is not null) is { } first)
        {
            throw WithWarnings(first, attributes);
        }
    }

    private static StatusException WithWarnings(StatusException refusal, AdmissionAttributes attributes) =>
        new(refusal.Code, refusal.Reason, refusal.Message, refusal.Details) { Warnings = [.. attributes.Warnings] };

    private async ValueTask<JsonObject?> MutateInOrder(AdmissionAttributes attributes)
    {
        var obj = attributes.Object;
        var asked = new HashSet<Webhook>();
        var again = new HashSet<Webhook>();
        foreach (var match in mutating)
        {
            obj = await Step(match, obj);
        }

        foreach (var match in mutating.Where(match => again.Contains(match.Webhook)).ToList())
        {
            obj = await Step(match, obj);
        }

        return obj;

        async ValueTask<JsonObject?> Step(WebhookMatch match, JsonObject? present)
        {
            var result = await Change(match, attributes with { Object = present });
            if (!ReferenceEquals(result, present))
            {
                again.UnionWith(asked.Where(webhook => webhook != match.Webhook));
            }

            if (match.Webhook.Reinvoked)
            {
                asked.Add(match.Webhook);
            }

            return result;
        }
    }

    private async Task<StatusException?> Judge(WebhookMatch match, AdmissionAttributes attributes)
    {
        try
        {
            await Ask(match, attributes);
            return null;
        }
        catch (StatusException refusal)
        {
            return refusal;
        }
    }

    private async ValueTask<JsonObject?> Change(WebhookMatch match, AdmissionAttributes attributes)
    {
        if (await Ask(match, attributes) is not { Patch: JsonNode patch } || patch is JsonArray { Count: 0 })
        {
            return attributes.Object;
        }

        if (attributes.Object is not { } obj)
        {
            throw Internal($"admission webhook \"{match.Webhook.Name}\" attempted to modify the object, which is not supported for this operation");
        }

        try
        {
            var shown = attributes.ViewIn(match.Version, obj)!;
            var patched = JsonPatch.Apply(shown, patch) as JsonObject ?? throw new PatchException(422, "the patch leaves no object");
            if (JsonNode.DeepEquals(patched, shown))
            {
                return obj;
            }

            if (attributes.ObjectKind is null)
            {
                ObjectShape.Normalise(match.Version, patched, new WriteRequest("") { FieldValidation = LlmOperator.Kubernetes.Client.FieldValidation.Ignore });
            }

            return attributes.ViewFrom(match.Version, patched);
        }
        catch (PatchException fault)
        {
            throw Internal(fault.Message);
        }
    }

    /// <summary>One call; null when the webhook is not concerned, or failed and may.</summary>
    private async ValueTask<AdmissionAnswer?> Ask(WebhookMatch match, AdmissionAttributes attributes)
    {
        var webhook = match.Webhook;
        var shown = attributes with
        {
            Object = attributes.ViewIn(match.Version, attributes.Object),
            OldObject = attributes.ViewIn(match.Version, attributes.OldObject),
        };
        if (!Selects(webhook, shown) || !MatchCondition.AllHold(webhook, shown, match.Version))
        {
            return null;
        }

        if (attributes.DryRun && !webhook.SideEffectFree)
        {
            throw Refusals.BadRequest($"admission webhook \"{webhook.Name}\" does not support dry run");
        }

        try
        {
            var uid = Guid.NewGuid().ToString();
            var version = webhook.Versions.FirstOrDefault(name => name is "v1" or "v1beta1") ?? "v1";
            var text = await control.Caller.Post(webhook, AdmissionReview.Request(uid, version, shown, match.Version));
            var answer = AdmissionReview.Response(text, uid, version, webhook.Mutating);
            lock (attributes.Warnings)
            {
                attributes.Warnings.AddRange(answer.Warnings);
            }

            return answer.Allowed ? answer : throw AdmissionReview.Denial(webhook.Name, answer.Status);
        }
        catch (WebhookFailure failure)
        {
            return webhook.IgnoresFailure ? null : throw Internal($"failed calling webhook \"{webhook.Name}\": {failure.Message}");
        }
    }

    private bool Selects(Webhook webhook, AdmissionAttributes attributes)
    {
        if (!webhook.NamespaceSelector.IsEverything && control.NamespaceOf(attributes) is { } ns && !webhook.NamespaceSelector.Matches(ns))
        {
            return false;
        }

        return webhook.ObjectSelector.IsEverything
            || (attributes.Object is { } obj && webhook.ObjectSelector.Matches(obj))
            || (attributes.OldObject is { } old && webhook.ObjectSelector.Matches(old));
    }

    private static StatusException Internal(string message) => new(
        500,
        "InternalError",
        $"Internal error occurred: {message}",
        new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) });
}
