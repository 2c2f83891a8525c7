using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Client;

namespace LlmOperator.Kubernetes.Http;

/// <summary>metav1.Status, as far as errors need it.</summary>
internal sealed record StatusBody
{
    public string? Kind { get; init; }

    public StatusListMeta? Metadata { get; init; }

    public string? Message { get; init; }

    public string? Reason { get; init; }

    public int? Code { get; init; }

    public StatusDetails? Details { get; init; }
}

/// <summary>metav1.ListMeta.</summary>
internal sealed record StatusListMeta
{
    public string? ResourceVersion { get; init; }

    public string? Continue { get; init; }
}

/// <summary>Details of a status.</summary>
internal sealed record StatusDetails
{
    public int? RetryAfterSeconds { get; init; }

    public IReadOnlyList<StatusCauseBody>? Causes { get; init; }
}

/// <summary>A cause as the server writes it.</summary>
internal sealed record StatusCauseBody
{
    public string? Reason { get; init; }

    public string? Field { get; init; }

    public string? Message { get; init; }
}

/// <summary>Errors out of answers.</summary>
internal static class StatusErrors
{
    private const int TextKept = 1024;

    /// <summary>The error of an answer that was no success.</summary>
    public static KubeApiException FromBody(HttpStatusCode code, ReadOnlySpan<byte> body, TimeSpan? retryAfter)
    {
        StatusBody? status = null;
        try
        {
            status = JsonSerializer.Deserialize(body, ClientJson.Default.StatusBody);
        }
        catch (JsonException)
        {
            // A proxy or an early handler of the server answers plain text.
        }

        if (status is { Kind: "Status" })
        {
            return FromStatus(status, code, retryAfter);
        }

        var text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, TextKept)]).Trim();
        return new KubeApiException(code, ReasonOf(code), text.Length > 0 ? text : $"the server answered {(int)code} {code} without a word", null, retryAfter);
    }

    /// <summary>The error of a status, from an answer or from a watch.</summary>
    public static KubeApiException FromStatus(StatusBody status, HttpStatusCode? answered = null, TimeSpan? retryAfter = null)
    {
        var code = answered ?? (HttpStatusCode)(status.Code ?? 500);
        var reason = status.Reason is { Length: > 0 } given ? given : ReasonOf(code);
        var delay = retryAfter ?? (status.Details?.RetryAfterSeconds is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        var causes = status.Details?.Causes?.Select(cause => new StatusCause(cause.Reason ?? "", cause.Field ?? "", cause.Message ?? "")).ToList();
        return new KubeApiException(code, reason, status.Message ?? $"the server answered {(int)code} {reason}", causes, delay)
        {
            Continue = status.Metadata?.Continue is { Length: > 0 } token ? token : null,
        };
    }

    private static string ReasonOf(HttpStatusCode code) => code switch
    {
        HttpStatusCode.BadRequest => "BadRequest",
        HttpStatusCode.Unauthorized => "Unauthorized",
        HttpStatusCode.Forbidden => "Forbidden",
        HttpStatusCode.NotFound => "NotFound",
        HttpStatusCode.MethodNotAllowed => "MethodNotAllowed",
        HttpStatusCode.Conflict => "Conflict",
        HttpStatusCode.Gone => "Gone",
        HttpStatusCode.RequestEntityTooLarge => "RequestEntityTooLarge",
        HttpStatusCode.UnsupportedMediaType => "UnsupportedMediaType",
        HttpStatusCode.UnprocessableEntity => "Invalid",
        HttpStatusCode.TooManyRequests => "TooManyRequests",
        HttpStatusCode.InternalServerError => "InternalError",
        HttpStatusCode.ServiceUnavailable => "ServiceUnavailable",
        HttpStatusCode.GatewayTimeout => "Timeout",
        _ => "",
    };
}

/// <summary>JSON of what only the client itself reads or writes.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusBody))]
[JsonSerializable(typeof(StatusListMeta))]
[JsonSerializable(typeof(BookmarkBody))]
[JsonSerializable(typeof(ScaleBody))]
[JsonSerializable(typeof(DeleteOptionsBody))]
[JsonSerializable(typeof(ApiResourceList))]
internal sealed partial class ClientJson : JsonSerializerContext;
