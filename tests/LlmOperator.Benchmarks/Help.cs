namespace LlmOperator.Benchmarks;

/// <summary>What the commands are.</summary>
internal static class Help
{
    public const string Text = """
        Benchmarks of llm-operator. Nothing here is a test: figures depend on the machine, so compare ratios of one run.

          echo             run the Echo operator (bench.example.com/v1) until stopped, on any cluster
                           --kubeconfig FILE   the usual places without it
                           --workers N         reconciles in parallel (4)
          echo-load        take an echo operator through backlog, idleness, change, growth and restart
                           --kubeconfig FILE   cluster without other Echo objects; a sandbox without it
                           --count N           objects (500)
                           --idle SECONDS      how long idleness is looked at (30)
                           --workers N         workers of the operator (4)
                           --operator PATH     published build of this program; this one without it
                           --cli PATH          kubectl-llm; the one built in this repository without it
          endpoints        apply many LlmEndpoints and wait until all are Ready; sandbox and operator in processes of their own
                           --count N           endpoints (1000)
                           --speed N           how many times faster than real the sandbox's clock runs (10)
                           --cli, --operator PATH   kubectl-llm and llm-operator; those built in this repository without them
          sandbox-start    time from the start of the process to "sandbox ready"
                           --runs N            (5)
                           --cli PATH
          prompt-trace     the sidecar, and nginx where it is installed, beside a direct connection to a trivial server
                           --only PART         streams (time to first byte), small (throughput) or memory; all of them without it
                           --rounds N          turns of all ways (5)
                           --rate N            streams started a second (200)
                           --seconds N         length of a turn of streams (3)
                           --small N           small requests of a turn (40000)
                           --spans N           small requests memory is watched over (1000000)
                           --server KIND       the trivial server: sockets, or, for small and memory, aspnet, node or fastapi; sockets without it
                           --client KIND       who sends small requests: sockets, or http for the framework's client; sockets without it
                           --sidecar PATH      prompt-trace; the one built in this repository without it
          gateway          the gateway, and nginx where it is installed, beside a direct connection to a trivial server
                           --only, --rounds, --rate, --seconds, --small, --server, --client   as of prompt-trace (small requests of a turn: 20000)
                           --requests N        small requests memory is watched over (200000)
                           --gateway, --cli PATH   llm-gateway and kubectl-llm; those built in this repository without them
          rag-copy         a migration of a collection of Qdrant (the stand-in, in a process of its own): rate, and memory as it goes on
                           --points N          (100000)
                           --size N            numbers of a vector (384)
                           --batch N           points of a request (256)
          rag              what the gateway itself takes of a request with retrieval, with models and Qdrant that answer at once
                           --count N           requests (5000)
          informer-memory  memory of an informer of Deployments
                           --count N           Deployments (10000)
          watch-decode     objects a second, and memory allocated for each, of the watch's reader
                           --count N           objects (50000)
        """;
}
