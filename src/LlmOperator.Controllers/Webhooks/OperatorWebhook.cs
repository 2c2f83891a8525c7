using System.Threading.Channels;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>How the webhook is reached and trusted.</summary>
public sealed record OperatorWebhookOptions
{
    /// <summary>Namespace of the operator, its Service and the Secret with its certificates.</summary>
    public required string Namespace { get; init; }

    /// <summary>Namespace the operator looks after; all when null.</summary>
    public string? WatchedNamespace { get; init; }

    /// <summary>Address the API server reaches this process under, where no Service leads to it; a configuration for it comes and goes with the process.</summary>
    public Uri? Url { get; init; }

    /// <summary>Folder with certificates somebody else sees to; null for certificates of our own.</summary>
    public string? CertificateFolder { get; init; }

    /// <summary>What is done about a model nobody gave a licence.</summary>
    public LicensePolicy LicensePolicy { get; init; }

    /// <summary>What stands between clients and engines.</summary>
    public DataPathOptions DataPath { get; init; } = new();
}

/// <summary>
/// The validating webhook without its server: the reviews, the certificate to serve them with, and the upkeep of that certificate and of the configuration that leads the API server here.
/// The upkeep needs no leader: what it writes is the same whoever writes it, and a replica that waits for the lease must be able to serve.
/// </summary>
public sealed partial class OperatorWebhook
{
    /// <summary>Name of the ValidatingWebhookConfiguration that leads to a URL.</summary>
    public const string UrlConfigurationName = WebhookManifest.UrlName;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(5);

    private readonly OperatorWebhookOptions _options;
    private readonly IKubeClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Informer<ValidatingWebhookConfiguration>? _configurations;
    private readonly Informer<Secret>? _secrets;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private string? _fault = "there is no certificate yet";

    /// <summary>Creates the webhook; before the manager runs, so that its caches are filled with the others.</summary>
    /// <param name="manager">Holder of the caches.</param>
    /// <param name="client">Client that writes whether this process leads or not.</param>
    /// <param name="options">Settings.</param>
    /// <param name="catalogue">Accelerator classes.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    public OperatorWebhook(ControllerManager manager, IKubeClient client, OperatorWebhookOptions options, AcceleratorCatalogue catalogue, TimeProvider time, ILogger logger)
    {
        (_options, _client, _time, _logger) = (options, client, time, logger);
        Admission = new(new(manager.Informers, client, catalogue, options.LicensePolicy, options.DataPath, time, logger), options.WatchedNamespace, logger);
        if (options.CertificateFolder is null && options.Url is null)
        {
            _secrets = manager.Informers.Get<Secret>(new(options.Namespace, FieldSelector: $"metadata.name={WebhookManifest.SecretName}"));
            _secrets.AddHandler(_ => _changes.Writer.TryWrite(true));
        }

        if (options.CertificateFolder is null || options.Url is not null)
        {
            var name = options.Url is null ? WebhookManifest.InstalledName : WebhookManifest.UrlName;
            _configurations = manager.Informers.Get<ValidatingWebhookConfiguration>(new(FieldSelector: $"metadata.name={name}"));
            _configurations.AddHandler(_ => _changes.Writer.TryWrite(true));
        }
    }

    /// <summary>Answers the API server.</summary>
    public AdmissionWebhook Admission { get; }

    /// <summary>The certificate to serve with.</summary>
    public ServingCertificate Certificate { get; } = new();

    /// <summary>Why reviews cannot be served; null when they can.</summary>
    public string? WhyNotReady() => Certificate.Current is null ? _fault : null;

    /// <summary>Whether a request is part of the upkeep, which needs no leader.</summary>
    public static bool IsUpkeep(Uri uri) =>
        uri.AbsolutePath.StartsWith("/apis/admissionregistration.k8s.io/", StringComparison.Ordinal)
        || uri.AbsolutePath.EndsWith("/secrets", StringComparison.Ordinal)
        || uri.AbsolutePath.EndsWith($"/secrets/{WebhookManifest.SecretName}", StringComparison.Ordinal);

