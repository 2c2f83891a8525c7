using System.Text;
using System.Text.Json;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A request the stand-in got.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path, unescaped parts.</param>
/// <param name="Query">Query.</param>
public sealed record QdrantCall(string Method, IReadOnlyList<string> Path, IReadOnlyDictionary<string, string> Query)
{
    /// <summary>Node that was asked.</summary>
    public string Node { get; init; } = "";

    /// <summary>Key it carried; null for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Type of the body.</summary>
    public string? ContentType { get; init; }

    /// <summary>The body. Not kept in the list of calls.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Method and path.</summary>
    public override string ToString() => $"{Method} /{string.Join('/', Path)}";
}

/// <summary>What a call is answered with in place of a proper answer.</summary>
public sealed record QdrantFault
{
    private QdrantFault()
    {
    }

    /// <summary>Breaks the connection before anything is done.</summary>
    public static QdrantFault Cut { get; } = new();

    /// <summary>Does what was asked, and breaks the connection before the answer.</summary>
    public static QdrantFault LoseAnswer { get; } = new() { IsDone = true };

    internal int? Status { get; private init; }

    internal string Message { get; private init; } = "";

    internal int? RetryAfterSeconds { get; private init; }

    internal bool IsDone { get; private init; }

    /// <summary>Refuses.</summary>
    /// <param name="status">Status.</param>
    /// <param name="message">Message.</param>
    /// <param name="retryAfterSeconds">Seconds asked to wait; null to ask nothing.</param>
    public static QdrantFault Refuse(int status, string message, int? retryAfterSeconds = null) =>
        new() { Status = status, Message = message, RetryAfterSeconds = retryAfterSeconds };
}

/// <summary>An answer.</summary>
internal sealed record QdrantReply(int Status, string? ContentType, byte[] Body)
{
    public int? RetryAfterSeconds { get; init; }

    public static QdrantReply Text(int status, string text) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    public static QdrantReply Empty(int status) => new(status, null, []);

    /// <summary>Qdrant's envelope around a result; with null, of something that goes on.</summary>
    public static QdrantReply Result(Action<Utf8JsonWriter>? result, double seconds) => new(result is null ? 202 : 200, "application/json", Json(writer =>
    {
        writer.WriteStartObject();
        if (result is not null)
        {
            writer.WritePropertyName("result");
            result(writer);
        }

        writer.WriteString("status", result is null ? "accepted" : "ok");
        writer.WriteNumber("time", seconds);
        writer.WriteEndObject();
    }));

    public static QdrantReply Refusal(QdrantRefusal refusal) => new(refusal.Status, "application/json", Json(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("status");
        writer.WriteString("error", refusal.Message);
        writer.WriteEndObject();
        writer.WriteNumber("time", 0.0);
        writer.WriteEndObject();
    }))
    {
        RetryAfterSeconds = refusal.RetryAfterSeconds,
    };

    public static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(writer);
        }

        return stream.ToArray();
    }
}

/// <summary>A request that is refused, in Qdrant's words.</summary>
internal sealed class QdrantRefusal(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    public int? RetryAfterSeconds { get; init; }

    /// <summary>The input cannot be understood or breaks a rule.</summary>
    public static QdrantRefusal Input(string message) => new(400, $"Wrong input: {message}");

    /// <summary>The request cannot be done as things are.</summary>
    public static QdrantRefusal Request(string message) => new(400, $"Bad request: {message}");

    /// <summary>The body is not what it should be.</summary>
    public static QdrantRefusal Format(string message) => new(400, $"Format error in JSON body: {message}");

    /// <summary>A field breaks its rule.</summary>
    public static QdrantRefusal Field(string path, string message) => new(422, $"Validation error in JSON body: [{path}: {message}]");

    /// <summary>There is no such thing.</summary>
    public static QdrantRefusal Missing(string message) => new(404, $"Not found: {message}");

    /// <summary>There is no such collection.</summary>
    public static QdrantRefusal NoCollection(string name) => Missing($"Collection `{name}` doesn't exist!");
}
