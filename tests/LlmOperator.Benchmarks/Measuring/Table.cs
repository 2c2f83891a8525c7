namespace LlmOperator.Benchmarks.Measuring;

/// <summary>Figures in columns, as Markdown, so that they can go into the documentation as they are.</summary>
internal sealed class Table(params string[] head)
{
    private readonly List<string[]> _rows = [head];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Print(TextWriter output)
    {
        var widths = Enumerable.Range(0, head.Length).Select(column => _rows.Max(row => row[column].Length)).ToArray();
        output.WriteLine();
        Line(_rows[0]);
        Line([.. widths.Select(width => new string('-', width))]);
        foreach (var row in _rows.Skip(1))
        {
            Line(row);
        }

        output.WriteLine();
        void Line(string[] cells) => output.WriteLine($"| {string.Join(" | ", cells.Select((cell, column) => cell.PadRight(widths[column])))} |");
    }
}
