using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Models;

namespace LlmOperator.Planning.Tests.Admission;

/// <summary>The objects of a namespace as a review sees them.</summary>
internal sealed class AdmissionCases
{
    public Dictionary<string, LlmModel> Models { get; } = [];

    public Dictionary<string, LlmEndpoint> Endpoints { get; } = [];

    public LicensePolicy LicensePolicy { get; init; } = LicensePolicy.Ignore;

    public bool HasLeaderWorkerSets { get; init; }

    public DataPathOptions DataPath { get; init; } = new();

    public IReadOnlyList<Node> Nodes { get; init; } = [];

    public AdmissionFacts Facts => new()
    {
        Model = name => Models.GetValueOrDefault(name),
        Endpoint = name => Endpoints.GetValueOrDefault(name),
        UsersOf = model => [.. Endpoints.Values.Where(endpoint => endpoint.Spec?.ModelRef.Name == model)],
        Catalogue = AcceleratorCatalogue.Default,
        LicensePolicy = LicensePolicy,
        HasLeaderWorkerSets = HasLeaderWorkerSets,
        DataPath = DataPath,
        Nodes = () => Nodes,
    };

    public AdmissionCases With(LlmModel model)
    {
        Models[model.Metadata.Name!] = model;
        return this;
    }

    public AdmissionCases With(LlmEndpoint endpoint)
    {
        Endpoints[endpoint.Metadata.Name!] = endpoint;
        return this;
    }

    public AdmissionDecision Review(LlmEndpoint endpoint, LlmEndpoint? before = null) => EndpointAdmission.Review(endpoint, before, Facts);

    public AdmissionDecision Review(LlmModel model, LlmModel? before = null) => ModelAdmission.Review(model, before, Facts);

    public static LlmEndpoint Endpoint(string fields = "", string name = "twin", string model = "m", string accelerator = """{"type":"A10G"}""") => new()
    {
        Metadata = new() { Name = name, Namespace = "prod" },
        Spec = JsonSerializer.Deserialize($$"""{"modelRef":{"name":"{{model}}"},"accelerator":{{accelerator}}{{(fields.Length > 0 ? "," + fields : "")}}}""", ApiJsonContext.Default.LlmEndpointSpec),
    };

    /// <param name="fields">Fields of the spec besides source and parameters.</param>
    /// <param name="name">Name.</param>
    /// <param name="observed">Whether the operator has looked at it.</param>
    public static LlmModel Model(string fields = "", string name = "m", bool observed = true)
    {
        var model = new LlmModel
        {
            Metadata = new() { Name = name, Namespace = "prod", Generation = 1 },
            Spec = JsonSerializer.Deserialize("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B" """ + (fields.Length > 0 ? "," + fields : "") + "}", ApiJsonContext.Default.LlmModelSpec),
        };
        return observed ? model with { Status = ModelPlanner.Plan(new(model, [], default)).Status } : model;
    }
}
