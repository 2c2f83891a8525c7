using System.Security.Cryptography;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Fetching;

/// <summary>
/// Brings the files of a revision into a cache's volume: several at a time, each from where an earlier fetch broke off, each checked against the size and digest its registry gives.
/// </summary>
/// <param name="volume">The volume.</param>
/// <param name="log">Where progress is written, a line each.</param>
/// <param name="time">Clock.</param>
internal sealed class ModelFetcher(CacheVolume volume, TextWriter log, TimeProvider time)
{
    private const int FilesAtOnce = 4;
    private const int Attempts = 4;
    private const string Partial = ".part";

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(60);

    private long _bytes;
    private long _total;

    /// <summary>Fetches what is missing.</summary>
    /// <exception cref="FetchException">It cannot be had, or there is no room for it.</exception>
    public async Task FetchAsync(IReadOnlyList<(string Folder, IRepositoryFiles Files)> items, CancellationToken cancellationToken)
    {
        volume.Sweep(items.Select(item => item.Folder));
        var missing = new List<(string Folder, IRepositoryFiles Repository, IReadOnlyList<RegistryFile> Files)>();
        foreach (var (folder, repository) in items.Where(item => !volume.Has(item.Folder)).DistinctBy(item => item.Folder))
        {
            var files = FetchSelection.Of(await repository.ListAsync(cancellationToken).ConfigureAwait(false));
            if (files.Count == 0)
            {
                throw new FetchException($"the registry lists no file of revision {folder}", CacheJobs.Refused);
            }

            missing.Add((folder, repository, files));
        }

        _total = missing.Sum(item => item.Files.Sum(file => file.Size ?? 0));
        var present = missing.Sum(item => item.Files.Sum(file => Present(Path.Combine(volume.Begin(item.Folder), Safe(file.Name)))));
        ThrowIfTooLarge(_total - present);
        await log.WriteLineAsync(new FetchProgress(present, Math.Max(_total, 1)).ToLine()).ConfigureAwait(false);
        await using var timer = time.CreateTimer(_ => Tell(), null, ProgressInterval, ProgressInterval);
        foreach (var (folder, repository, files) in missing)
        {
            var path = volume.Begin(folder);
            await Parallel.ForEachAsync(
                files,
                new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellationToken },
                async (file, cancellation) => await FetchAsync(repository, file, Path.Combine(path, Safe(file.Name)), cancellation).ConfigureAwait(false)).ConfigureAwait(false);
            volume.End(folder);
        }

        Tell();
    }

    private async Task FetchAsync(IRepositoryFiles repository, RegistryFile file, string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            Interlocked.Add(ref _bytes, new FileInfo(path).Length);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var attempt = 1; ; attempt++)
        {
            var before = Interlocked.Read(ref _bytes);
            try
            {
                await DownloadAsync(repository, file, path, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (error is IOException or HttpRequestException && !IsFull(error) && attempt < Attempts)
            {
                await log.WriteLineAsync($"{file.Name}: {error.Message}; trying again").ConfigureAwait(false);
                await Task.Delay(TimeSpan.FromSeconds(1 << attempt), time, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException error) when (IsFull(error))
            {
                throw new FetchException($"the volume is full after {CacheMiB(before)} of {CacheMiB(_total)}", CacheJobs.NoRoom, error);
            }
        }
    }

    private async Task DownloadAsync(IRepositoryFiles repository, RegistryFile file, string path, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var part = path + Partial;
        long written = 0;
        try
        {
            await using (var output = new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.Asynchronous))
            {
                written = await CopyAsync(output, Stream.Null, hash, cancellationToken).ConfigureAwait(false);
                await using var input = await repository.OpenAsync(file, written, cancellationToken).ConfigureAwait(false);
                written += await CopyAsync(input, output, hash, cancellationToken).ConfigureAwait(false);
                output.Flush(flushToDisk: true);
            }

            if (file.Size is { } size && written != size)
            {
                if (written > size)
                {
                    File.Delete(part);
                }

                throw new IOException($"{written} bytes came and the registry says {size}");
            }

            var digest = Convert.ToHexStringLower(hash.GetCurrentHash());
            if (file.Sha256 is { } expected && !string.Equals(expected, digest, StringComparison.OrdinalIgnoreCase))
            {
                File.Delete(part);
                throw new IOException($"the content has SHA-256 {digest} and the registry says {expected}");
            }

            File.Move(part, path);
        }
        catch
        {
            // What is fetched again is counted again.
            Interlocked.Add(ref _bytes, -written);
            throw;
        }
    }

    private async Task<long> CopyAsync(Stream input, Stream output, IncrementalHash hash, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 20];
        long copied = 0;
        try
        {
            while (await ReadAsync(input, buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
            {
                hash.AppendData(buffer, 0, count);
                await output.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                copied += count;
                Interlocked.Add(ref _bytes, count);
            }
        }
        catch
        {
            Interlocked.Add(ref _bytes, -copied);
            throw;
        }

        return copied;
    }

    /// <summary>A connection that says nothing any more is as good as broken.</summary>
    private async Task<int> ReadAsync(Stream input, byte[] buffer, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(LongestSilence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        try
        {
            return await input.ReadAsync(buffer, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"nothing came for {LongestSilence.TotalSeconds} seconds");
        }
    }

    private void ThrowIfTooLarge(long needed)
    {
        var free = volume.FreeBytes;
        if (needed > free)
        {
            throw new FetchException($"{CacheMiB(needed)} are to be fetched and the volume has room for {CacheMiB(free)}", CacheJobs.NoRoom);
        }
    }

    private void Tell() => log.WriteLine(new FetchProgress(Interlocked.Read(ref _bytes), Math.Max(_total, 1)).ToLine());

    private static long Present(string path) => File.Exists(path) ? new FileInfo(path).Length : File.Exists(path + Partial) ? new FileInfo(path + Partial).Length : 0;

    /// <summary>A name that leads out of the folder is an attack, whoever sent it.</summary>
    private static string Safe(string name) =>
        Path.IsPathRooted(name) || name.Split('/', '\\').Any(part => part is "" or "." or "..")
            ? throw new FetchException($"the repository names a file \"{name}\", which would lie outside its folder", CacheJobs.Refused)
            : name;

    private static string CacheMiB(long bytes) => $"{(bytes + (1 << 20) - 1) / (1 << 20):N0} MiB";

    // ENOSPC and EDQUOT, as .NET reports them on Unix.
    private static bool IsFull(Exception error) => error is IOException && (error.HResult & 0xFFFF) is 28 or 122 or 112;
}
