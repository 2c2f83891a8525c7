using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Informers;

public sealed class OwnWritesTests
{
    private static readonly ObjectKey Key = new("default", "one");
    private readonly Informer<Echo> _cache = new InformerSet(new FakeKubeClient()).Get<Echo>();
    private readonly OwnWrites<Echo> _writes;

    public OwnWritesTests() => _writes = new OwnWrites<Echo>(_cache);

    [Fact]
    public void A_write_shows_until_the_cache_has_it()
    {
        _cache.Upsert(Version("9", "before"));
        _writes.Wrote(Version("10", "ours"));
        Assert.Equal("ours", _writes.Get(Key)?.Spec?.Image);

        _cache.Upsert(Version("10", "ours, as cached"));
        Assert.Equal("ours, as cached", _writes.Get(Key)?.Spec?.Image);
    }

    [Fact]
    public void What_the_cache_heard_of_before_the_answer_is_not_put_back()
    {
        _cache.Upsert(Version("11", "somebody's, after ours"));
        _writes.Wrote(Version("10", "ours"));

        Assert.Equal("somebody's, after ours", _writes.Get(Key)?.Spec?.Image);
    }

    [Fact]
    public void A_change_from_before_the_write_does_not_hide_it()
    {
        _cache.Upsert(Version("8", "first"));
        _writes.Wrote(Version("10", "ours"));
        _cache.Upsert(Version("9", "somebody's, before ours"));

        Assert.Equal("ours", _writes.Get(Key)?.Spec?.Image);
    }

    [Fact]
    public void A_deletion_ends_what_was_written()
    {
        _cache.Upsert(Version("9", "before"));
        _writes.Wrote(Version("10", "ours"));
        _cache.Remove(Version("11", "ours"));

        Assert.Null(_writes.Get(Key));
    }

    [Fact]
    public void A_write_whose_answer_comes_after_the_deletion_does_not_bring_the_object_back()
    {
        _cache.Upsert(Version("9", "before"));
        _cache.Remove(Version("11", "ours"));
        _writes.Wrote(Version("10", "ours"));

        Assert.Null(_writes.Get(Key));
    }

    [Fact]
    public void Only_the_change_that_shows_our_own_write_is_an_echo()
    {
        var echoes = new List<(string? Version, bool IsEcho)>();
        _cache.AddHandler(change => echoes.Add((change.Object.Metadata.ResourceVersion, _writes.IsEcho(change))));
        _writes.Wrote(Version("10", "ours"));

        _cache.Upsert(Version("9", "somebody's, before ours"));
        _cache.Upsert(Version("10", "ours, as cached"));
        _cache.Upsert(Version("11", "somebody's, after ours"));
        _writes.Wrote(Version("12", "ours again"));
        _cache.Remove(Version("12", "ours again"));

        Assert.Equal([("9", false), ("10", true), ("11", false), ("12", false)], echoes);
    }

    private static Echo Version(string version, string image)
    {
        var echo = Echo.Named("one", image);
        return echo with { Metadata = echo.Metadata with { ResourceVersion = version } };
    }
}
