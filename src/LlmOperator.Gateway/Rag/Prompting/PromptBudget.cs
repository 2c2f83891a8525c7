using LlmOperator.Gateway.Rag.Retrieval;

namespace LlmOperator.Gateway.Rag.Prompting;

/// <summary>How many of the chunks a prompt has room for.</summary>
/// <param name="Kept">Chunks that stay: the highest-ranked ones.</param>
/// <param name="Tokens">Tokens of the prompt with them, as they were counted.</param>
/// <param name="Fits">Whether the prompt fits with them; without any it may still be too long.</param>
internal readonly record struct Budget(int Kept, int Tokens, bool Fits);

/// <summary>Leaves out the lowest-ranked chunks until template, query and context fit what a model reads.</summary>
internal static class PromptBudget
{
    /// <summary>Fits a prompt.</summary>
    /// <param name="chunks">Chunks, the best first.</param>
    /// <param name="render">The prompt with some of them.</param>
    /// <param name="most">Most tokens of a prompt; null for no bound.</param>
    /// <param name="count">Counts tokens.</param>
    public static async Task<Budget> FitAsync(IReadOnlyList<Chunk> chunks, Func<IReadOnlyList<Chunk>, string> render, int? most, Func<string, Task<int>> count)
    {
        var kept = chunks.Count;
        if (most is not { } bound || System.Text.Encoding.UTF8.GetByteCount(render(chunks)) <= bound)
        {
            return new(kept, 0, Fits: true); // No token is shorter than a byte, so that nothing needs to be counted.
        }

        // Each prompt is counted whole: tokens of parts do not add up to those of the whole.
        while (true)
        {
            var tokens = await count(render([.. chunks.Take(kept)])).ConfigureAwait(false);
            if (tokens <= bound || kept == 0)
            {
                return new(kept, tokens, tokens <= bound);
            }

            kept--;
        }
    }
}
