using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LlmOperator.Controllers.Registries;

/// <summary>Access to one repository of an OCI registry: credentials of the pull secret, or nobody's, exchanged for a token where the registry asks for one.</summary>
internal sealed partial class OciAccess(RegistryHttp http, ImageReference image, byte[]? dockerConfig)
{
    private const int TokenLimit = 256 * 1024;

    private readonly string? _credentials = dockerConfig is null ? null : DockerConfig.Basic(dockerConfig, image.Registry);
    private AuthenticationHeaderValue? _authorization;

    /// <summary>Whether the pull secret has credentials for the registry.</summary>
    public bool HasCredentials => _credentials is not null;

    public async Task<RegistryAnswer> SendAsync(HttpMethod method, string path, IReadOnlyList<string> accept, int limit, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest(method, new Uri(image.Address, path)) { Accept = accept, Limit = limit, Authorization = _authorization };
        var answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.Code != HttpStatusCode.Unauthorized || _authorization is not null)
        {
            return answer;
        }

        _authorization = await AuthorizationAsync(answer, cancellationToken).ConfigureAwait(false);
        return _authorization is null ? answer : await http.SendAsync(request with { Authorization = _authorization }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<AuthenticationHeaderValue?> AuthorizationAsync(RegistryAnswer refusal, CancellationToken cancellationToken)
    {
        foreach (var challenge in refusal.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) && challenge.Parameter is { } parameters)
            {
                return await TokenAsync(parameters, cancellationToken).ConfigureAwait(false);
            }

            if (challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && _credentials is not null)
            {
                return new("Basic", _credentials);
            }
        }

        return null;
    }

    private async Task<AuthenticationHeaderValue?> TokenAsync(string parameters, CancellationToken cancellationToken)
    {
        var challenge = Parameter().Matches(parameters).ToDictionary(match => match.Groups[1].Value.ToLowerInvariant(), match => match.Groups[2].Value, StringComparer.Ordinal);
        if (!challenge.TryGetValue("realm", out var realm) || !Uri.TryCreate(realm, UriKind.Absolute, out var server) || !(server.Scheme == "https" || (server.Scheme == "http" && image.Address.Scheme == "http")))
        {
            return null;
        }

        var scope = challenge.GetValueOrDefault("scope", $"repository:{image.Repository}:pull");
        var query = $"scope={Uri.EscapeDataString(scope)}{(challenge.TryGetValue("service", out var service) ? "&service=" + Uri.EscapeDataString(service) : "")}";
        var answer = await http.SendAsync(
            new(HttpMethod.Get, new UriBuilder(server) { Query = string.IsNullOrEmpty(server.Query) ? query : $"{server.Query.TrimStart('?')}&{query}" }.Uri)
            {
                Authorization = _credentials is null ? null : new("Basic", _credentials),
                Limit = TokenLimit,
            },
            cancellationToken).ConfigureAwait(false);
        if (!answer.IsSuccess)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(answer.Body);
            var token = json.RootElement.ValueKind != JsonValueKind.Object ? null
                : json.RootElement.TryGetProperty("token", out var plain) && plain.ValueKind == JsonValueKind.String ? plain.GetString()
                : json.RootElement.TryGetProperty("access_token", out var access) && access.ValueKind == JsonValueKind.String ? access.GetString()
                : null;
            return string.IsNullOrEmpty(token) || token.Any(char.IsControl) ? null : new("Bearer", token);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex("(\\w+)=\"([^\"]*)\"")]
    private static partial Regex Parameter();
}

/// <summary>A pull secret's file.</summary>
internal static class DockerConfig
{
    /// <summary>User and password for a registry in the form of the Basic scheme; null when there are none.</summary>
    public static string? Basic(byte[] file, string registry)
    {
        try
        {
            using var json = JsonDocument.Parse(file);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("auths", out var auths) || auths.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            foreach (var entry in auths.EnumerateObject())
            {
                if (Host(entry.Name) == registry && entry.Value.ValueKind == JsonValueKind.Object && Of(entry.Value) is { } credentials)
                {
                    return credentials;
                }
            }
        }
        catch (JsonException)
        {
            // The registry will refuse, which says what is to be done.
        }

        return null;
    }

    private static string Host(string key)
    {
        var host = (key.Contains("://", StringComparison.Ordinal) ? key[(key.IndexOf("://", StringComparison.Ordinal) + 3)..] : key).Split('/')[0];
        return host is "index.docker.io" or "registry-1.docker.io" ? "docker.io" : host;
    }

    private static string? Of(JsonElement entry)
    {
        if (Text(entry, "auth") is { Length: > 0 } auth)
        {
            return auth.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '+' or '/' or '=') ? auth : null;
        }

        return Text(entry, "username") is { } user && Text(entry, "password") is { } password ? Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")) : null;
    }

    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
