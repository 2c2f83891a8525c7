using System.Net;
using System.Text;

namespace LlmOperator.Gateway.Tests.Fakes;

/// <summary>Stands in for a receiver of traces. Names and texts stand in OTLP's protobuf as they are, so that it is enough to look for them.</summary>
internal sealed class Receiver : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly List<byte[]> _raw = [];
    private readonly List<(Uri Address, string? Authorization, string Body)> _batches = [];

    public IReadOnlyList<(Uri Address, string? Authorization, string Body)> Batches
    {
        get
        {
            lock (_gate)
            {
                return [.. _batches];
            }
        }
    }

    /// <summary>The batches as they came.</summary>
    public IReadOnlyList<byte[]> Raw
    {
        get
        {
            lock (_gate)
            {
                return [.. _raw];
            }
        }
    }

    public string Everything => string.Concat(Batches.Select(batch => batch.Body));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var bytes = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        var body = Encoding.UTF8.GetString(bytes);
        lock (_gate)
        {
            _raw.Add(bytes);
            _batches.Add((request.RequestUri!, request.Headers.TryGetValues("Authorization", out var values) ? string.Join(',', values) : null, body));
        }

        return new(HttpStatusCode.OK);
    }
}
