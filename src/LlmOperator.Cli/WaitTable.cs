using Spectre.Console;

namespace LlmOperator.Cli;

/// <summary>
/// Shows resources and their conditions until all are ready: a table drawn in place on a terminal, one line a change elsewhere.
/// </summary>
internal sealed class WaitTable(IAnsiConsole console, TextWriter output, Func<AppliedObject, ResourceReadiness> observe, TimeProvider time)
{
    private readonly Dictionary<AppliedObject, string> _printed = [];

    /// <summary>Waits. The answer holds what was not ready in the end; it is empty when all are.</summary>
    /// <param name="objects">What to wait for.</param>
    /// <param name="changed">Completes when something may have changed; asked for anew after each look.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait early.</param>
    public async Task<IReadOnlyList<(AppliedObject Object, ResourceReadiness State)>> WaitAsync(
        IReadOnlyList<AppliedObject> objects, Func<Task> changed, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        if (!console.Profile.Capabilities.Interactive)
        {
            return await LoopAsync(objects, changed, Print, end.Token);
        }

        IReadOnlyList<(AppliedObject, ResourceReadiness)> left = [];
        await console.Live(new Table()).StartAsync(async live =>
            left = await LoopAsync(objects, changed, states =>
            {
                live.UpdateTarget(Draw(states));
                live.Refresh();
            }, end.Token));
        return left;
    }

    private static Table Draw(IReadOnlyList<(AppliedObject Object, ResourceReadiness State)> states)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("Resource", "Ready", "Conditions", "Now");
        foreach (var (obj, state) in states)
        {
            // What does not hold of an object that is ready is none of what it waits for: that it is not progressing, for one.
            var conditions = string.Join(' ', state.Conditions.Select(condition => condition switch
            {
                { Status: "True", IsTrouble: false } => $"[green]{Markup.Escape(condition.Type)}[/]",
                { Status: "True" } => $"[yellow]{Markup.Escape(condition.Type)}[/]",
                { Status: "False" } when !state.Ready => $"[red]{Markup.Escape(condition.Type)}[/]",
                _ => $"[grey]{Markup.Escape(condition.Type)}[/]",
            }));
            table.AddRow(
                new Markup(Markup.Escape(obj.Title)),
                new Markup(state.Ready ? "[green]yes[/]" : "[yellow]no[/]"),
                new Markup(conditions),
                new Text(state.Summary));
        }

        return table;
    }

    private async Task<IReadOnlyList<(AppliedObject, ResourceReadiness)>> LoopAsync(
        IReadOnlyList<AppliedObject> objects, Func<Task> changed, Action<IReadOnlyList<(AppliedObject, ResourceReadiness)>> show, CancellationToken end)
    {
        var ended = Task.Delay(Timeout.Infinite, end);
        while (true)
        {
            // Asked for before looking, so that a change in between is not missed.
            var next = changed();
            var states = objects.Select(obj => (obj, State: observe(obj))).ToList();
            show(states);
            var left = states.Where(state => !state.State.Ready).ToList();
            if (left.Count == 0 || end.IsCancellationRequested)
            {
                return left;
            }

            await Task.WhenAny(next, ended);
        }
    }

    private void Print(IReadOnlyList<(AppliedObject Object, ResourceReadiness State)> states)
    {
        foreach (var (obj, state) in states)
        {
            var conditions = string.Join(' ', state.Conditions.Select(condition => $"{condition.Type}={condition.Status}"));
            var line = $"{obj.Title}: {state.Summary}{(conditions.Length > 0 ? $" ({conditions})" : "")}";
            if (_printed.GetValueOrDefault(obj) != line)
            {
                _printed[obj] = line;
                output.WriteLine(line);
            }
        }
    }
}
