using LlmOperator.Controllers.Registries;
using LlmOperator.Planning.Cache;

namespace LlmOperator.Controllers.Fetching;

/// <summary>One run of a cache's Job: fetches what it is told to, or removes it.</summary>
public static class FetchRun
{
    /// <summary>Runs.</summary>
    /// <param name="root">The mounted volume.</param>
    /// <param name="items">What to fetch.</param>
    /// <param name="remove">Folders to remove.</param>
    /// <param name="environment">Reads a variable; credentials come that way.</param>
    /// <param name="output">Where progress is written.</param>
    /// <param name="error">Where the reason of a failure is written; its last lines become the pod's termination message.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Stops; a later run goes on where this one broke off.</param>
    /// <returns>Exit code.</returns>
    public static async Task<int> RunAsync(
        string root, IReadOnlyList<FetchItem> items, IReadOnlyList<string> remove, Func<string, string?> environment, TextWriter output, TextWriter error, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(remove);
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            var volume = new CacheVolume(root);
            foreach (var folder in remove)
            {
                volume.Remove(folder);
            }

            if (items.Count > 0)
            {
                using var http = new RegistryHttp(time);
                var cooldown = new RegistryCooldown(time);
                var hub = new HuggingFaceRegistry(http, new(), cooldown, time);
                var s3 = new S3Registry(cooldown);
                var files = items.Select(item => (item.Folder, (IRepositoryFiles)new RegistryFiles(item, Credentials(item, environment), hub, s3))).ToList();
                await new ModelFetcher(volume, TextWriter.Synchronized(output), time).FetchAsync(files, cancellationToken).ConfigureAwait(false);
            }

            return 0;
        }
        catch (FetchException fault)
        {
            await error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return fault.ExitCode;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"the volume cannot be used: {fault.Message}").ConfigureAwait(false);
            return 1;
        }
    }

    private static RegistryCredentials Credentials(FetchItem item, Func<string, string?> environment) => new()
    {
        Token = environment(item.Credentials + "HF_TOKEN"),
        Aws = environment(item.Credentials + "AWS_ACCESS_KEY_ID") is { } key && environment(item.Credentials + "AWS_SECRET_ACCESS_KEY") is { } secret
            ? new(key, secret, environment(item.Credentials + "AWS_SESSION_TOKEN"))
            : null,
    };
}
