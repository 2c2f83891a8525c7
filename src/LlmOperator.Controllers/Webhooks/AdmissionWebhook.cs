using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.Admission;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>An answer to the API server.</summary>
/// <param name="Status">200 with a review; anything else is for the API server a webhook that fails.</param>
/// <param name="Body">An AdmissionReview as JSON, or what is wrong in plain text.</param>
public sealed record WebhookAnswer(HttpStatusCode Status, string Body)
{
    /// <summary>Whether <see cref="Body"/> is a review.</summary>
    public bool IsReview => Status == HttpStatusCode.OK;
}

/// <summary>
/// Answers the API server's questions about LlmModels, LlmEndpoints and RagIndexes. Every replica does, leader or not, from its caches.
/// An object that cannot be read is refused with the field; only a question that is none is an error.
/// </summary>
public sealed partial class AdmissionWebhook
{
    private readonly AdmissionCaches _caches;
    private readonly string? _namespace;
    private readonly ILogger _logger;
    private readonly Dictionary<string, ReviewedKind> _kinds;

    /// <summary>Creates the webhook.</summary>
    /// <param name="caches">What is known of other objects.</param>
    /// <param name="ns">Namespace the operator looks after; all when null. Objects elsewhere are not its business.</param>
    /// <param name="logger">Logger.</param>
    internal AdmissionWebhook(AdmissionCaches caches, string? ns, ILogger logger)
    {
        (_caches, _namespace, _logger) = (caches, ns, logger);
        _kinds = new(StringComparer.Ordinal)
        {
            ["/validate/llmmodel"] = ReviewedKind.Of<LlmModel>(ModelAdmission.Review, ModelAdmission.ReviewDeletion),
            ["/validate/llmendpoint"] = ReviewedKind.Of<LlmEndpoint>(EndpointAdmission.Review, trial: _caches.Trial.TryAsync),
            ["/validate/ragindex"] = ReviewedKind.Of<RagIndex>(RagIndexAdmission.Review),
        };
    }

    /// <summary>Completes when questions can be answered.</summary>
    internal Task Synced => _caches.Synced;

    /// <summary>Paths that are answered.</summary>
    public IReadOnlyCollection<string> Paths => _kinds.Keys;

    /// <summary>Answers a question.</summary>
    /// <param name="path">Path it was asked at.</param>
    /// <param name="body">AdmissionReview as JSON.</param>
    /// <param name="cancellationToken">Cancels the look at other objects.</param>
    public async Task<WebhookAnswer> AnswerAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (!_kinds.TryGetValue(path, out var kind))
        {
            return new(HttpStatusCode.NotFound, $"there is nothing at this path; reviews are answered at {string.Join(", ", Paths)}\n");
        }

        if (!_caches.HasSynced)
        {
            return new(HttpStatusCode.ServiceUnavailable, "the caches are not filled yet\n");
        }

        if (!TryRead(body.Span, kind, out var request, out var fault))
        {
            Log.Unreadable(_logger, path, fault);
            return new(HttpStatusCode.BadRequest, fault + "\n");
        }

        return await ReviewAsync(kind, request, cancellationToken).ConfigureAwait(false);
    }

    private static bool TryRead(ReadOnlySpan<byte> body, ReviewedKind kind, [NotNullWhen(true)] out AdmissionRequest? request, [NotNullWhen(false)] out string? fault)
    {
        request = null;
        try
        {
            var review = JsonSerializer.Deserialize(body, AdmissionReviewJson.Default.AdmissionReview);
            fault = review switch
            {
                null => "expected an AdmissionReview",
                { Kind: not "AdmissionReview" } or { ApiVersion: not AdmissionReview.Version } => $"expected an AdmissionReview of {AdmissionReview.Version}, not {review.Kind} of {review.ApiVersion}",
                { Request: null } => "request is missing",
                { Request.Uid: null or "" } => "request.uid is missing",
                { Request.Operation: null or "" } => "request.operation is missing",
                { Request.Kind: { } asked } when asked.Group != ApiGroup.Name || asked.Kind != kind.Kind => $"this path is for {kind.Kind} of {ApiGroup.Name}, not {asked.Kind} of {asked.Group}",
                _ => null,
            };
            request = fault is null ? review!.Request : null;
            return fault is null;
        }
        catch (JsonException error)
        {
            fault = $"the body is not an AdmissionReview: {error.Message}";
            return false;
        }
    }

    private async Task<WebhookAnswer> ReviewAsync(ReviewedKind kind, AdmissionRequest request, CancellationToken cancellationToken)
    {
        var isOurs = request.SubResource is null or "" && (_namespace is null || request.Namespace == _namespace);
        var decision = isOurs ? await kind.DecideAsync(request, _caches, cancellationToken).ConfigureAwait(false) : AdmissionDecision.Allowed;
        var response = new AdmissionResponse
        {
            Uid = request.Uid!,
            Allowed = decision.Errors.Count == 0,
            Status = decision.Errors.Count == 0 ? null : Refusal(kind, request, decision.Errors),
            Warnings = decision.Warnings.Count == 0 ? null : decision.Warnings,
        };
        if (!response.Allowed)
        {
            Log.Refused(_logger, request.Operation!, kind.Kind, $"{request.Namespace}/{request.Name}", request.UserInfo?.Username, request.DryRun == true, string.Join("; ", decision.Errors));
        }

        return new(
            HttpStatusCode.OK,
            JsonSerializer.Serialize(new() { ApiVersion = AdmissionReview.Version, Kind = "AdmissionReview", Response = response }, AdmissionReviewJson.Default.AdmissionReview));
    }

    /// <summary>The words of the API server for an object that breaks its schema.</summary>
    private static AdmissionStatus Refusal(ReviewedKind kind, AdmissionRequest request, IReadOnlyList<FieldError> errors) => new()
    {
        Code = (int)HttpStatusCode.UnprocessableEntity,
        Reason = "Invalid",
        Message = $"{kind.Kind}.{ApiGroup.Name} \"{request.Name}\" is invalid: {(errors.Count == 1 ? errors[0].ToString() : $"[{string.Join(", ", errors)}]")}",
        Details = new()
        {
            Name = request.Name,
            Group = ApiGroup.Name,
            Kind = kind.Kind,
            Causes = [.. errors.Select(error => new AdmissionCause(error.Reason, error.Message, error.Field))],
        },
    };

    private static partial class Log
    {
        [LoggerMessage(60, LogLevel.Information, "Refused {Operation} of {Kind} {Object} by {User} (dry run: {DryRun}): {Errors}")]
        public static partial void Refused(ILogger logger, string operation, string kind, string @object, string? user, bool dryRun, string errors);

        [LoggerMessage(61, LogLevel.Warning, "A question at {Path} was none: {Fault}")]
        public static partial void Unreadable(ILogger logger, string path, string fault);
    }
}
