namespace LlmOperator.Testing.Contracts;

/// <summary>A request or an answer that is not what the contract says.</summary>
public sealed class ContractException(string message) : Exception(message);

/// <summary>Checks what a client sends and what it is answered against a contract; where the contract is absent, it lets all pass.</summary>
/// <param name="contract">The contract; null where it is absent.</param>
/// <param name="inner">Answers.</param>
public sealed class ContractHandler(OpenApiContract? contract, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private int _checked;

    /// <summary>Whether answers are checked as well: not those that a test makes up.</summary>
    public bool ChecksAnswers { get; init; } = true;

    /// <summary>Requests that were checked.</summary>
    public int Checked => _checked;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var (method, target) = (request.Method.Method, request.RequestUri!.PathAndQuery);
        if (contract is not null)
        {
            var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
            Refuse($"request {method} {target}", contract.CheckRequest(method, target, body, request.Content?.Headers.ContentType?.ToString()), body);
            Interlocked.Increment(ref _checked);
        }

        var response = await base.SendAsync(request, cancellationToken);
        if (contract is not null && ChecksAnswers)
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            var type = response.Content.Headers.ContentType?.ToString();
            Refuse($"answer {(int)response.StatusCode} to {method} {target}", contract.CheckAnswer(method, target, (int)response.StatusCode, type, body), body);
        }

        return response;
    }

    private static void Refuse(string what, IReadOnlyList<string> problems, byte[] body)
    {
        if (problems.Count > 0)
        {
            throw new ContractException($"{what}:\n  {string.Join("\n  ", problems)}\n{System.Text.Encoding.UTF8.GetString(body)[..Math.Min(body.Length, 2000)]}");
        }
    }
}
