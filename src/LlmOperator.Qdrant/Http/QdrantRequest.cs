using System.Globalization;
using System.Text;

namespace LlmOperator.Qdrant.Http;

/// <summary>A request to be sent, perhaps more than once.</summary>
/// <param name="Method">Method.</param>
/// <param name="Path">Path with its query, escaped.</param>
internal sealed record QdrantRequest(HttpMethod Method, string Path)
{
    /// <summary>JSON; null for none.</summary>
    public byte[]? Body { get; init; }

    /// <summary>Whether it changes nothing, so that it can be sent again.</summary>
    public bool IsRead { get; init; }
}

/// <summary>Builds a path with what it names escaped.</summary>
internal sealed class PathBuilder
{
    private readonly StringBuilder _path = new();
    private bool _hasQuery;

    /// <summary>A path below the address of the server.</summary>
    /// <param name="segments">Its parts, unescaped.</param>
    public PathBuilder(params ReadOnlySpan<string> segments)
    {
        foreach (var segment in segments)
        {
            _path.Append('/').Append(Uri.EscapeDataString(segment));
        }
    }

    public PathBuilder With(string name, string? value)
    {
        if (value is not null)
        {
            _path.Append(_hasQuery ? '&' : '?').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            _hasQuery = true;
        }

        return this;
    }

    public PathBuilder With(string name, bool value) => With(name, value ? "true" : "false");

    /// <summary>Whole seconds, at least one.</summary>
    public PathBuilder With(string name, TimeSpan? value) =>
        With(name, value is { } time ? Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture) : null);

    public override string ToString() => _path.ToString();
}
