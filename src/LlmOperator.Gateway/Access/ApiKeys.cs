using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Requests;
using LlmOperator.Inference.Proxying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Access;

/// <summary>
/// The keys of the Secret <c>llm-gateway-api-keys</c>. Only their hashes are kept, and a key that is presented is compared with all of them in the same time, whichever it is. Without the Secret everybody
/// is let in; a Secret without a key lets in nobody.
/// </summary>
internal sealed partial class ApiKeys : IAsyncDisposable
{
    /// <summary>Name of the Secret.</summary>
    public const string SecretName = "llm-gateway-api-keys";

    private const string LimitsKey = "limits.json";
    private const string HashPrefix = "sha256:";
    private const string Scheme = "Bearer ";

    private readonly GatewayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly NamedWatch<Secret> _watch;
    private CallerLimits? _limits;
    private volatile Key[]? _keys;

    public ApiKeys(IKubeClient client, string ns, GatewayMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_metrics, _time, _logger) = (metrics, time, logger);
        _watch = new(client, new(ns, SecretName), Changed, time, logger);
    }

    /// <summary>Whether it is known if keys are asked for.</summary>
    public bool HasSynced => _watch.HasSynced;

    /// <summary>Whether keys are asked for.</summary>
    public bool AreAsked => _keys is not null;

    /// <summary>Who makes a request.</summary>
    /// <exception cref="RefusedException">Its key is none of those.</exception>
    public Caller Identify(HttpContext context)
    {
        if (_keys is not { } keys)
        {
            return Caller.Anyone;
        }

        var header = context.Request.Headers.Authorization.ToString();
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : ""));
        Caller? caller = null;
        foreach (var key in keys)
        {
            caller = CryptographicOperations.FixedTimeEquals(key.Hash, hash) ? key.Caller : caller;
        }

        if (caller is not null && header.Length > Scheme.Length)
        {
            return caller;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RefusedException(new(
            StatusCodes.Status401Unauthorized,
            "invalid_api_key",
            header.Length == 0 ? "An API key is needed: send it as Authorization: Bearer KEY" : "The API key is not valid; those who run this gateway give them out"));
    }

    /// <summary>Counts a request of a caller, or refuses it.</summary>
    /// <exception cref="RefusedException">The caller has used up what it may ask for.</exception>
    public void Admit(Caller caller)
    {
        if (caller.Tokens?.WaitForAny() is { } tokens)
        {
            throw Refused(caller, "tokens", caller.Tokens.PerMinute, tokens);
        }

        if (caller.Requests?.TryTake(1) is { } requests)
        {
            throw Refused(caller, "requests", caller.Requests.PerMinute, requests);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    private RefusedException Refused(Caller caller, string what, double perMinute, TimeSpan wait)
    {
        _metrics.RateLimited(caller.Name, what);
        return new(new(StatusCodes.Status429TooManyRequests, "rate_limit_exceeded", $"{caller.Name} has used up its {perMinute} {what} a minute. Try again later.") { Type = what, RetryAfter = wait });
    }

    private void Changed(Secret? secret)
    {
        if (secret is null)
        {
            (_keys, _limits) = (null, null); // A Secret of the name that comes later has nothing to do with this one.
            Log.Open(_logger, SecretName);
            return;
        }

        // From here on keys are asked for, whatever becomes of what is in the Secret.
        var before = _keys ??= [];
        var limits = Limits(secret);
        var keys = new List<Key>();
        foreach (var (name, value) in secret.Data ?? new Dictionary<string, byte[]>())
        {
            if (name == LimitsKey)
            {
                continue;
            }

            if (HashOf(value) is { } hash)
            {
                var known = Array.Find(before, key => key.Caller.Name == name)?.Caller;
                var limit = limits.Of(name);
                keys.Add(new(hash, new(name, Bucket(known?.Requests, limit?.RequestsPerMinute), Bucket(known?.Tokens, limit?.TokensPerMinute))));
            }
            else
            {
                Log.BadKey(_logger, SecretName, name);
            }
        }

        _keys = [.. keys];
        Log.Taken(_logger, keys.Count, SecretName);
    }

    /// <summary>The limits. Of those that cannot be read the ones before stay, and without any before, one request a minute: a slip must not lift them.</summary>
    private CallerLimits Limits(Secret secret)
    {
        if (secret.Data?.GetValueOrDefault(LimitsKey) is not { } json)
        {
            return _limits = new();
        }

        try
        {
            return _limits = CallerLimits.Parse(json);
        }
        catch (JsonException error)
        {
            Log.BadLimits(_logger, SecretName, LimitsKey, error.Message);
            return _limits ?? new() { Default = new() { RequestsPerMinute = 1 } };
        }
    }

    private TokenBucket? Bucket(TokenBucket? known, double? perMinute) => perMinute is not { } amount ? null : known?.PerMinute == amount ? known : new(amount, _time);

    /// <summary>The hash of a key: as it stands there, or made of the key itself. A line end after it, as files have, is no part of it.</summary>
    private static byte[]? HashOf(byte[] value)
    {
        var text = Encoding.UTF8.GetString(value).Trim();
        if (!text.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return text.Length == 0 ? null : SHA256.HashData(Encoding.UTF8.GetBytes(text));
        }

        var hex = text[HashPrefix.Length..];
        return hex.Length == 2 * SHA256.HashSizeInBytes && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : null;
    }

    private sealed record Key(byte[] Hash, Caller Caller);

    private static partial class Log
    {
        [LoggerMessage(41, LogLevel.Warning, "Secret {Secret} is gone: requests are taken without a key")]
        public static partial void Open(ILogger logger, string secret);

        [LoggerMessage(42, LogLevel.Error, "Secret {Secret}: the value of {Name} is empty, or not sha256: with 64 hexadecimal digits; it is passed over")]
        public static partial void BadKey(ILogger logger, string secret, string name);

        [LoggerMessage(43, LogLevel.Information, "{Count} API keys of Secret {Secret} are in use")]
        public static partial void Taken(ILogger logger, int count, string secret);

        [LoggerMessage(44, LogLevel.Error, "Secret {Secret}: {Key} cannot be read: {Problem}. The limits of before stay, or one request a minute where there were none")]
        public static partial void BadLimits(ILogger logger, string secret, string key, string problem);
    }
}
