using System.Net;
using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Endpoints;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>
/// Has the API server look at the objects an endpoint leads to, by applies that store nothing: what it refuses of them it would refuse later, when nobody looks. A trial that cannot be made keeps nobody from anything.
/// </summary>
internal sealed partial class ObjectTrial(IKubeClient client, TimeProvider time, ILogger logger)
{
    /// <summary>The API server waits five seconds for a review.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly ApplyOptions Options = new() { FieldManager = FieldManagers.Operator, Force = true, DryRun = true };

    /// <summary>Fields of an endpoint that come to stand in its objects, by a part of the path they have there.</summary>
    private static readonly (string Part, string Field)[] Fields =
    [
        (".nodeSelector", "spec.scheduling.nodeSelector"),
        (".tolerations", "spec.scheduling.tolerations"),
        (".priorityClassName", "spec.scheduling.priorityClassName"),
        (".runtimeClassName", "spec.scheduling.runtimeClassName"),
        (".schedulerName", "spec.scheduling.schedulerName"),
        (".imagePullSecrets", "spec.imagePullSecrets"),
        (".resources", "spec.engine.resources"),
        (".env", "spec.engine.env"),
        (".image", "spec.engine.image"),
        (".ingress", "spec.networkPolicy"),
        (".egress", "spec.networkPolicy"),
        (".strategy", "spec.rollout"),
        (".rolloutStrategy", "spec.rollout"),
    ];

    /// <summary>Tries the objects of an endpoint.</summary>
    /// <param name="endpoint">As it would be.</param>
    /// <param name="before">As it is; null when it is new.</param>
    /// <param name="facts">What is known beside it.</param>
    /// <param name="cancellationToken">Cancels the trial.</param>
    public async Task<AdmissionDecision> TryAsync(LlmEndpoint endpoint, LlmEndpoint? before, AdmissionFacts facts, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var decision = await TryAsync(endpoint, facts, either.Token, cancellationToken).ConfigureAwait(false);
        if (decision.Errors.Count == 0 || before?.Spec is null)
        {
            return decision;
        }

        // What was refused already must not keep people from changing something else.
        var known = (await TryAsync(before, facts, either.Token, cancellationToken).ConfigureAwait(false)).Errors;
        return new([.. decision.Errors.Where(error => !known.Contains(error))], [.. decision.Warnings, .. decision.Errors.Where(known.Contains).Select(error => error.ToString())]);
    }

    private async Task<AdmissionDecision> TryAsync(LlmEndpoint endpoint, AdmissionFacts facts, CancellationToken either, CancellationToken cancellationToken)
    {
        if (endpoint.Metadata.Namespace is null || EndpointAdmission.Objects(endpoint, facts) is not { } plan)
        {
            return AdmissionDecision.Allowed;
        }

        var spec = JsonSerializer.SerializeToElement(endpoint.Spec!, ApiJsonContext.Default.LlmEndpointSpec);
        var found = await Task.WhenAll(
            TryAsync(plan.Deployment, static (obj, metadata) => obj with { Metadata = metadata }, spec, either, cancellationToken),
            TryAsync(facts.HasLeaderWorkerSets ? plan.LeaderWorkerSet : null, static (obj, metadata) => obj with { Metadata = metadata }, spec, either, cancellationToken),
            TryAsync(plan.Service, static (obj, metadata) => obj with { Metadata = metadata }, spec, either, cancellationToken),
            TryAsync(plan.DisruptionBudget, static (obj, metadata) => obj with { Metadata = metadata }, spec, either, cancellationToken),
            TryAsync(plan.NetworkPolicy, static (obj, metadata) => obj with { Metadata = metadata }, spec, either, cancellationToken)).ConfigureAwait(false);
        return new([.. found.SelectMany(each => each.Errors).DistinctBy(error => error.ToString())], [.. found.SelectMany(each => each.Warnings).Distinct()]);
    }

    private async Task<AdmissionDecision> TryAsync<T>(T? wanted, Func<T, ObjectMeta, T> named, JsonElement spec, CancellationToken either, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        if (wanted is null)
        {
            return AdmissionDecision.Allowed;
        }

        // Under a name of its own: what others have put into the object that is there, and how the operator gets it out, is not what is asked.
        var name = wanted.Metadata.Name!;
        var tried = $"{name[..Math.Min(name.Length, 50)].TrimEnd('-', '.')}-trial";
        try
        {
            await client.ApplyAsync(named(wanted, wanted.Metadata with { Name = tried }), Options, either).ConfigureAwait(false);
            return AdmissionDecision.Allowed;
        }
        catch (KubeApiException refusal) when (refusal.IsInvalid && refusal.Causes.Count > 0)
        {
            return new([.. refusal.Causes.Select(cause => ErrorOf(T.Resource.Kind, cause.Field, $"{cause.Field}: {cause.Message}", spec))], []);
        }
        catch (KubeApiException refusal) when (refusal.IsInvalid || refusal.Code == HttpStatusCode.BadRequest)
        {
            return new([ErrorOf(T.Resource.Kind, null, refusal.Message.Replace(tried, name, StringComparison.Ordinal), spec)], []);
        }
        catch (Exception error) when (error is KubeApiException or HttpRequestException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var why = error is KubeApiException refusal ? refusal.Message.Replace(tried, name, StringComparison.Ordinal) : "there was no answer in time";
            Log.NotTried(logger, T.Resource.Kind, wanted.Metadata.Namespace, name, why);
            return new([], [$"the {T.Resource.Kind} made from it could not be tried at the API server, so whether that takes it shows in the conditions: {why}"]);
        }
    }

    private static FieldError ErrorOf(string kind, string? path, string message, JsonElement spec)
    {
        var field = Fields.FirstOrDefault(known => path?.Contains(known.Part, StringComparison.Ordinal) == true && IsSet(spec, known.Field)).Field ?? (IsSet(spec, "spec.podTemplate") ? "spec.podTemplate" : "spec");
        return new("FieldValueInvalid", field, $"Invalid value: the API server refuses the {kind} made from it: {message}");
    }

    private static bool IsSet(JsonElement spec, string field)
    {
        foreach (var name in field.Split('.').Skip(1))
        {
            if (spec.ValueKind != JsonValueKind.Object || !spec.TryGetProperty(name, out spec))
            {
                return false;
            }
        }

        return spec.ValueKind != JsonValueKind.Null;
    }

    private static partial class Log
    {
        [LoggerMessage(66, LogLevel.Warning, "The {Kind} of {Namespace}/{Name} could not be tried at the API server for a review: {Error}")]
        public static partial void NotTried(ILogger logger, string kind, string? @namespace, string name, string error);
    }
}
