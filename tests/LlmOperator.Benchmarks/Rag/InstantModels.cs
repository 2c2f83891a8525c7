using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace LlmOperator.Benchmarks.Rag;

/// <summary>Helper, embedder, reranker, model and Qdrant, which answer at once: what is left is the gateway's own.</summary>
internal sealed class InstantModels : HttpMessageHandler
{
    private const int Size = 384;

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly byte[] Vectors = Bytes($$"""{"data":[{{string.Join(',', Enumerable.Range(0, 3).Select(index => $$"""{"index":{{index}},"embedding":[{{string.Join(',', Enumerable.Range(0, Size).Select(number => FormattableString.Invariant($"{Math.Sin(number):0.########}")))}}]}"""))}}]}""");
    private static readonly byte[] Scores = Bytes($$"""{"results":[{{string.Join(',', Enumerable.Range(0, 9).Select(index => FormattableString.Invariant($$"""{"index":{{index}},"relevance_score":0.{{index}}}""")))}}]}""");
    private static readonly byte[] Helped = Bytes("""{"choices":[{"index":0,"message":{"role":"assistant","content":"What is retrieval? #next-question# Why are vectors searched?"},"finish_reason":"stop"}]}""");
    private static readonly byte[] Nobody = Bytes("""{"choices":[{"index":0,"message":{"role":"assistant","content":"none"},"finish_reason":"stop"}]}""");
    private static readonly byte[] Answered = Bytes($$$"""{"id":"cmpl-1","choices":[{"index":0,"text":"{{{string.Concat(Enumerable.Repeat("A sentence of the answer. ", 25))}}}","finish_reason":"length"}],"usage":{"prompt_tokens":900,"completion_tokens":150}}""");

    private int _chunk;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var answer = path switch
        {
            "/v1/embeddings" => Vectors,
            "/v1/rerank" => Scores,
            "/v1/chat/completions" => body.AsSpan().IndexOf("#next-question#"u8) >= 0 ? Helped : Nobody,
            "/v1/completions" => Answered,
            "/tokenize" => "{\"count\":900}"u8.ToArray(),
            "/" => "{\"title\":\"qdrant\",\"version\":\"1.19.0\"}"u8.ToArray(),
            _ => Found(),
        };
        return new(HttpStatusCode.OK) { RequestMessage = request, Content = new ByteArrayContent(answer) { Headers = { ContentType = Json } } };
    }

    /// <summary>One of nine chunks in turn: each search of a request finds another.</summary>
    private byte[] Found()
    {
        var number = Interlocked.Increment(ref _chunk) % 9;
        var text = string.Concat(Enumerable.Repeat($"Sentence {number} of a chunk about vectors, graphs and search. ", 20));
        return Bytes($$$$"""
            {"result":{"points":[{"id":"5d41402a-bc4b-4a76-b971-9d911017c59{{{{number}}}}","version":1,"score":0.{{{{number + 1}}}},"payload":{"content":"{{{{text}}}}",
             "platform":"medium","author_id":"b5fa1f08-0d3a-4f6e-9a1f-000000000001","author_full_name":"Ada Kaya","document_id":"d{{{{number}}}}","type":"article",
             "metadata":{"embedding_model_id":"sentence-transformers/all-MiniLM-L6-v2","embedding_size":384,"max_input_length":256}}}]},"status":"ok","time":0}
            """);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
