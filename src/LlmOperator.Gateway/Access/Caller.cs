namespace LlmOperator.Gateway.Access;

/// <summary>Who asks, and what of its allowance is left.</summary>
/// <param name="Name">Its name; empty where no keys are asked for.</param>
/// <param name="Requests">Requests it may make; null for no limit.</param>
/// <param name="Tokens">Tokens it may use; null for no limit.</param>
internal sealed record Caller(string Name, TokenBucket? Requests = null, TokenBucket? Tokens = null)
{
    /// <summary>Whoever comes, where no keys are asked for.</summary>
    public static Caller Anyone { get; } = new("");
}
