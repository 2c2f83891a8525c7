using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Controllers.RagIndexes.Embedding;

/// <summary>Makes vectors with a server that speaks OpenAI's <c>/v1/embeddings</c>, as LlmEndpoints of task Embed do.</summary>
/// <param name="http">Sends requests; its timeout decides how long a batch may take. Not disposed of.</param>
/// <param name="endpoint">Address of the server, without <c>/v1</c>.</param>
/// <param name="model">Name of the model as the server knows it.</param>
/// <param name="apiKey">Key the server asks for; null for none.</param>
/// <param name="whyNot">Says why no vectors can be made at present; null, or says null, when they can.</param>
internal sealed class OpenAiTextEmbedder(HttpClient http, Uri endpoint, string model, string? apiKey = null, Func<string?>? whyNot = null) : ITextEmbedder
{
    // What embedding servers commonly take in one request (TEI's default).
    private const int Batch = 32;

    // Enough of an error to tell what is wrong.
    private const int MostErrorCharacters = 300;

    private readonly Uri _url = new($"{endpoint.AbsoluteUri.TrimEnd('/')}/v1/embeddings");

    /// <inheritdoc/>
    public async Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var vectors = new List<float[]>(texts.Count);
        foreach (var batch in texts.Chunk(Batch))
        {
            ThrowIfNot();
            vectors.AddRange(await EmbedBatchAsync(batch, cancellationToken).ConfigureAwait(false));

            // What came to be the case meanwhile may have been the case for the answer.
            ThrowIfNot();
        }

        return vectors;
    }

    private void ThrowIfNot()
    {
        if (whyNot?.Invoke() is { } reason)
        {
            throw new EmbeddingException(reason);
        }
    }

    private async Task<float[][]> EmbedBatchAsync(string[] texts, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = JsonContent.Create(new EmbeddingRequest(model, texts, "float"), EmbeddingJson.Default.EmbeddingRequest) };
            request.Headers.Authorization = apiKey is null ? null : new AuthenticationHeaderValue("Bearer", apiKey);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                var words = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
                throw new EmbeddingException($"{_url} answered {(int)response.StatusCode}: {(words.Length > MostErrorCharacters ? words[..MostErrorCharacters] : words)}");
            }

            var answer = await response.Content.ReadFromJsonAsync(EmbeddingJson.Default.EmbeddingAnswer, cancellationToken).ConfigureAwait(false);
            return InOrder(answer?.Data ?? [], texts.Length);
        }
        catch (HttpRequestException fault)
        {
            throw new EmbeddingException($"{_url} was not reached: {fault.Message}", fault);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EmbeddingException($"{_url} did not answer in time", fault);
        }
        catch (JsonException fault)
        {
            throw new EmbeddingException($"{_url} answered what is no list of embeddings: {fault.Message}", fault);
        }
    }

    private float[][] InOrder(IReadOnlyList<EmbeddedText> data, int count)
    {
        var vectors = new float[]?[count];
        foreach (var (index, vector) in data)
        {
            if (index < 0 || index >= count || vector is not { Length: > 0 } || vectors[index] is not null)
            {
                throw new EmbeddingException($"{_url} answered an embedding of index {index} for {count} texts");
            }

            vectors[index] = vector;
        }

        return data.Count == count ? [.. vectors.OfType<float[]>()] : throw new EmbeddingException($"{_url} answered {data.Count} embeddings for {count} texts");
    }
}

/// <summary>Texts to be embedded.</summary>
internal sealed record EmbeddingRequest(string Model, IReadOnlyList<string> Input, string EncodingFormat);

/// <summary>Their vectors.</summary>
internal sealed record EmbeddingAnswer(IReadOnlyList<EmbeddedText>? Data);

/// <summary>One vector.</summary>
internal sealed record EmbeddedText(int Index, float[]? Embedding);

/// <summary>Requests and answers as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingAnswer))]
internal sealed partial class EmbeddingJson : JsonSerializerContext;
