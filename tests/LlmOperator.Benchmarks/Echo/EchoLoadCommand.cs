using System.Diagnostics;
using LlmOperator.Benchmarks.Clusters;
using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary>
/// <c>echo-load</c>: takes an <c>echo</c> operator in a process of its own through the scenarios operators are compared by: a backlog at start, idleness,
/// a change of all objects, as many new ones, a restart.
/// </summary>
internal static class EchoLoadCommand
{
    // The backlog's last watch events, and a collection or two, are over well before this.
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var count = arguments.Number("--count", 500);
        var workers = arguments.Number("--workers", 4);
        var idle = TimeSpan.FromSeconds(arguments.Number("--idle", 30));
        var program = arguments.Text("--operator");
        var kubeconfig = arguments.Text("--kubeconfig");
        using var sandbox = kubeconfig is null ? await SandboxProcess.StartAsync(arguments.Text("--cli"), cancellationToken, "--no-controllers") : null;
        arguments.ThrowIfAnyLeft();
        kubeconfig ??= sandbox!.Kubeconfig;

        using var cluster = new MeasuredCluster(kubeconfig);
        await EchoDefinition.EnsureAsync(cluster.Client, cancellationToken);
        var ns = $"echo-{Stopwatch.GetTimestamp():x}";
        await cluster.CreateNamespaceAsync(ns, cancellationToken);

        var informers = new InformerSet(cluster.Client, new InformerOptions { Namespace = ns });
        var echoes = new Milestone<Echo>(informers.Get<Echo>());
        var deployments = new Milestone<Deployment>(informers.Get<Deployment>());
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        informers.Start(watching.Token);
        await informers.WaitForSyncAsync(cancellationToken);

        ChildProgram Start() => program is null
            ? ChildProgram.StartSelf("running", "echo", "--kubeconfig", kubeconfig, "--workers", $"{workers}")
            : ChildProgram.Start(program, "running", "echo", "--kubeconfig", kubeconfig, "--workers", $"{workers}");
        var table = new Table("scenario", "time", "CPU", "requests", "an object", "peak memory", "of its own");

        await CreateAsync(cluster, ns, 0, count, cancellationToken);
        var echo = Start();
        try
        {
            var run = new Run(cluster, echo.Process, table, fromStart: true, await cluster.RequestsOfOthersAsync(cancellationToken));
            await echoes.UntilAsync(count, static echo => echo.Status?.Ready is not null, cancellationToken);
            await run.EndAsync($"start with a backlog of {count}", echo.Age, count, cancellationToken);

            run = await Run.BeginAsync(cluster, echo.Process, table, cancellationToken);
            await Task.Delay(idle, cancellationToken);
            await run.EndAsync($"idle for {idle.TotalSeconds:0} s, {count} objects", null, null, cancellationToken);

            run = await Run.BeginAsync(cluster, echo.Process, table, cancellationToken);
            var all = deployments.UntilAsync(count, static deployment => deployment.Spec?.Template?.Spec?.Containers?[0].Image == "echo:2", cancellationToken);
            await MeasuredCluster.ForEachAsync(count, (i, token) => cluster.Client.PatchAsync<Echo>(new ObjectKey(ns, Name(i)), Patch.Merge("""{"spec":{"image":"echo:2"}}"""u8.ToArray()), cancellationToken: token), cancellationToken);
            await all;
            await run.EndAsync($"change of image on {count}", run.Elapsed, count, cancellationToken);

            run = await Run.BeginAsync(cluster, echo.Process, table, cancellationToken);
            all = echoes.UntilAsync(2 * count, static echo => echo.Status?.Ready is not null, cancellationToken);
            await CreateAsync(cluster, ns, count, count, cancellationToken);
            await all;
            await run.EndAsync($"{count} more created live", run.Elapsed, count, cancellationToken);

            echo.Dispose();
            var before = await cluster.RequestsOfOthersAsync(cancellationToken);
            echo = Start();
            run = new Run(cluster, echo.Process, table, fromStart: true, before);
            await echo.Ready;
            await run.EndAsync($"restart with {2 * count} settled", null, null, cancellationToken);
        }
        finally
        {
            echo.Dispose();
        }

        await watching.CancelAsync();
        table.Print(Console.Out);
        return 0;
    }

    private static string Name(int i) => $"echo-{i:00000}";

    private static Task CreateAsync(MeasuredCluster cluster, string ns, int from, int count, CancellationToken cancellationToken) => MeasuredCluster.ForEachAsync(
        count,
        (i, token) => cluster.Client.CreateAsync(
            new Echo { Metadata = new() { Name = Name(from + i), Namespace = ns }, Spec = new() { Replicas = 1, Image = "echo:1" } }, cancellationToken: token),
        cancellationToken);

    /// <summary>One scenario. What the operator used is read a moment after its end, so that what it left for later counts too.</summary>
    private sealed class Run(MeasuredCluster cluster, Process process, Table table, bool fromStart, long requests)
    {
        private readonly TimeSpan _cpu = fromStart ? TimeSpan.Zero : Usage.Of(process).Cpu;
        private readonly long _began = Stopwatch.GetTimestamp();

        public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

        public static async Task<Run> BeginAsync(MeasuredCluster cluster, Process process, Table table, CancellationToken cancellationToken) =>
            new(cluster, process, table, fromStart: false, await cluster.RequestsOfOthersAsync(cancellationToken));

        public async Task EndAsync(string scenario, TimeSpan? time, int? objects, CancellationToken cancellationToken)
        {
            if (!(time is null && !fromStart))
            {
                await Task.Delay(Settle, cancellationToken);
            }

            var used = Usage.Of(process);
            var sent = await cluster.RequestsOfOthersAsync(cancellationToken) - requests;
            var cpu = used.Cpu - _cpu;
            table.Add(
                scenario,
                time is { } took ? Usage.Seconds(took) : "",
                time is null && !fromStart ? $"{cpu.TotalMilliseconds / Elapsed.TotalSeconds:0.00} ms/s" : Usage.Seconds(cpu),
                $"{sent}",
                objects is { } n ? $"{(double)sent / n:0.00}" : "",
                Usage.Megabytes(used.Peak),
                Usage.Megabytes(used.Own));
        }
    }
}
