using System.Diagnostics;
using System.Text.Json;
using LlmOperator.Gateway.Requests;

namespace LlmOperator.Gateway.Tracing;

/// <summary>What somebody thinks of an answer.</summary>
/// <param name="Trace">Trace of the answer.</param>
/// <param name="Score">From 0, of no use, to 1, as it should be.</param>
/// <param name="Comment">In words.</param>
internal sealed record Feedback(ActivityTraceId Trace, double Score, string? Comment)
{
    private const int LongestComment = 4096;
    private const int TraceIdLength = 32;

    /// <summary>Reads a body.</summary>
    /// <exception cref="RefusedException">It is not as it should be.</exception>
    public static Feedback Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var (trace, score, comment) = (default(ActivityTraceId?), default(double?), default(string));
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw Bad(null, "invalid_json", "The body must be a JSON object with trace_id, score and, if you like, comment");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                switch (name)
                {
                    case "trace_id":
                        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Bad(name, "invalid_type", "trace_id must be a text");
                        trace = text.Length == TraceIdLength && text.All(char.IsAsciiHexDigitLower) && text.AsSpan().ContainsAnyExcept('0')
                            ? ActivityTraceId.CreateFromString(text)
                            : throw Bad(name, "invalid_value", "trace_id must be the 32 hexadecimal digits of an answer's x-llmops-trace-id");
                        break;
                    case "score":
                        score = reader.TokenType != JsonTokenType.Number ? throw Bad(name, "invalid_type", "score must be a number from 0 to 1")
                            : reader.TryGetDouble(out var number) && number is >= 0 and <= 1 ? number
                            : throw Bad(name, "invalid_value", "score must be a number from 0 to 1");
                        break;
                    case "comment" when reader.TokenType == JsonTokenType.Null:
                        break;
                    case "comment":
                        comment = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Bad(name, "invalid_type", "comment must be a text");
                        if (comment.Length > LongestComment)
                        {
                            throw Bad(name, "invalid_value", $"comment has {comment.Length} characters and may have {LongestComment}");
                        }

                        break;
                    default:
                        throw Bad(name.Length <= 64 ? name : name[..64], "unknown_parameter", "Only trace_id, score and comment are taken");
                }
            }

            while (reader.Read())
            {
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Bad(null, "invalid_json", "The body is not valid JSON");
        }

        return new(
            trace ?? throw Bad("trace_id", "missing_required_parameter", "trace_id is missing: it is the x-llmops-trace-id of the answer"),
            score ?? throw Bad("score", "missing_required_parameter", "score is missing: a number from 0 to 1"),
            comment);
    }

    private static RefusedException Bad(string? param, string code, string message) => new(new(400, code, message) { Param = param });
}