    /// <summary>Keeps certificate and configuration as they should be until cancelled; removes a configuration that leads to this process alone.</summary>
    /// <param name="port">Port listened on, for a URL that leaves it open (port 0).</param>
    /// <param name="cancellationToken">Ends the webhook.</param>
    public async Task RunAsync(int port, CancellationToken cancellationToken)
    {
        var url = _options.Url is { Port: 0 } open ? new UriBuilder(open) { Port = port }.Uri : _options.Url;
        var source = Source(url);
        IWebhookConfiguration? configuration = _configurations is null
            ? null
            : url is null ? new InstalledConfiguration(_configurations, _client, _options.Namespace) : new UrlConfiguration(_configurations, _client, url, _time);
        try
        {
            await WaitForCachesAsync(cancellationToken).ConfigureAwait(false);
            await KeepAsync(source, configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }

        if (configuration is not null)
        {
            await RemoveAsync(configuration).ConfigureAwait(false);
        }
    }

    private ICertificateSource Source(Uri? url)
    {
        if (_options.CertificateFolder is { } folder)
        {
            return new CertificateFiles(folder);
        }

        if (url is not null)
        {
            return new IssuedCertificates(new MemoryStore(), new([url.IdnHost.Trim('[', ']')], CertificateLifetimes.OfProcess), _time);
        }

        var name = $"{WebhookManifest.ServiceName}.{_options.Namespace}";
        return new IssuedCertificates(new SecretStore(_secrets!, _client, _options.Namespace), new([$"{name}.svc", $"{name}.svc.cluster.local", name], CertificateLifetimes.Default), _time);
    }

    /// <summary>Nobody is led here before reviews can be answered, and no certificate is made before it is known whether there is one.</summary>
    private async Task WaitForCachesAsync(CancellationToken cancellationToken)
    {
        await (_secrets?.Synced ?? Task.CompletedTask).WaitAsync(cancellationToken).ConfigureAwait(false);
        await (_configurations?.Synced ?? Task.CompletedTask).WaitAsync(cancellationToken).ConfigureAwait(false);
        await Admission.Synced.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task KeepAsync(ICertificateSource source, IWebhookConfiguration? configuration, CancellationToken cancellationToken)
    {
        var retry = FirstRetry;
        while (true)
        {
            TimeSpan wait;
            try
            {
                var state = await source.EnsureAsync(Certificate, cancellationToken).ConfigureAwait(false);
                var again = configuration is not null && state.Bundle is { } bundle
                    ? await configuration.EnsureAsync(Convert.ToBase64String(bundle), cancellationToken).ConfigureAwait(false)
                    : null;
                (wait, retry) = (again < state.LookAgain ? again.Value : state.LookAgain, FirstRetry);
            }
            catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                _fault = error.Message;
                if (error is not KubeApiException { Code: System.Net.HttpStatusCode.Conflict })
                {
                    Log.Failed(_logger, retry, error.Message);
                }

                wait = retry;
                retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            }

            await ChangeOrAsync(wait, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ChangeOrAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changed = _changes.Reader.WaitToReadAsync(either.Token).AsTask();
        await Task.WhenAny(changed, Task.Delay(wait, _time, either.Token)).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        _changes.Reader.TryRead(out _);
    }

    private async Task RemoveAsync(IWebhookConfiguration configuration)
    {
        using var limit = new CancellationTokenSource(RemovalLimit, _time);
        try
        {
            await configuration.RemoveAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is KubeApiException or OperationCanceledException)
        {
            Log.NotRemoved(_logger, WebhookManifest.UrlName, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(63, LogLevel.Warning, "The webhook's certificate or configuration could not be seen to, again in {Delay}: {Error}")]
        public static partial void Failed(ILogger logger, TimeSpan delay, string error);

        [LoggerMessage(64, LogLevel.Warning, "ValidatingWebhookConfiguration {Name} leads here and could not be removed; delete it by hand: {Error}")]
        public static partial void NotRemoved(ILogger logger, string name, string error);
    }
}
