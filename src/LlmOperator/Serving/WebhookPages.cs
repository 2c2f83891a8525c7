using System.Diagnostics.Metrics;
using System.Net;
using LlmOperator.Controllers.Webhooks;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Serving;

/// <summary>The webhook's pages: takes AdmissionReviews off the wire and counts them under the names of controller-runtime.</summary>
internal sealed class WebhookPages
{
    private readonly AdmissionWebhook _webhook;
    private readonly TimeProvider _time;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _latency;
    private readonly UpDownCounter<long> _inFlight;

    public WebhookPages(AdmissionWebhook webhook, Meter meter, TimeProvider time)
    {
        (_webhook, _time) = (webhook, time);
        _requests = meter.CreateCounter<long>("controller_runtime_webhook_requests_total", null, "Total number of admission requests by HTTP status code.");
        _latency = meter.CreateHistogram<double>("controller_runtime_webhook_latency_seconds", null, "Histogram of the latency of processing admission requests");
        _inFlight = meter.CreateUpDownCounter<long>("controller_runtime_webhook_requests_in_flight", null, "Current number of admission requests being served.");
        foreach (var path in webhook.Paths)
        {
            // Counted from nothing, so that rate() works from the first request.
            _requests.Add(0, Label(path), Code(HttpStatusCode.OK));
            _requests.Add(0, Label(path), Code(HttpStatusCode.InternalServerError));
            _inFlight.Add(0, Label(path));
        }
    }

    public async Task<HttpReply> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var path = request.Path.Value ?? "";
        if (!_webhook.Paths.Contains(path))
        {
            return HttpReply.NotFound;
        }

        var label = Label(path);
        var started = _time.GetTimestamp();
        var status = HttpStatusCode.InternalServerError;
        _inFlight.Add(1, label);
        try
        {
            var reply = await ReviewAsync(path, request, cancellationToken).ConfigureAwait(false);
            status = reply.Status;
            return reply;
        }
        catch (BadHttpRequestException error)
        {
            status = (HttpStatusCode)error.StatusCode;
            throw;
        }
        finally
        {
            _inFlight.Add(-1, label);
            _requests.Add(1, label, Code(status));
            _latency.Record(_time.GetElapsedTime(started).TotalSeconds, label);
        }
    }

    private static KeyValuePair<string, object?> Label(string path) => new("webhook", path);

    private static KeyValuePair<string, object?> Code(HttpStatusCode status) => new("code", ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private async Task<HttpReply> ReviewAsync(string path, HttpRequest request, CancellationToken cancellationToken)
    {
        if (!HttpMethods.IsPost(request.Method))
        {
            return new(HttpStatusCode.MethodNotAllowed, "reviews are asked for by POST\n");
        }

        if (request.ContentType?.Split(';')[0].Trim() is not { } type || !type.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            return new(HttpStatusCode.BadRequest, $"expected application/json, not {request.ContentType ?? "a body without a type"}\n");
        }

        using var body = new MemoryStream((int)Math.Clamp(request.ContentLength ?? 0, 0, Site.MaxBodyBytes));
        await request.Body.CopyToAsync(body, cancellationToken).ConfigureAwait(false);
        var answer = await _webhook.AnswerAsync(path, body.GetBuffer().AsMemory(0, (int)body.Length), cancellationToken).ConfigureAwait(false);
        return answer.IsReview ? new(answer.Status, answer.Body, "application/json") : new(answer.Status, answer.Body);
    }
}
