using System.Security.Cryptography;
using System.Text;
using LlmOperator.Controllers.Fetching;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Models;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Fetching;

public sealed class ModelFetcherTests : IDisposable
{
    private const string Revision = "0123456789abcdef0123456789abcdef01234567";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("fetch");
    private readonly Lines _log = new();
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _log.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Files_arrive_whole_under_the_revision_and_progress_is_told()
    {
        var repository = new Repository { ["config.json"] = "{}"u8.ToArray(), ["model.safetensors"] = Bytes(3_000_000), ["onnx/model.onnx"] = Bytes(10), ["pytorch_model.bin"] = Bytes(10), ["original/params.json"] = Bytes(10) };

        await FetchAsync(repository);

        Assert.Equal(["config.json", "model.safetensors"], Names());
        Assert.Equal(repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(_root.FullName, Revision, "model.safetensors"), Cancel));
        Assert.Equal(new FetchProgress(3_000_002, 3_000_002), FetchProgress.LastOf(_log.Text));
    }

    [Fact]
    public async Task Weights_without_safetensors_come_in_the_form_there_is()
    {
        await FetchAsync(new Repository { ["config.json"] = "{}"u8.ToArray(), ["pytorch_model.bin"] = Bytes(10) });

        Assert.Equal(["config.json", "pytorch_model.bin"], Names());
    }

    [Fact]
    public async Task A_broken_connection_goes_on_where_it_broke_off()
    {
        var repository = new Repository { ["model.safetensors"] = Bytes(3_000_000) };
        repository.BreakAfter = 2_000_000;

        await FetchAsync(repository);

        Assert.Equal([0, 2_000_000], repository.Offsets);
        Assert.Equal(["model.safetensors"], Names());
    }

    [Fact]
    public async Task A_killed_fetch_goes_on_in_the_next_one()
    {
        var repository = new Repository { ["a.safetensors"] = Bytes(1000), ["model.safetensors"] = Bytes(3_000_000) };
        var unfinished = _root.CreateSubdirectory($".unfinished-{Revision}");
        await File.WriteAllBytesAsync(Path.Combine(unfinished.FullName, "a.safetensors"), repository["a.safetensors"], Cancel);
        await File.WriteAllBytesAsync(Path.Combine(unfinished.FullName, "model.safetensors.part"), repository["model.safetensors"][..1_000_000], Cancel);

        await FetchAsync(repository);

        Assert.Equal([1_000_000], repository.Offsets);
        Assert.Equal(["a.safetensors", "model.safetensors"], Names());
        Assert.Equal(repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(_root.FullName, Revision, "model.safetensors"), Cancel));
    }

    [Fact]
    public async Task Content_that_differs_from_its_digest_is_never_shown_and_fetched_again()
    {
        var repository = new Repository { ["model.safetensors"] = Bytes(1000) };
        repository.CorruptOnce = true;

        await FetchAsync(repository);

        Assert.Equal([0, 0], repository.Offsets);
        Assert.Equal(repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(_root.FullName, Revision, "model.safetensors"), Cancel));
    }

    [Fact]
    public async Task Nothing_is_fetched_where_there_is_no_room()
    {
        var repository = new Repository { ["model.safetensors"] = Bytes(10) };
        repository.ClaimedSize = long.MaxValue / 4;

        var error = await Assert.ThrowsAsync<FetchException>(() => FetchAsync(repository));

        Assert.Equal(CacheJobs.NoRoom, error.ExitCode);
        Assert.Empty(repository.Offsets);
        Assert.False(Directory.Exists(Path.Combine(_root.FullName, Revision)));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("/etc/passwd")]
    public async Task A_name_that_leads_out_of_the_folder_is_refused(string name)
    {
        var error = await Assert.ThrowsAsync<FetchException>(() => FetchAsync(new Repository { [name] = Bytes(10) }));

        Assert.Equal(CacheJobs.Refused, error.ExitCode);
    }

    [Fact]
    public async Task What_is_there_is_not_fetched_again_and_leftovers_of_others_go()
    {
        var repository = new Repository { ["model.safetensors"] = Bytes(10) };
        await FetchAsync(repository);
        repository.Offsets.Clear();
        _root.CreateSubdirectory(".unfinished-other");

        await FetchAsync(repository);

        Assert.Empty(repository.Offsets);
        Assert.Equal([Revision], _root.GetDirectories().Select(folder => folder.Name));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData(".unfinished-x")]
    [InlineData("")]
    public void Only_folders_of_a_cache_are_removed(string folder) =>
        Assert.Throws<FetchException>(() => new CacheVolume(_root.FullName).Remove(folder));

    private async Task FetchAsync(Repository repository)
    {
        var fetch = new ModelFetcher(new(_root.FullName), _log, _time).FetchAsync([(Revision, repository)], Cancel);
        for (var seen = 0; !fetch.IsCompleted;)
        {
            // The clock moves while a repeat is waited for and at no other time: it would take a busy machine for a silent registry.
            var repeats = _log.Text.Split("trying again").Length - 1;
            if (repeats > seen)
            {
                var opened = repository.Opened;
                while (repository.Opened == opened && !fetch.IsCompleted)
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                    await Until.QuietAsync();
                }

                seen = repeats;
            }

            await Until.QuietAsync();
        }

        await fetch;
    }

    private string[] Names()
    {
        var folder = Path.Combine(_root.FullName, Revision);
        return [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal)];
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Stands in for a registry: hands out bytes, and breaks or spoils an answer when told to.</summary>
    private sealed class Repository : Dictionary<string, byte[]>, IRepositoryFiles
    {
        public List<long> Offsets { get; } = [];

        public int Opened
        {
            get
            {
                lock (Offsets)
                {
                    return Offsets.Count;
                }
            }
        }

        public int? BreakAfter { get; set; }

        public bool CorruptOnce { get; set; }

        public long? ClaimedSize { get; set; }

        public Task<IReadOnlyList<RegistryFile>> ListAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<RegistryFile>>([.. this.Select(file => new RegistryFile(file.Key, ClaimedSize ?? file.Value.Length, Convert.ToHexStringLower(SHA256.HashData(file.Value))))]);

        public Task<Stream> OpenAsync(RegistryFile file, long offset, CancellationToken cancellationToken)
        {
            lock (Offsets)
            {
                Offsets.Add(offset);
            }

            var content = this[file.Name][(int)offset..];
            if (CorruptOnce)
            {
                CorruptOnce = false;
                content[0] ^= 1;
            }

            if (BreakAfter is { } count)
            {
                BreakAfter = null;
                return Task.FromResult<Stream>(new BreakingStream(content[..count]));
            }

            return Task.FromResult<Stream>(new MemoryStream(content));
        }
    }

    /// <summary>Keeps lines that several threads write.</summary>
    private sealed class Lines : TextWriter
    {
        private readonly List<string?> _lines = [];

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (_lines)
                {
                    return string.Join('\n', _lines);
                }
            }
        }

        public override void WriteLine(string? value)
        {
            lock (_lines)
            {
                _lines.Add(value);
            }
        }

        public override Task WriteLineAsync(string? value)
        {
            WriteLine(value);
            return Task.CompletedTask;
        }
    }

    private sealed class BreakingStream(byte[] content) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? base.ReadAsync(buffer, cancellationToken) : throw new IOException("connection reset");
    }
}
