using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Inference.Spooling;
using Xunit;

namespace LlmOperator.Inference.Tests.Spooling;

public sealed class SpoolTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("spool");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_record_that_was_announced_and_never_came_is_dropped_by_the_next_process()
    {
        var folder = Directory.CreateTempSubdirectory("announced");
        using (var first = Spool.Open(folder.FullName))
        {
            for (var number = 0; number < 5; number++)
            {
                first.Announce();
            }

            first.TryAdd([1]);
            first.CountSampledOut();
            Assert.Equal(new SpoolCounts(0, 1, 1, 0) { Open = 3 }, first.Counts);
        }

        using (var second = Spool.Open(folder.FullName))
        {
            Assert.Equal(new SpoolCounts(0, 1, 1, 3), second.Counts);
            second.Announce();
            second.TryAdd([2]);
            second.Take(2);
            Assert.Equal(new SpoolCounts(2, 0, 1, 3), second.Counts);
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public void Records_leave_in_the_order_they_came()
    {
        using var spool = Open();
        Add(spool, "a", "b", "c");

        Assert.Equal(["a", "b"], Peek(spool, 2));
        spool.Take(2);

        Assert.Equal(["c"], Peek(spool, 10));
        Assert.Equal(new SpoolCounts(2, 1, 0, 0), spool.Counts);
    }

    [Fact]
    public void A_killed_process_finds_its_records_and_figures_again()
    {
        var killed = Open();
        Add(killed, "a", "b", "c");
        killed.Take(1);
        killed.CountSampledOut();
        killed.CountDropped();

        // Nothing of it is closed, as when it is killed.
        using var next = Spool.Open(Copy());

        Assert.Equal(["b", "c"], Peek(next, 10));
        Assert.Equal(new SpoolCounts(1, 2, 1, 1), next.Counts);
        killed.Dispose();
    }

    [Fact]
    public void Half_a_record_at_the_end_is_cut_off_and_the_next_ones_are_whole()
    {
        using (var killed = Open())
        {
            Add(killed, "a", "bb");
        }

        var segment = _folder.GetFiles("*.spool").Single();
        using (var file = segment.Open(FileMode.Open))
        {
            file.SetLength(file.Length - 1);
        }

        using var next = Open();
        Add(next, "c");

        Assert.Equal(["a", "c"], Peek(next, 10));
        Assert.Equal(2, next.Counts.Waiting);
    }

    [Fact]
    public void What_does_not_fit_is_dropped_and_counted()
    {
        using var spool = Open(new() { MaxBytes = 100, SegmentBytes = 50 });
        for (var count = 0; count < 10; count++)
        {
            spool.TryAdd(new byte[20]);
        }

        Assert.Equal(new SpoolCounts(0, 3, 0, 7), spool.Counts);
        Assert.True(spool.Bytes <= 100);
        spool.Take(3);
        Assert.True(spool.TryAdd(new byte[20]));
    }

    [Fact]
    public void Room_is_given_back_as_records_leave()
    {
        using var spool = Open(new() { SegmentBytes = 100 });
        for (var count = 0; count < 50; count++)
        {
            spool.TryAdd(new byte[20]);
        }

        spool.Take(50);

        Assert.Equal(0, spool.Bytes);
        Assert.Empty(_folder.GetFiles("*.spool"));
    }

    [Theory]
    [InlineData(1 << 20, 3, 0)]
    [InlineData(60, 2, 1)] // A record of 20 bytes takes 28.
    [InlineData(10, 0, 3)]
    public void Records_added_together_are_records_like_others(int mostBytes, int kept, int dropped)
    {
        using (var spool = Spool.Open(_folder.FullName, new() { MaxBytes = mostBytes }))
        {
            for (var number = 0; number < 3; number++)
            {
                spool.Announce();
            }

            Assert.Equal(3, spool.Counts.Open);
            spool.Add([new byte[20], new byte[20], new byte[20]]);
            Assert.Equal(new SpoolCounts(0, kept, 0, dropped), spool.Counts);
        }

        using var next = Spool.Open(_folder.FullName, new() { MaxBytes = mostBytes });
        Assert.Equal(new SpoolCounts(0, kept, 0, dropped), next.Counts);
        Assert.Equal(kept, next.Peek(10, 1 << 20).Count);
    }

    [Fact]
    public void Figures_half_written_fall_back_on_the_ones_before()
    {
        using (var spool = Open())
        {
            Add(spool, "a", "b", "c");
            spool.Take(1);
            spool.Take(1);
        }

        var state = Path.Combine(_folder.FullName, "state");
        var bytes = File.ReadAllBytes(state);
        const int Slot = 128;
        var newest = BitConverter.ToInt64(bytes, 0) > BitConverter.ToInt64(bytes, Slot) ? 0 : Slot;
        bytes[newest + 9] ^= 0xFF;
        File.WriteAllBytes(state, bytes);
        using var next = Open();

        Assert.Equal(["b", "c"], Peek(next, 10));
        Assert.Equal(new SpoolCounts(1, 2, 0, 0), next.Counts);
    }

    [Fact]
    public async Task Who_waits_is_woken_by_a_record()
    {
        using var spool = Open();
        var wait = spool.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(wait.IsCompleted);
        Add(spool, "a");

        await wait.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await spool.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Every_record_is_counted_once_whatever_happens() => Prop.ForAll<int[]>(steps =>
    {
        var folder = _folder.CreateSubdirectory(Guid.NewGuid().ToString("N"));
        var options = new SpoolOptions { MaxBytes = 400, SegmentBytes = 100 };
        var spool = Spool.Open(folder.FullName, options);
        var (total, expected) = (0L, new Queue<string>());
        foreach (var step in steps)
        {
            switch (Math.Abs(step % 7))
            {
                case 0 or 1 or 2:
                    var text = new string('x', Math.Abs(step % 50)) + total;
                    if (spool.TryAdd(Encoding.UTF8.GetBytes(text)))
                    {
                        expected.Enqueue(text);
                    }

                    total++;
                    break;
                case 3:
                    spool.CountSampledOut();
                    total++;
                    break;
                case 4 or 5:
                    var count = Math.Min(Math.Abs(step % 4), expected.Count);
                    spool.Take(count, count / 2);
                    for (; count > 0; count--)
                    {
                        expected.Dequeue();
                    }

                    break;
                default:
                    spool.Dispose();
                    spool = Spool.Open(folder.FullName, options);
                    break;
            }

            if (spool.Counts.Total != total || spool.Counts.Waiting != expected.Count || !Peek(spool, 1000).SequenceEqual(expected))
            {
                spool.Dispose();
                return false;
            }
        }

        spool.Dispose();
        return true;
    }).QuickCheckThrowOnFailure();

    private Spool Open(SpoolOptions? options = null) => Spool.Open(_folder.FullName, options);

    private string Copy()
    {
        var copy = _folder.CreateSubdirectory("copy");
        foreach (var file in _folder.GetFiles())
        {
            File.Copy(file.FullName, Path.Combine(copy.FullName, file.Name));
        }

        return copy.FullName;
    }

    private static void Add(Spool spool, params string[] records)
    {
        foreach (var record in records)
        {
            Assert.True(spool.TryAdd(Encoding.UTF8.GetBytes(record)));
        }
    }

    private static List<string> Peek(Spool spool, int count) => [.. spool.Peek(count, int.MaxValue).Select(record => Encoding.UTF8.GetString(record.Span))];
}
