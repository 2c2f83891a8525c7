namespace LlmOperator.Benchmarks;

/// <summary>What the commands are.</summary>
internal static class Help
{
    public const string Text = """
        Benchmarks of llm-operator. Nothing here is a test: figures depend on the machine, so compare ratios of one run.

          echo             run the Echo operator (bench.example.com/v1) until stopped, on any cluster
                           --kubeconfig FILE   the usual places without it
                           --workers N         reconciles in parallel (4)
        """;
}
