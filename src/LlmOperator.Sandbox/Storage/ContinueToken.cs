using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Where the next page of a list begins.</summary>
/// <param name="Revision">Revision all pages show; -1 to go on with whatever is there now.</param>
/// <param name="After">Key of the last object shown.</param>
internal readonly record struct ContinueToken(long Revision, string After)
{
    /// <summary>Reads a token.</summary>
    /// <exception cref="Server.StatusException">400 when the text is none of ours.</exception>
    public static ContinueToken Parse(string text)
    {
        try
        {
            var json = JsonNode.Parse(Base64Url.DecodeFromChars(text));
            if (json.Text("v") == "meta.k8s.io/v1" && json.Integer("rv") is { } revision && json.Text("start") is { } after && revision is > 0 or -1)
            {
                return new ContinueToken(revision, after);
            }
        }
        catch (Exception exception) when (exception is FormatException or System.Text.Json.JsonException)
        {
            throw Refusals.BadRequest($"continue key is not valid: {exception.Message}");
        }

        throw Refusals.BadRequest("continue key is not valid: incorrect encoded start key or version");
    }

    /// <summary>The token's text.</summary>
    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision, ["start"] = After }.ToJsonString()));
}
