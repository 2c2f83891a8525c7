using System.Text.Json;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.Admission;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>A kind whose changes are reviewed: reads the objects of a question and has the rules looked at.</summary>
internal abstract class ReviewedKind
{
    /// <summary>CamelCase kind.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether a change may be stored.</summary>
    public abstract Task<AdmissionDecision> DecideAsync(AdmissionRequest request, AdmissionCaches caches, CancellationToken cancellationToken);

    /// <summary>A kind and its rules.</summary>
    /// <param name="review">Reviews an object as it would be and as it is.</param>
    /// <param name="deletion">Reviews the deletion of an object.</param>
    /// <param name="trial">Tries at the API server what an object that has passed its review leads to.</param>
    public static ReviewedKind Of<T>(
        Func<T, T?, AdmissionFacts, AdmissionDecision> review, Func<T, AdmissionFacts, AdmissionDecision>? deletion = null, Func<T, T?, AdmissionFacts, CancellationToken, Task<AdmissionDecision>>? trial = null)
        where T : class, IKubeObject<T>
        => new Typed<T>(review, deletion, trial);

    private sealed class Typed<T>(
        Func<T, T?, AdmissionFacts, AdmissionDecision> review, Func<T, AdmissionFacts, AdmissionDecision>? deletion, Func<T, T?, AdmissionFacts, CancellationToken, Task<AdmissionDecision>>? trial) : ReviewedKind
        where T : class, IKubeObject<T>
    {
        public override string Kind => T.Resource.Kind;

        public override async Task<AdmissionDecision> DecideAsync(AdmissionRequest request, AdmissionCaches caches, CancellationToken cancellationToken)
        {
            switch (request.Operation)
            {
                case "DELETE":
                    return deletion is not null && Read(request.OldObject, out _) is { } deleted
                        ? deletion(deleted, await FactsAsync(deleted, request, caches, cancellationToken).ConfigureAwait(false))
                        : AdmissionDecision.Allowed;
                case "UPDATE" when IsSameSpec(request):
                    return AdmissionDecision.Allowed;
                case "CREATE" or "UPDATE":
                    // An object that goes must be able to: its last changes are finalizers being taken off.
                    return Read(request.Object, out var error) is not { } obj
                        ? new([error!], [])
                        : obj.Metadata.DeletionTimestamp is not null
                            ? AdmissionDecision.Allowed
                            : await ReviewAsync(obj, Read(request.OldObject, out _), await FactsAsync(obj, request, caches, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                default:
                    return AdmissionDecision.Allowed;
            }
        }

        private async Task<AdmissionDecision> ReviewAsync(T obj, T? before, AdmissionFacts facts, CancellationToken cancellationToken)
        {
            var decision = review(obj, before, facts);
            if (decision.Errors.Count > 0 || trial is null)
            {
                return decision;
            }

            var tried = await trial(obj, before, facts, cancellationToken).ConfigureAwait(false);
            return tried.Errors.Count > 0 ? tried : decision with { Warnings = [.. decision.Warnings, .. tried.Warnings] };
        }

        private static Task<AdmissionFacts> FactsAsync(T obj, AdmissionRequest request, AdmissionCaches caches, CancellationToken cancellationToken) =>
            caches.FactsAsync(obj, request.Namespace, cancellationToken);

        private static bool IsSameSpec(AdmissionRequest request) =>
            Spec(request.Object) is { } after && Spec(request.OldObject) is { } before && JsonElement.DeepEquals(before, after);

        private static JsonElement? Spec(JsonElement? obj) =>
            obj is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty("spec", out var spec) ? spec : null;

        /// <summary>The object; null with the field at fault when it cannot be read.</summary>
        private static T? Read(JsonElement? json, out FieldError? error)
        {
            error = null;
            try
            {
                if (json is { ValueKind: JsonValueKind.Object } given && given.Deserialize(T.JsonTypeInfo) is { } obj)
                {
                    return obj;
                }

                error = FieldError.Unreadable("", "the object is missing");
            }
            catch (Exception fault) when (fault is JsonException or FormatException or OverflowException or ArgumentException or InvalidOperationException or NotSupportedException)
            {
                // The schema lets nothing pass that we cannot read; an object of another version of it may be.
                error = FieldError.Unreadable(Path(fault), $"cannot be read: {fault.Message}");
            }

            return null;
        }

        /// <summary><c>$.spec.replicas</c> as <c>spec.replicas</c>.</summary>
        private static string Path(Exception fault) => fault is JsonException { Path: { } path } ? path.TrimStart('$').TrimStart('.') : "";
    }
}
