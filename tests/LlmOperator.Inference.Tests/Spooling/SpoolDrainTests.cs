using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.Inference.Tests.Spooling;

public sealed class SpoolDrainTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drain");
    private readonly ManualTimeProvider _time = new();
    private readonly FakeReceiver _receiver = new();
    private readonly HttpClient _client;
    private readonly Spool _spool;

    public SpoolDrainTests()
    {
        _client = new(_receiver);
        _spool = Spool.Open(_folder.FullName);
    }

    public void Dispose()
    {
        _spool.Dispose();
        _client.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_batch_leaves_once_the_receiver_has_it()
    {
        Add(1, 2, 3);
        await DrainAsync();

        Assert.Equal([1, 2, 3], _receiver.Received);
        Assert.Equal(new SpoolCounts(3, 0, 0, 0), _spool.Counts);
        Assert.Single(_receiver.Requests);
        Assert.Equal("Bearer x", _receiver.Requests[0].Headers.GetValues("Authorization").Single());
    }

    [Fact]
    public async Task A_dead_receiver_gets_everything_when_it_is_back()
    {
        var failures = 0;
        _receiver.Answer = _ => ++failures switch
        {
            1 => throw new HttpRequestException("connection refused"),
            2 => new(HttpStatusCode.ServiceUnavailable),
            3 => new(HttpStatusCode.Unauthorized),
            4 => new(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new(TimeSpan.FromSeconds(7)) } },
            _ => new(HttpStatusCode.OK),
        };
        Add(1, 2);
        await DrainAsync();

        Assert.Equal([1, 2], _receiver.Received);
        Assert.Equal(5, _receiver.Requests.Count);
        Assert.Equal(new SpoolCounts(2, 0, 0, 0), _spool.Counts);
    }

    [Fact]
    public async Task A_receiver_that_hangs_is_given_up_and_tried_again()
    {
        var first = true;
        _receiver.Hang = () => first && !(first = false);
        Add(1);
        await DrainAsync();

        Assert.Equal([1], _receiver.Received);
    }

    [Fact]
    public async Task Only_the_record_at_fault_is_left_out()
    {
        _receiver.Answer = numbers => new(numbers.Contains(3) ? HttpStatusCode.BadRequest : HttpStatusCode.OK);
        Add(1, 2, 3, 4, 5);
        await DrainAsync();

        Assert.Equal([1, 2, 4, 5], _receiver.Received);
        Assert.Equal(new SpoolCounts(4, 0, 0, 1), _spool.Counts);
    }

    [Fact]
    public async Task Batches_too_large_are_halved()
    {
        _receiver.Answer = numbers => new(numbers.Count > 2 ? HttpStatusCode.RequestEntityTooLarge : HttpStatusCode.OK);
        Add(1, 2, 3, 4, 5);
        await DrainAsync();

        Assert.Equal([1, 2, 3, 4, 5], _receiver.Received);
    }

    [Theory]
    [InlineData("application/json", """{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}""")]
    [InlineData("application/x-protobuf", "\u000a\u000b\u0008\u0002\u0012\u0007too old")]
    public async Task Spans_a_receiver_leaves_out_count_as_dropped(string contentType, string body)
    {
        _receiver.Answer = _ => new(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, contentType) };
        Add(1, 2, 3);
        await DrainAsync();

        Assert.Equal(new SpoolCounts(1, 0, 0, 2), _spool.Counts);
    }

    [Fact]
    public async Task What_cannot_leave_before_the_end_stays_on_the_disk()
    {
        _receiver.Answer = _ => new(HttpStatusCode.ServiceUnavailable);
        Add(1, 2);
        using var over = new CancellationTokenSource();
        var flush = Drain().FlushAsync(over.Token);
        await Until.TrueAsync(() => _receiver.Requests.Count > 2, "it was tried", _time, TimeSpan.FromSeconds(1));
        await over.CancelAsync();

        Assert.False(await flush);
        Assert.Equal(2, _spool.Counts.Waiting);
    }

    private SpoolDrain Drain() => new(
        _spool,
        new() { Address = new("http://receiver.example/v1/traces"), Encoding = new OtlpJson(), Headers = new Dictionary<string, string> { ["Authorization"] = "Bearer x" } },
        new([], "test", "1"),
        _client,
        _time,
        NullLogger.Instance);

    private async Task DrainAsync()
    {
        using var stop = new CancellationTokenSource();
        var running = Drain().RunAsync(stop.Token);
        await Until.TrueAsync(() => _spool.Counts.Waiting == 0, "the spool is empty", _time, TimeSpan.FromSeconds(1));
        await stop.CancelAsync();
        await running;
    }

    private void Add(params int[] numbers)
    {
        foreach (var number in numbers)
        {
            _spool.TryAdd(Encoding.UTF8.GetBytes($$"""{"name":"{{number}}"}"""));
        }
    }

    /// <summary>Stands in for a receiver of OTLP: keeps what it accepts.</summary>
    private sealed class FakeReceiver : HttpMessageHandler
    {
        public List<HttpRequestMessage> Requests { get; } = [];

        public List<int> Received { get; } = [];

        public Func<List<int>, HttpResponseMessage> Answer { get; set; } = _ => new(HttpStatusCode.OK);

        public Func<bool> Hang { get; set; } = () => false;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (Requests)
            {
                Requests.Add(request);
            }

            if (Hang())
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            var body = JsonNode.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken))!;
            var numbers = body["resourceSpans"]![0]!["scopeSpans"]![0]!["spans"]!.AsArray().Select(span => int.Parse((string)span!["name"]!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            var answer = Answer(numbers);
            if (answer.IsSuccessStatusCode)
            {
                Received.AddRange(numbers);
            }

            return answer;
        }
    }
}
