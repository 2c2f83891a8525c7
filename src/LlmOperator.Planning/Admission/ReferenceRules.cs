using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>Endpoints that other objects name for a task: their model must be one for it.</summary>
internal static class ReferenceRules
{
    /// <summary>References of an endpoint's retrieval to endpoints that do something else.</summary>
    public static IEnumerable<SpecProblem> Check(LlmEndpointSpec spec, AdmissionFacts facts) =>
        References(spec).Select(reference => WrongTask(reference.Field, reference.Name, reference.Task, facts)).OfType<string>().Select(message => new SpecProblem("ReferenceTaskMismatch", message));

    /// <summary>References of an endpoint's retrieval to endpoints that are not there.</summary>
    public static IEnumerable<string> Missing(LlmEndpointSpec spec, AdmissionFacts facts) =>
        References(spec).Select(reference => Missing(reference.Field, reference.Name, facts)).OfType<string>();

    /// <summary>Words for a reference to an endpoint whose model is for another task; null when it is right.</summary>
    public static string? WrongTask(string field, string name, string task, AdmissionFacts facts) =>
        facts.Endpoint(name)?.Spec is { } found && facts.Model(found.ModelRef.Name)?.Spec is { } model && model.Task != task
            ? $"{field}: LlmEndpoint {name} serves LlmModel {found.ModelRef.Name} with task {model.Task}, and one with task {task} is needed here: name another endpoint"
            : null;

    /// <summary>Words for a reference to an endpoint that is not there; null when it is.</summary>
    public static string? Missing(string field, string name, AdmissionFacts facts) =>
        facts.Endpoint(name) is null ? $"{field}: there is no LlmEndpoint {name} in this namespace yet" : null;

    private static IEnumerable<(string Field, string Name, string Task)> References(LlmEndpointSpec spec)
    {
        if (spec.Rag?.Helper?.EndpointRef is { } helper)
        {
            yield return ("spec.rag.helper.endpointRef.name", helper.Name, ModelTask.Generate);
        }

        if (spec.Rag?.Rerank is { Enabled: true, EndpointRef: { } rerank })
        {
            yield return ("spec.rag.rerank.endpointRef.name", rerank.Name, ModelTask.Rerank);
        }
    }
}
