using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.Admission;
using Xunit;
using static LlmOperator.Planning.Tests.Admission.AdmissionCases;

namespace LlmOperator.Planning.Tests.Admission;

public sealed class ModelAdmissionTests
{
    [Fact]
    public void Adapters_of_a_model_that_must_not_be_adapted_are_refused()
    {
        var error = Assert.Single(new AdmissionCases().Review(Model(""" "card":{"adaptable":false},"adapters":[{"name":"a","source":{"pvc":{"claimName":"a"}}}] """)).Errors);

        Assert.Equal(("FieldValueForbidden", "spec.adapters"), (error.Reason, error.Field));
    }

    [Fact]
    public void An_adapter_wider_than_the_model_and_one_of_the_models_name_are_both_told()
    {
        var errors = new AdmissionCases().Review(Model(
            """ "architecture":{"hiddenSize":64},"adapters":[{"name":"a","rank":64,"source":{"pvc":{"claimName":"a"}}},{"name":"m","rank":65,"source":{"pvc":{"claimName":"a"}}}] """)).Errors;

        Assert.Equal(["spec.adapters[1].rank", "spec.adapters[1].name"], errors.Select(error => error.Field));
    }

    [Theory]
    [InlineData(""" "cache":{"size":"-1Gi"} """, "spec.cache.size")]
    [InlineData(""" "architecture":{"attentionHeads":7,"keyValueHeads":3} """, "spec.architecture.keyValueHeads")]
    [InlineData(""" "adapters":[{"name":"a","source":{"pvc":{"claimName":"a","path":"x/../../y"}}}] """, "spec.adapters[0].source.pvc.path")]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"My Bucket"}}}] """, "spec.adapters[0].source.s3.bucket")]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"s3://models"}}}] """, "spec.adapters[0].source.s3.bucket")]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"10.0.0.1"}}}] """, "spec.adapters[0].source.s3.bucket")]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"a/b/c","endpoint":"http://minio:9000"}}}] """, "spec.adapters[0].source.s3.bucket")]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"models","region":"eu central"}}}] """, "spec.adapters[0].source.s3.region")]
    [InlineData(""" "adapters":[{"name":"a","source":{"oci":{"image":"oci://registry/adapter"}}}] """, "spec.adapters[0].source.oci.image")]
    public void What_cannot_be_is_refused(string fields, string field) => Assert.Equal(field, Assert.Single(new AdmissionCases().Review(Model(fields)).Errors).Field);

    [Theory]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"models.team-1","region":"eu-central-1"}}}] """)]
    [InlineData(""" "adapters":[{"name":"a","source":{"s3":{"bucket":"Team_Models","endpoint":"http://minio:9000"}}}] """)]
    [InlineData(""" "adapters":[{"name":"a","source":{"oci":{"image":"registry:5000/team/adapter:1"}}}] """)]
    public void Sound_names_are_allowed(string fields) => Assert.Empty(new AdmissionCases().Review(Model(fields)).Errors);

    [Fact]
    public void A_model_of_no_parameters_is_refused()
    {
        var model = Model();

        var error = Assert.Single(new AdmissionCases().Review(model with { Spec = model.Spec! with { Parameters = new(0) } }).Errors);

        Assert.Equal("spec.parameters", error.Field);
    }

    [Theory]
    [InlineData(LicensePolicy.Warn, 0, 1)]
    [InlineData(LicensePolicy.Refuse, 1, 0)]
    [InlineData(LicensePolicy.Ignore, 0, 0)]
    public void A_model_of_no_registry_must_say_its_licence_where_that_is_asked_for(LicensePolicy policy, int errors, int warnings)
    {
        var model = Model(observed: false);
        model = model with { Spec = JsonSerializer.Deserialize("""{"source":{"pvc":{"claimName":"a"}}}""", ApiJsonContext.Default.LlmModelSpec) };

        var decision = new AdmissionCases { LicensePolicy = policy }.Review(model);

        Assert.Equal((errors, warnings), (decision.Errors.Count, decision.Warnings.Count));
    }

    [Fact]
    public void A_mark_that_breaks_endpoints_is_allowed_and_names_them()
    {
        var cases = new AdmissionCases().With(Model())
            .With(Endpoint(""" "usage":"Commercial" """, "a")).With(Endpoint(""" "usage":"Commercial" """, "b")).With(Endpoint(name: "c"));

        var decision = cases.Review(Model(""" "card":{"commercialUse":false} """), Model());

        Assert.Empty(decision.Errors);
        Assert.StartsWith("LlmEndpoint a, b cannot be followed with it: spec.usage is Commercial and the licence of LlmModel m does not allow that", Assert.Single(decision.Warnings), StringComparison.Ordinal);
        Assert.Empty(cases.Review(Model(""" "card":{"commercialUse":false,"intendedUse":"x"} """), Model(""" "card":{"commercialUse":false} """)).Warnings);
    }

    [Fact]
    public void The_deletion_of_a_model_in_use_is_allowed_and_names_the_endpoints()
    {
        var cases = new AdmissionCases().With(Endpoint(name: "b")).With(Endpoint(name: "a"));

        var decision = ModelAdmission.ReviewDeletion(Model(), cases.Facts);

        Assert.Empty(decision.Errors);
        Assert.Equal(["deletion waits for 2 LlmEndpoints that serve this model: a, b; delete them or change their spec.modelRef"], decision.Warnings);
        Assert.Empty(ModelAdmission.ReviewDeletion(Model(name: "other"), cases.Facts).Warnings);
    }

    [Fact]
    public void An_index_needs_an_endpoint_that_embeds()
    {
        var cases = new AdmissionCases().With(Model()).With(Endpoint(name: "chat"));
        RagIndex Index(string endpoint) => new()
        {
            Metadata = new() { Name = "i", Namespace = "prod" },
            Spec = JsonSerializer.Deserialize("""{"qdrant":{"managed":{}},"collections":[{"name":"c"}],"embedding":{"endpointRef":{"name":"NAME"}}}""".Replace("NAME", endpoint, StringComparison.Ordinal), ApiJsonContext.Default.RagIndexSpec),
        };

        var refused = RagIndexAdmission.Review(Index("chat"), null, cases.Facts);
        var early = RagIndexAdmission.Review(Index("absent"), null, cases.Facts);

        Assert.Equal("spec.embedding.endpointRef.name", Assert.Single(refused.Errors).Field);
        Assert.Empty(early.Errors);
        Assert.Equal(["spec.embedding.endpointRef.name: there is no LlmEndpoint absent in this namespace yet"], early.Warnings);
        Assert.Empty(RagIndexAdmission.Review(Index("chat"), Index("chat"), cases.Facts).Errors);
    }
}
