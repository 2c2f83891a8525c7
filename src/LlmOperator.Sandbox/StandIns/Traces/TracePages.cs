using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace LlmOperator.Sandbox.StandIns.Traces;

/// <summary>The pages a person reads: the last traces, and one of them as a waterfall. Everything in them that came from outside is escaped; they need no script.</summary>
internal static class TracePages
{
    private const string Style = """
        :root{color-scheme:light dark;--line:#d0d7de;--bad:#cf222e;--soft:#656d76;--c0:#0969da;--c1:#1a7f37;--c2:#8250df;--c3:#9a6700;--c4:#0a7ea4;--c5:#bf3989}
        @media(prefers-color-scheme:dark){:root{--line:#3d444d;--bad:#f85149;--soft:#9198a1;--c0:#4493f8;--c1:#3fb950;--c2:#ab7df8;--c3:#d29922;--c4:#39c5cf;--c5:#db61a2}}
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
        td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{overflow-wrap:anywhere}.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}
        tbody tr:hover{background:color-mix(in srgb,currentColor 5%,transparent)}h2{font-size:1.1rem;margin:1.6rem 0 0;border-top:1px solid var(--line);padding-top:.8rem}h2 .soft{font-size:.85rem;font-weight:400}
        .lane{position:relative;height:1.2rem;min-width:14rem;background:linear-gradient(90deg,var(--line) 1px,transparent 1px) 0 0/25% 100%}.bar{position:absolute;top:.2rem;height:.8rem;min-width:3px;border-radius:2px}.bar.failed{background:var(--bad)!important}
        .scale{display:flex;justify-content:space-between;font-weight:400;color:var(--soft);font-variant-numeric:tabular-nums}.dot{display:inline-block;width:.6rem;height:.6rem;border-radius:50%;margin-right:.4rem}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
        """;

    private static readonly HtmlEncoder Html = HtmlEncoder.Default;

    /// <summary>The last traces.</summary>
    public static string List(IReadOnlyList<IReadOnlyList<ReceivedSpan>> traces, long received)
    {
        var body = new StringBuilder("<h1>Recent traces</h1>");
        body.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">{received} spans received. Newest first; reload for more.</p>");
        if (traces.Count == 0)
        {
            return Page("Traces", body.Append("<p>No trace has come yet. Ask an endpoint something: a trace arrives about a second after its answer.</p>"));
        }

        body.Append("<table><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Trace</th><th scope=\"col\">Service</th><th scope=\"col\">Tokens in, out</th><th scope=\"col\" class=\"n\">Spans</th><th scope=\"col\" class=\"n\">Duration</th><th scope=\"col\">Outcome</th></tr></thead><tbody>");
        foreach (var spans in traces)
        {
            var first = Root(spans);
            var model = Answering(spans, first);
            body.Append("<tr><td><time>").Append(Moment(first.Start)).Append("</time></td><td><a href=\"/traces/").Append(Html.Encode(first.TraceId)).Append("\">").Append(Html.Encode(first.Name.Length > 0 ? first.Name : first.TraceId))
                .Append("</a> <span class=\"soft\">").Append(Html.Encode(string.Join(' ', new[] { first.Attribute("http.route"), first.Attribute("gen_ai.request.model") }.Where(part => part is not null && !first.Name.Contains(part, StringComparison.Ordinal))))).Append("</span></td><td>").Append(Html.Encode(first.Service)).Append("</td><td>").Append(Html.Encode(Usage(model))).Append("</td><td class=\"n\">").Append(spans.Count)
                .Append("</td><td class=\"n\">").Append(Duration(Extent(spans).End - Extent(spans).Start)).Append("</td><td>").Append(Outcome(spans)).Append("</td></tr>");
        }

