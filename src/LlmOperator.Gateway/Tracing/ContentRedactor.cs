using System.Runtime.CompilerServices;
using LlmOperator.Api.Endpoints;
using LlmOperator.Inference.Redaction;

namespace LlmOperator.Gateway.Tracing;

/// <summary>What blots out personal data in the texts of an endpoint's traces. Making one takes longer than using it, so that each spec has its own as long as it is there.</summary>
internal static class ContentRedactor
{
    private static readonly ConditionalWeakTable<PromptTraceSpec, StrongBox<Redactor?>> Known = [];

    /// <summary>The redactor of a spec; null when a pattern is none, and nothing may be told that it was meant for.</summary>
    public static Redactor? Of(PromptTraceSpec trace) => Known.GetValue(trace, static spec => new(Make(spec))).Value;

    private static Redactor? Make(PromptTraceSpec trace)
    {
        try
        {
            return new(trace.Redact is { } names ? [.. Redactor.AllKinds.Where(kind => names.Contains(kind.ToString(), StringComparer.Ordinal))] : Redactor.AllKinds, trace.RedactPatterns);
        }
        catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
