using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Admission;

/// <summary>
/// Which problems of an endpoint admission refuses, and the fields they are about. Any other reason is about what this version of the operator, the cluster or its nodes cannot do at present: that is no fault of the
/// spec and may change by itself, so it is for the condition, and a warning.
/// </summary>
internal static class ProblemFields
{
    private const string Model = "spec.modelRef.name";
    private const string EngineType = "spec.engine.type";

    private static readonly Dictionary<string, Place> Refused = new(StringComparer.Ordinal)
    {
        ["AcceleratorMissing"] = new("spec.accelerator"),
        ["AdapterNameTaken"] = new(Model),
        ["AdapterSourceNotSupported"] = new(Model),
        ["AdaptersNotSupported"] = new(EngineType, Model) { IsChoice = true },

        // Arguments and variables may hold anything; they are not repeated.
        ["ArgumentNotAllowed"] = new("spec.engine.args", "spec.engine.env") { IsForbidden = true },
        ["ArgumentInvalid"] = new("spec.engine.args", "spec.engine.env") { IsForbidden = true },
        ["ImageInvalid"] = new("spec.engine.image"),
        ["ImageMissing"] = new("spec.engine.image"),
        ["ImageUnknown"] = new("spec.engine.image", EngineType),
        ["KvCacheTypeNotSupported"] = new("spec.engine.kvCacheDataType"),
        ["LicenceForbids"] = new("spec.usage"),
        ["LicenceForbidsAdapters"] = new(Model),
        ["LicenceMissing"] = new(Model),
        ["LimitsConflict"] = new("spec.engine.contextLength"),
        ["ParallelismMismatch"] = new("spec.parallelism.tensor", "spec.parallelism.pipeline", "spec.accelerator.count"),
        ["ParallelismNotSupported"] = new("spec.parallelism.pipeline", "spec.parallelism.tensor", "spec.accelerator.count"),
        ["PodTemplateInvalid"] = new("spec.podTemplate") { IsForbidden = true },

        // What should be in a Secret may have been written into an address.
        [TraceRules.Reason] = new("spec.promptTrace.exporters", "spec.promptTrace.redactPatterns") { IsForbidden = true },
        ["QuantizationNotSupported"] = new(EngineType, Model),
        ["ReferenceTaskMismatch"] = new("spec.rag.rerank.endpointRef.name", "spec.rag.helper.endpointRef.name"),
        ["RevisionNotSupported"] = new(EngineType, Model),
        [ResourceRules.Reason] = new("spec.engine.resources.requests", "spec.engine.resources.limits", "spec.engine.sharedMemory"),
        ["RolloutImpossible"] = new("spec.rollout.maxUnavailable", "spec.rollout.maxSurge"),
        ["SourceNotSupported"] = new(EngineType, Model),
        ["TaskNotSupported"] = new(EngineType, Model) { IsChoice = true },
        ["UnknownAccelerator"] = new("spec.accelerator.type") { IsChoice = true },
    };

    // What can be told of a spec before its model is there.
    private static readonly HashSet<string> WithoutModel = ["AcceleratorMissing", "ArgumentInvalid", "ArgumentNotAllowed", "ImageInvalid", "ImageMissing", "PodTemplateInvalid", ResourceRules.Reason, TraceRules.Reason, "UnknownAccelerator"];

    /// <summary>Whether admission refuses a problem.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="hasModel">Whether the model was there to look at.</param>
    public static bool IsRefused(SpecProblem problem, bool hasModel) => Refused.ContainsKey(problem.Reason) && (hasModel || WithoutModel.Contains(problem.Reason));

    /// <summary>A problem in the form in which the API server lists fields at fault.</summary>
    public static FieldError ErrorOf(SpecProblem problem, LlmEndpointSpec spec)
    {
        var place = Refused[problem.Reason];
        var json = JsonSerializer.SerializeToElement(spec, ApiJsonContext.Default.LlmEndpointSpec);
        var field = place.Candidates.FirstOrDefault(candidate => problem.Message.Contains(candidate, StringComparison.Ordinal) && ValueAt(json, candidate) is not null)
            ?? place.Candidates.FirstOrDefault(candidate => ValueAt(json, candidate) is not null);
        return field is null
            ? FieldError.Required(place.Candidates[0], problem.Message)
            : place.IsForbidden
                ? FieldError.Forbidden(field, problem.Message)
                : place.IsChoice
                    ? new("FieldValueNotSupported", field, $"Unsupported value: {ValueAt(json, field)}: {problem.Message}")
                    : FieldError.Invalid(field, ValueAt(json, field)!, problem.Message);
    }

    private static string? ValueAt(JsonElement spec, string field)
    {
        foreach (var name in field.Split('.').Skip(1))
        {
            if (spec.ValueKind != JsonValueKind.Object || !spec.TryGetProperty(name, out spec))
            {
                return null;
            }
        }

        return spec.GetRawText();
    }

    /// <summary>Where a problem lies.</summary>
    /// <param name="Candidates">Fields; the one the message names, or else the first that is set.</param>
    private sealed record Place(params string[] Candidates)
    {
        /// <summary>Another of a list of values must be taken.</summary>
        public bool IsChoice { get; init; }

        /// <summary>Something must not be in the field.</summary>
        public bool IsForbidden { get; init; }
    }
}
