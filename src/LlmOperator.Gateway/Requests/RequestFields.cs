using System.Text.Json;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.Gateway.Requests;

/// <summary>
/// What the gateway must know of a request's body, and where in it that stands. Everything else is the engine's to judge and is not looked at.
/// </summary>
internal sealed record RequestFields
{
    /// <summary>How deep a body may be nested.</summary>
    public const int MaxDepth = 64;

    /// <summary>Value of <c>model</c>.</summary>
    public required string Model { get; init; }

    /// <summary>Where the value of <c>model</c> stands, quotes included.</summary>
    public required Range ModelAt { get; init; }

    /// <summary>Position of the brace that ends the body.</summary>
    public required int End { get; init; }

    /// <summary>Names of the sampling parameters the client gives itself.</summary>
    public required IReadOnlySet<string> Given { get; init; }

    /// <summary>Most tokens of the answer, as the client gives them; null when it does not.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Reads a body.</summary>
    /// <exception cref="RefusedException">It is not an object, or does not say which model it is for.</exception>
    public static RequestFields Read(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            throw Bad("The body is empty; send a JSON object with the field model", null, "invalid_json");
        }

        try
        {
            return Scan(body);
        }
        catch (JsonException error)
        {
            throw Bad($"The body is not valid JSON: {Reason(error)}", null, "invalid_json");
        }
        catch (InvalidOperationException)
        {
            throw Bad("The body has a name or a model that is not valid Unicode", null, "invalid_json");
        }
    }

    private static RequestFields Scan(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad("The body must be a JSON object with the field model", null, "invalid_json");
        }

        var (model, at, given) = ((string?)null, default(Range), new HashSet<string>(StringComparer.Ordinal));
        long? most = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                if (model is not null)
                {
                    throw Bad("model is given more than once; give it once", "model", "invalid_value");
                }

                model = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Bad("model must be a text: the name of an endpoint, or ENDPOINT:ADAPTER", "model", "invalid_type");
                at = (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
                continue;
            }

            foreach (var name in GenerationDefaults.Names)
            {
                if (reader.ValueTextEquals(name))
                {
                    given.Add(name);
                }
            }

            var isMost = reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8);
            reader.Read();
            most = isMost && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : most;
            reader.Skip();
        }

        var end = (int)reader.TokenStartIndex;

        // What follows the object is looked at too: two bodies in one are none.
        while (reader.Read())
        {
        }

        return model is { Length: > 0 }
            ? new() { Model = model, ModelAt = at, End = end, Given = given, MaxTokens = most }
            : throw Bad("model is missing; write the name of an endpoint, as /v1/models lists them", "model", "missing_required_parameter");
    }

    private static RefusedException Bad(string message, string? param, string code) => new(new OpenAiError(400, code, message) { Param = param });

    /// <summary>The reader's reason, without what it adds about paths of types there are none of.</summary>
    private static string Reason(JsonException error) => error.Message.Split(" LineNumber:")[0];
}
