using LlmOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Informers;

/// <summary>Turns the many faults of a broken watch into one line when it is lost, one for each new reason, and one when it is back.</summary>
internal sealed partial class WatchHealth(ResourceType resource, string? ns, bool optional, ILogger logger)
{
    private readonly string _where = ns is null ? "all namespaces" : $"namespace {ns}";
    private string? _lostBecause;

    public void Lost(Exception error)
    {
        var because = error is KubeApiException fault ? $"{(int)fault.Code} {fault.Reason}" : error.GetType().Name;
        if (because == _lostBecause)
        {
            return;
        }

        _lostBecause = because;
        var name = resource.Group.Length == 0 ? resource.Plural : $"{resource.Plural}.{resource.Group}";
        switch (error)
        {
            case KubeApiException { IsForbidden: true }:
                Log.Forbidden(logger, name, _where, error.Message);
                break;
            case KubeApiException { IsNotFound: true } when optional:
                Log.OptionalKindMissing(logger, name, resource.Version);
                break;
            case KubeApiException { IsNotFound: true }:
                Log.NoSuchKind(logger, name, resource.Version);
                break;
            default:
                Log.Lost(logger, name, _where, error.Message);
                break;
        }
    }

    public void Working()
    {
        if (_lostBecause is not null)
        {
            _lostBecause = null;
            Log.Restored(logger, resource.Group.Length == 0 ? resource.Plural : $"{resource.Plural}.{resource.Group}", _where);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Error, "Not allowed to list and watch {Resource} in {Where}: grant the verbs list and watch. Trying again with backoff. The server said: {Error}")]
        public static partial void Forbidden(ILogger logger, string resource, string where, string error);

        [LoggerMessage(11, LogLevel.Warning, "The server has no {Resource} in version {Version}: is its CustomResourceDefinition installed? Trying again with backoff")]
        public static partial void NoSuchKind(ILogger logger, string resource, string version);

        [LoggerMessage(14, LogLevel.Information, "The server has no {Resource} in version {Version}, which is needed only where objects ask for it; it is used once it is installed")]
        public static partial void OptionalKindMissing(ILogger logger, string resource, string version);

        [LoggerMessage(12, LogLevel.Warning, "Watch of {Resource} in {Where} lost, trying again with backoff: {Error}")]
        public static partial void Lost(ILogger logger, string resource, string where, string error);

        [LoggerMessage(13, LogLevel.Information, "Watch of {Resource} in {Where} restored")]
        public static partial void Restored(ILogger logger, string resource, string where);
    }
}