        return Page("Traces", body.Append("</tbody></table>"));
    }

    /// <summary>When a trace begins and ends. What takes no time, such as feedback long after, belongs to it and does not make it longer.</summary>
    private static (long Start, long End) Extent(IReadOnlyList<ReceivedSpan> spans)
    {
        var lasting = spans.Where(static span => span.End > span.Start).DefaultIfEmpty(spans[0]).ToList();
        return (lasting.Min(static span => span.Start), lasting.Max(static span => span.End));
    }

    /// <summary>One trace.</summary>
    public static string Trace(IReadOnlyList<ReceivedSpan> spans)
    {
        var (start, end) = Extent(spans);
        var whole = Math.Max(end - start, 1);
        var title = Root(spans).Name;
        var body = new StringBuilder("<p><a href=\"/\">Recent traces</a></p><h1>").Append(Html.Encode(title)).Append("</h1><p class=\"soft\">Trace <code>").Append(Html.Encode(spans[0].TraceId))
            .Append("</code>, ").Append(Moment(start)).Append(", ").Append(Duration(end - start)).Append("</p>");
        var tree = Tree(spans);
        var services = tree.Select(one => one.Span.Service).Distinct().ToList();
        body.Append("<table><thead><tr><th scope=\"col\">Span</th><th scope=\"col\" class=\"n\">Begins after</th><th scope=\"col\" class=\"n\">Duration</th><th scope=\"col\">Within the trace <div class=\"scale\" aria-hidden=\"true\">");
        for (var quarter = 0; quarter <= 4; quarter++)
        {
            body.Append("<span>").Append(quarter == 0 ? "0" : Duration(whole * quarter / 4)).Append("</span>");
        }

        body.Append("</div></th></tr></thead><tbody>");
        foreach (var (span, depth) in tree)
        {
            var (left, width) = (Math.Clamp((span.Start - start) * 100.0 / whole, 0, 100), Math.Max(span.End - span.Start, 0) * 100.0 / whole);
            body.Append(CultureInfo.InvariantCulture, $"<tr><td style=\"padding-left:{0.6 + (depth * 1.2):0.#}rem\"><span class=\"dot\" aria-hidden=\"true\" style=\"background:{Colour(services, span)}\"></span><a href=\"#s{Html.Encode(span.SpanId)}\">").Append(Html.Encode(span.Name)).Append("</a> <span class=\"soft\">")
                .Append(Html.Encode(span.Service)).Append("</span>").Append(span.IsError ? " <span class=\"bad\">failed</span>" : "").Append("</td><td class=\"n\">").Append(Duration(span.Start - start)).Append("</td><td class=\"n\">")
                .Append(Duration(span.End - span.Start)).Append(CultureInfo.InvariantCulture, $"</td><td><div class=\"lane\" aria-hidden=\"true\"><div class=\"bar{(span.IsError ? " failed" : "")}\" style=\"left:{left:0.##}%;width:{width:0.##}%;background:{Colour(services, span)}\"></div></div></td></tr>");
        }

        body.Append("</tbody></table>");
        foreach (var (span, _) in tree)
        {
            body.Append("<section id=\"s").Append(Html.Encode(span.SpanId)).Append("\"><h2>").Append(Html.Encode(span.Name)).Append(" <span class=\"soft\">").Append(Html.Encode(span.Service)).Append(", ").Append(Duration(span.End - span.Start)).Append("</span></h2>");
            if (span.IsError)
            {
                body.Append("<p class=\"bad\">").Append(Html.Encode(span.Error.Length > 0 ? span.Error : "failed")).Append("</p>");
            }

            body.Append("<dl>");
            var parent = spans.FirstOrDefault(other => other.SpanId == span.ParentSpanId && other.Service == span.Service);
            foreach (var (key, value) in span.Attributes.Where(attribute => parent is null || !IsOfAll(attribute.Key) || parent.Attribute(attribute.Key) != attribute.Value))
            {
                body.Append("<dt>").Append(Html.Encode(key)).Append("</dt><dd>").Append(Html.Encode(IsList(key) ? value.Replace(", ", "\n", StringComparison.Ordinal) : value)).Append("</dd>");
            }

            foreach (var (name, time) in span.Events)
            {
                body.Append("<dt>after ").Append(Duration(time - span.Start)).Append("</dt><dd>").Append(Html.Encode(name)).Append("</dd>");
            }

            body.Append("</dl></section>");
        }

        return Page(title, body);
    }

    /// <summary>A page that says what is not there.</summary>
    public static string Absent() => Page("Not found", new StringBuilder("<h1>Not found</h1><p>There is no such trace, or it was pushed out by newer ones. <a href=\"/\">Recent traces</a></p>"));

    private static string Page(string title, StringBuilder body) =>
        $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{Html.Encode(title)} - llm-operator sandbox</title><style>{Style}</style></head><body><main>{body}</main></body></html>";

    private static ReceivedSpan Root(IReadOnlyList<ReceivedSpan> spans) => spans.FirstOrDefault(span => !spans.Any(other => other.SpanId == span.ParentSpanId)) ?? spans[0];

    /// <summary>The span of the model that answered: that of the model that was asked for, not of one that helped. Null when none tells its tokens.</summary>
    private static ReceivedSpan? Answering(IReadOnlyList<ReceivedSpan> spans, ReceivedSpan root)
    {
        var models = spans.Where(span => span.Attribute("gen_ai.usage.output_tokens") is not null).ToList();
        return models.Find(span => span.Attribute("gen_ai.request.model") == root.Attribute("gen_ai.request.model")) ?? models.FirstOrDefault();
    }

    private static string Colour(List<string> services, ReceivedSpan span) => string.Create(CultureInfo.InvariantCulture, $"var(--c{services.IndexOf(span.Service) % 6})");

    /// <summary>Whether every span of a service says the same, which is read once.</summary>
    private static bool IsOfAll(string key) => key.StartsWith("llmops.endpoint.", StringComparison.Ordinal) || key.StartsWith("llmops.model.", StringComparison.Ordinal);

    /// <summary>Whether it is a list of what was found, which is read line by line.</summary>
    private static bool IsList(string key) => key is "llmops.rag.hits" or "llmops.rag.chunks" or "llmops.rag.sources" or "llmops.rag.degradations";

    /// <summary>Each span under the one it was made by.</summary>
    private static List<(ReceivedSpan Span, int Depth)> Tree(IReadOnlyList<ReceivedSpan> spans)
    {
        var ids = spans.Select(span => span.SpanId).ToHashSet(StringComparer.Ordinal);
        var children = spans.Where(span => ids.Contains(span.ParentSpanId) && span.ParentSpanId != span.SpanId).ToLookup(span => span.ParentSpanId);
        var (ordered, seen) = (new List<(ReceivedSpan, int)>(), new HashSet<string>(StringComparer.Ordinal));
        var left = new Stack<(ReceivedSpan Span, int Depth)>(spans.Where(span => !ids.Contains(span.ParentSpanId)).Reverse().Select(span => (span, 0)));
        while (true)
        {
            while (left.TryPop(out var next))
            {
                if (seen.Add(next.Span.SpanId))
                {
                    ordered.Add(next);
                    foreach (var child in children[next.Span.SpanId].Reverse())
                    {
                        left.Push((child, next.Depth + 1));
                    }
                }
            }

            // Spans that are each other's parents hang in the air: a sender's fault, and shown all the same.
            if (spans.FirstOrDefault(span => !seen.Contains(span.SpanId)) is not { } loose)
            {
                return ordered;
            }

            left.Push((loose, 0));
        }
    }

    private static string Outcome(IReadOnlyList<ReceivedSpan> spans) =>
        spans.FirstOrDefault(span => span.IsError) is { } failed ? $"<span class=\"bad\">failed</span> {Html.Encode(failed.Attribute("error.type") ?? "")}" : "ok";

    private static string Usage(ReceivedSpan? span) =>
        span is null ? "" : $"{span.Attribute("gen_ai.usage.input_tokens") ?? "?"}, {span.Attribute("gen_ai.usage.output_tokens")}";

    private static string Moment(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(Math.Clamp(nanoseconds / 100, 0, DateTimeOffset.MaxValue.Ticks / 2)).ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Duration(long nanoseconds) => nanoseconds switch
    {
        >= 1_000_000_000 => (nanoseconds / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + " s",
        _ => (nanoseconds / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " ms",
    };
}
