using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>
/// A folder in an S3 bucket or an S3-compatible store. It has no revisions: a fingerprint of the names and entity tags of what lies there stands for one, so that a change is noticed.
/// </summary>
internal sealed class S3Registry(RegistryCooldown cooldown, Func<AmazonS3Config, AmazonS3Config>? configure = null) : IModelRegistry
{
    private const int MostObjects = 10_000;
    private const int ConfigLimit = 4 * 1024 * 1024;
    private const int IndexLimit = 32 * 1024 * 1024;

    public Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken)
    {
        var source = query.Source.S3!;
        return cooldown.AskAsync($"{source.Endpoint ?? source.Region} {source.Bucket}", async () =>
        {
            try
            {
                using var client = Client(source, query.Credentials.Aws);
                return await ReadAsync(client, source, query, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is not (RegistryException or OperationCanceledException) || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw Translated(fault, source, query.Credentials.Aws is not null);
            }
        });
    }

    /// <summary>Content of a file from a byte on.</summary>
    public async Task<Stream> OpenAsync(RegistryQuery query, string file, long offset, CancellationToken cancellationToken)
    {
        var source = query.Source.S3!;
        try
        {
            // The client lives as long as the process that fetches; the stream needs it.
            var client = Client(source, query.Credentials.Aws);
            var request = new GetObjectRequest { BucketName = source.Bucket, Key = Prefix(source) + file, ByteRange = offset > 0 ? new ByteRange($"bytes={offset}-") : null };
            return (await client.GetObjectAsync(request, cancellationToken).ConfigureAwait(false)).ResponseStream;
        }
        catch (Exception fault) when (fault is not (RegistryException or OperationCanceledException))
        {
            throw Translated(fault, source, query.Credentials.Aws is not null);
        }
    }

    private AmazonS3Client Client(S3Source source, AwsKeys? keys)
    {
        var region = source.Region ?? Environment.GetEnvironmentVariable("AWS_REGION") ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION") ?? "us-east-1";
        var config = new AmazonS3Config
        {
            Timeout = TimeSpan.FromSeconds(15),
            MaxErrorRetry = 1,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (source.Endpoint is { } endpoint)
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                throw new RegistryException(RegistryReasons.RegistryUnavailable, "spec.source.s3.endpoint is no address: write it as https://host");
            }

            (config.ServiceURL, config.ForcePathStyle, config.AuthenticationRegion) = (RegistryHttp.Shown(address), true, region);
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        config = configure?.Invoke(config) ?? config;
        return keys switch
        {
            null => new AmazonS3Client(config),
            { SessionToken: { } session } => new AmazonS3Client(new SessionAWSCredentials(keys.AccessKeyId, keys.SecretAccessKey, session), config),
            _ => new AmazonS3Client(new BasicAWSCredentials(keys.AccessKeyId, keys.SecretAccessKey), config),
        };
    }

    private static string Prefix(S3Source source) => source.Prefix?.Trim('/') is { Length: > 0 } folder ? folder + "/" : "";

    private static async Task<RegistryReading> ReadAsync(AmazonS3Client client, S3Source source, RegistryQuery query, CancellationToken cancellationToken)
    {
        var prefix = Prefix(source);
        var (files, fingerprint) = await ListAsync(client, source, prefix, cancellationToken).ConfigureAwait(false);
        if (query.IsAdapter)
        {
            var adapter = files.Any(file => file.Name == AdapterConfig.File)
                ? await GetAsync(client, source, prefix + AdapterConfig.File, ConfigLimit, cancellationToken).ConfigureAwait(false)
                : throw new RegistryException(RegistryReasons.UnsupportedRepository, $"{ModelSources.Address(query.Source)} holds no adapter ({AdapterConfig.File} is missing): correct the prefix, or put the adapter there");
            return new(fingerprint) { Files = files, Adapter = adapter is null ? null : AdapterConfig.Read(adapter) };
        }

        if (!query.FactsWanted)
        {
            return new(fingerprint) { Files = files };
        }

        var (config, problem) = await ConfigAsync(client, source, prefix, files, cancellationToken).ConfigureAwait(false);
        var weights = WeightFiles.Of(files) ?? throw new RegistryException(
            RegistryReasons.UnsupportedRepository, $"{ModelSources.Address(query.Source)} holds no weights (no .safetensors, .bin or .gguf file): correct spec.source.s3.prefix, or put the model there");
        var index = weights.Index is { } name ? await GetAsync(client, source, prefix + name, IndexLimit, cancellationToken).ConfigureAwait(false) : null;
        return new(fingerprint)
        {
            Facts = new RepositoryContents
            {
                Source = ModelSources.Address(query.Source),
                Files = files,
                Config = config,
                IndexBytes = index is null ? null : SafetensorsIndex.TotalSize(index),
            }.Facts(),
            Files = files,
            Problem = problem,
        };
    }

    private static async Task<(IReadOnlyList<RegistryFile> Files, string Fingerprint)> ListAsync(AmazonS3Client client, S3Source source, string prefix, CancellationToken cancellationToken)
    {
        var files = new List<RegistryFile>();
        var tags = new List<string>();
        var request = new ListObjectsV2Request { BucketName = source.Bucket, Prefix = prefix };
        ListObjectsV2Response page;
        do
        {
            page = await client.ListObjectsV2Async(request, cancellationToken).ConfigureAwait(false);
            foreach (var obj in page.S3Objects ?? [])
            {
                // A folder made in a console is an object of no bytes.
                if (!obj.Key.EndsWith('/'))
                {
                    files.Add(new(obj.Key[prefix.Length..], obj.Size));
                    tags.Add($"{obj.Key}\0{obj.ETag}\n");
                }
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true && files.Count < MostObjects);

        if (files.Count == 0)
        {
            throw new RegistryException(RegistryReasons.ModelNotFound, $"there is nothing under {prefix} in bucket {source.Bucket}: correct spec.source.s3.prefix, or put the model there");
        }

        return (files, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(tags.Order(StringComparer.Ordinal))))));
    }

    private static async Task<(ModelConfig? Config, RegistryProblem? Problem)> ConfigAsync(
        AmazonS3Client client, S3Source source, string prefix, IReadOnlyList<RegistryFile> files, CancellationToken cancellationToken)
    {
        const string Fix = "give spec.parameters and spec.architecture, or put a whole model there";
        var name = $"s3://{source.Bucket}/{prefix}config.json";
        if (files.All(file => file.Name != "config.json"))
        {
            return (null, new(RegistryReasons.MalformedConfig, $"there is no {name}: {Fix}"));
        }

        try
        {
            var text = await GetAsync(client, source, prefix + "config.json", ConfigLimit, cancellationToken).ConfigureAwait(false);
            return text is null ? throw new ModelConfigException($"it is larger than {ConfigLimit / 1048576} MiB") : (ModelConfig.Parse(text), null);
        }
        catch (ModelConfigException fault)
        {
            return (null, new(RegistryReasons.MalformedConfig, $"{name} cannot be used: {fault.Message}; {Fix}"));
        }
    }

    /// <summary>An object; null when it is too large.</summary>
    private static async Task<byte[]?> GetAsync(AmazonS3Client client, S3Source source, string key, int limit, CancellationToken cancellationToken)
    {
        using var response = await client.GetObjectAsync(source.Bucket, key, cancellationToken).ConfigureAwait(false);
        // A store may send more than it announces.
        var (text, isTruncated) = await RegistryHttp.ReadAsync(response.ResponseStream, limit, cancellationToken).ConfigureAwait(false);
        return isTruncated ? null : text.ToArray();
    }

    /// <summary>In our own words: the store's may repeat what it was sent.</summary>
    private static RegistryException Translated(Exception fault, S3Source source, bool hasKeys)
    {
        const string Keys = "spec.source.s3.credentialsSecretRef";
        var bucket = source.Bucket;
        return fault switch
        {
            AmazonS3Exception { ErrorCode: "NoSuchBucket" } => new(RegistryReasons.ModelNotFound, $"there is no bucket {bucket}: correct spec.source.s3.bucket, or spec.source.s3.endpoint", inner: fault),
            AmazonS3Exception { ErrorCode: "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "ExpiredToken" or "InvalidToken" or "InvalidSecurity" or "TokenRefreshRequired" } =>
                new(RegistryReasons.InvalidToken, $"the store does not accept the keys: put valid ones into the Secret named in {Keys}", inner: fault),
            AmazonS3Exception { ErrorCode: "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" } or AmazonS3Exception { StatusCode: HttpStatusCode.MovedPermanently } =>
                new(RegistryReasons.ModelNotFound, $"bucket {bucket} lies in another region: correct spec.source.s3.region", inner: fault),
            AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } when hasKeys =>
                new(RegistryReasons.AccessDenied, $"bucket {bucket} may not be read: allow s3:ListBucket and s3:GetObject to the keys of {Keys}", inner: fault),
            AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } => new(
                RegistryReasons.OperatorAccessDenied,
                $"the operator may not read bucket {bucket}: allow s3:ListBucket and s3:GetObject to its identity, name a Secret with keys in {Keys}, or give spec.parameters and spec.architecture",
                inner: fault),
            AmazonS3Exception { ErrorCode: "SlowDown" or "RequestLimitExceeded" or "Throttling" } or AmazonS3Exception { StatusCode: HttpStatusCode.TooManyRequests } =>
                new(RegistryReasons.RateLimited, "the store asks for fewer requests: wait", isRetryable: true, inner: fault),
            AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } => new(RegistryReasons.ModelNotFound, $"bucket {bucket} or what is in it is gone: correct spec.source.s3", inner: fault),
            AmazonServiceException { StatusCode: >= HttpStatusCode.InternalServerError } or HttpRequestException or IOException or OperationCanceledException or WebException =>
                new(RegistryReasons.RegistryUnavailable, $"the store of bucket {bucket} does not answer: check spec.source.s3.endpoint, and the network and proxy between it and the operator", isRetryable: true, inner: fault),
            AmazonClientException when !hasKeys && fault is not AmazonServiceException => new(
                RegistryReasons.OperatorAccessDenied,
                $"the operator has no identity at AWS: give its service account a web identity, name a Secret with keys in {Keys}, or give spec.parameters and spec.architecture",
                inner: fault),
            _ => new(RegistryReasons.RegistryUnavailable, $"the store of bucket {bucket} answers with something that is not S3's: check spec.source.s3.endpoint", isRetryable: true, inner: fault),
        };
    }
}
