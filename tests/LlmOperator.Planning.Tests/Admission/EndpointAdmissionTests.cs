using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Endpoints;
using Xunit;
using static LlmOperator.Planning.Tests.Admission.AdmissionCases;

namespace LlmOperator.Planning.Tests.Admission;

public sealed class EndpointAdmissionTests
{
    [Fact]
    public void A_sound_endpoint_of_a_known_model_is_allowed_without_a_word()
    {
        var decision = new AdmissionCases().With(Model()).Review(Endpoint());

        Assert.Empty(decision.Errors);
        Assert.Empty(decision.Warnings);
    }

    [Fact]
    public void An_endpoint_may_come_before_its_model()
    {
        var decision = new AdmissionCases().Review(Endpoint());

        Assert.Empty(decision.Errors);
        Assert.Equal(["there is no LlmModel m in this namespace yet: nothing runs until it is created"], decision.Warnings);
    }

    [Theory]
    [InlineData("", """{"type":"Z9"}""", "FieldValueNotSupported", "spec.accelerator.type", "Unsupported value: \"Z9\": spec.accelerator.type \"Z9\" is not in the accelerator catalogue: use one of ")]
    [InlineData(""" "engine":{"args":["--port=1"]} """, """{"type":"A10G"}""", "FieldValueForbidden", "spec.engine.args", "Forbidden: spec.engine.args must not have --port")]
    [InlineData(""" "rollout":{"maxSurge":0,"maxUnavailable":"0%"} """, """{"type":"A10G"}""", "FieldValueInvalid", "spec.rollout.maxUnavailable", "Invalid value: \"0%\": with spec.rollout.maxSurge and spec.rollout.maxUnavailable both 0")]
    [InlineData(""" "rollout":{"maxSurge":"abc"} """, """{"type":"A10G"}""", "FieldValueInvalid", "spec.rollout.maxSurge", "Invalid value: \"abc\": spec.rollout.maxSurge is neither a count of pods nor a share")]
    [InlineData(""" "rollout":{"maxUnavailable":"150%"} """, """{"type":"A10G"}""", "FieldValueInvalid", "spec.rollout.maxUnavailable", "Invalid value: \"150%\": spec.rollout.maxUnavailable is neither a count of pods nor a share")]
    [InlineData(""" "engine":{"sharedMemory":"-5Gi"} """, """{"type":"A10G"}""", "FieldValueInvalid", "spec.engine.sharedMemory", "Invalid value: \"-5Gi\": spec.engine.sharedMemory is -5Gi and must be more than nothing")]
    [InlineData(""" "engine":{"resources":{"requests":{"cpu":"4"},"limits":{"cpu":"2"}}} """, """{"type":"A10G"}""", "FieldValueInvalid", "spec.engine.resources.requests", "Invalid value: {\"cpu\":\"4\"}: spec.engine.resources.requests.cpu 4 is more than spec.engine.resources.limits.cpu 2")]
    [InlineData(""" "engine":{"resources":{"limits":{"nvidia.com/gpu":"2"}}} """, """{"type":"A10G"}""", "FieldValueInvalid", "spec.engine.resources.limits", "Invalid value: {\"nvidia.com/gpu\":\"2\"}: spec.engine.resources.limits.nvidia.com/gpu differs from the 1 accelerators that a pod gets")]
    [InlineData(""" "podTemplate":{"spec":{"containers":[{"name":"engine","resources":{"limits":{"nvidia.com/gpu":"2"}}}]}} """, """{"type":"A10G"}""", "FieldValueForbidden", "spec.podTemplate", "Forbidden: spec.podTemplate.spec.containers[engine].resources.limits.nvidia.com/gpu is made from the spec: set spec.accelerator.count")]
    [InlineData(""" "promptTrace":{"exporters":[{"name":"a","url":"http://a:4318?key=1"}]} """, """{"type":"A10G"}""", "FieldValueForbidden", "spec.promptTrace.exporters", "Forbidden: spec.promptTrace.exporters[a].url must end with its path")]
    [InlineData(""" "promptTrace":{"redactPatterns":["(a)\\1"]} """, """{"type":"A10G"}""", "FieldValueForbidden", "spec.promptTrace.redactPatterns", "Forbidden: spec.promptTrace.redactPatterns[0] is not an expression that can be matched in linear time")]
    [InlineData(""" "podTemplate":{"spec":{"containers":[{"name":"prompt-trace","image":"x"}]}} """, """{"type":"A10G"}""", "FieldValueForbidden", "spec.podTemplate", "Forbidden: spec.podTemplate.spec.containers[prompt-trace] has the name of the operator's sidecar")]
    public void What_needs_no_model_is_refused_before_there_is_one(string fields, string accelerator, string reason, string field, string message)
    {
        var error = Assert.Single(new AdmissionCases().Review(Endpoint(fields, accelerator: accelerator)).Errors);

        Assert.Equal((reason, field), (error.Reason, error.Field));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "rollout":{"maxSurge":"25%","maxUnavailable":1} """)]
    [InlineData(""" "engine":{"sharedMemory":"1Gi","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"2","nvidia.com/gpu":"1"}}} """)]
    [InlineData(""" "podTemplate":{"spec":{"containers":[{"name":"engine","resources":{"limits":{"memory":"32Gi"}}}]}} """)]
    public void Sound_amounts_are_allowed(string fields) => Assert.Empty(new AdmissionCases().With(Model()).Review(Endpoint(fields)).Errors);

    [Theory]
    [InlineData(""" "autoscaling":{"minReplicas":1,"maxReplicas":2} """, true, "spec.autoscaling (minReplicas are run)")]
    [InlineData(""" "generation":{"temperature":0.5} """, false, "spec.generation (the operator runs without gateways)")]
    public void What_is_not_acted_on_is_warned_of(string fields, bool gateway, string what)
    {
        var decision = new AdmissionCases { DataPath = new() { Gateway = gateway } }.With(Model()).Review(Endpoint(fields));

        Assert.Empty(decision.Errors);
        Assert.Equal([$"this version of the operator does not act on {what}"], decision.Warnings);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void A_model_over_several_nodes_is_warned_of_only_where_the_kind_for_it_is_missing(bool isInstalled, int warnings)
    {
        var cases = new AdmissionCases { HasLeaderWorkerSets = isInstalled }.With(Model());

        var decision = cases.Review(Endpoint(""" "parallelism":{"pipeline":2} """, accelerator: """{"type":"A10G","count":1}"""));

        Assert.Empty(decision.Errors);
        Assert.Equal(warnings, decision.Warnings.Count(warning => warning.Contains("LeaderWorkerSet", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("A10G", 0)]
    [InlineData("H100", 1)]
    public void Whoever_applies_an_endpoint_is_told_that_no_node_has_its_class(string type, int warnings)
    {
        var cases = new AdmissionCases { Nodes = [Planning.Tests.Endpoints.Cluster.Node("a10g-0", "NVIDIA-A10G")] }.With(Model());

        var decision = cases.Review(Endpoint(accelerator: $$"""{"type":"{{type}}"}"""));

        Assert.Equal(warnings, decision.Warnings.Count(warning => warning.StartsWith($"no node has accelerator {type}", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(""" "card":{"commercialUse":false} """, """ "usage":"Commercial" """, "spec.usage", "the licence of LlmModel m does not allow that")]
    [InlineData(""" "quantization":"eetq" """, "", "spec.modelRef.name", "vLLM does not load weights as eetq: set spec.quantization of LlmModel m to ")]
    [InlineData("", """ "parallelism":{"tensor":2,"pipeline":2},"accelerator":{"type":"A10G","count":6} """, "spec.accelerator.count", "parallelism.tensor 2 x parallelism.pipeline 2")]
    [InlineData(""" "limits":{"maxInputTokens":4096} """, """ "engine":{"contextLength":4096} """, "spec.engine.contextLength", "must be more than limits.maxInputTokens 4096 of LlmModel m: raise it to 4097 or more")]
    [InlineData(""" "limits":{"maxBatchTotalTokens":2048} """, """ "engine":{"contextLength":4096} """, "spec.engine.contextLength", "must not exceed limits.maxBatchTotalTokens 2048 of LlmModel m")]
    [InlineData(""" "adapters":[{"name":"twin","source":{"pvc":{"claimName":"a"}}}] """, "", "spec.modelRef.name", "adapter twin of LlmModel m has the name of the endpoint")]
    [InlineData(""" "card":{"adaptable":false},"adapters":[{"name":"a","source":{"pvc":{"claimName":"a"}}}] """, "", "spec.modelRef.name", "the licence does not allow (spec.card.adaptable is false)")]
    public void What_the_model_does_not_allow_is_refused_with_the_words_of_the_condition(string model, string endpoint, string field, string words)
    {
        var cases = new AdmissionCases().With(Model(model));
        var candidate = Endpoint(endpoint);

        var error = Assert.Single(cases.Review(candidate).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(words, error.Message);
        var plan = EndpointPlanner.Plan(Endpoints.Cluster.Observe(candidate, cases.Models["m"]));
        var condition = plan.Status.Conditions!.Single(condition => condition.Type == "Ready");
        Assert.EndsWith(condition.Message!, error.Message, StringComparison.Ordinal);
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void All_that_is_wrong_is_listed_at_once()
    {
        var cases = new AdmissionCases().With(Model(""" "card":{"commercialUse":false} """));

        var errors = cases.Review(Endpoint(""" "usage":"Commercial","rollout":{"maxSurge":0,"maxUnavailable":0} """, accelerator: """{"type":"Z9"}""")).Errors;

        Assert.Equal(["spec.usage", "spec.rollout.maxUnavailable", "spec.accelerator.type"], errors.Select(error => error.Field));
    }

    [Theory]
    [InlineData("A10G")]
    [InlineData("Z9")]
    public void One_mistake_about_the_engine_does_not_hide_the_next(string accelerator)
    {
        var cases = new AdmissionCases().With(Model());

        var errors = cases.Review(Endpoint(""" "engine":{"image":"no image","args":["--port=1","--max-num-seqs","x","--max-model-len=y"]} """, accelerator: $$"""{"type":"{{accelerator}}"}""")).Errors;

        Assert.Equal(["spec.engine.image"], errors.Where(error => error.Message.Contains("ImageInvalid", StringComparison.Ordinal) || error.Field == "spec.engine.image").Select(error => error.Field));
        Assert.Single(errors, error => error.Message.Contains("must not have --port", StringComparison.Ordinal));
        Assert.Single(errors, error => error.Message.Contains("gives --max-num-seqs no number", StringComparison.Ordinal));
        Assert.Single(errors, error => error.Message.Contains("gives --max-model-len no number", StringComparison.Ordinal));
        Assert.Equal(accelerator == "Z9", errors.Any(error => error.Field == "spec.accelerator.type"));
    }

    [Theory]
    [InlineData(LicensePolicy.Warn, 0, 1)]
    [InlineData(LicensePolicy.Refuse, 1, 0)]
    [InlineData(LicensePolicy.Ignore, 0, 0)]
    public void A_missing_licence_warns_or_refuses_as_configured(LicensePolicy policy, int errors, int warnings)
    {
        var decision = new AdmissionCases { LicensePolicy = policy }.With(Model()).Review(Endpoint());

        Assert.Equal((errors, warnings), (decision.Errors.Count, decision.Warnings.Count));
        Assert.All([.. decision.Errors.Select(error => error.Message), .. decision.Warnings], text => Assert.EndsWith("nothing says under which licence LlmModel m may be used: set its spec.card.license", text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_licence_the_registry_has_not_told_yet_is_not_missing() =>
        Assert.Empty(new AdmissionCases { LicensePolicy = LicensePolicy.Refuse }.With(Model(observed: false)).Review(Endpoint()).Errors);

    [Fact]
    public void What_was_broken_elsewhere_does_not_keep_people_from_changing_something_else()
    {
        var cases = new AdmissionCases().With(Model(""" "card":{"commercialUse":false} """));
        var before = Endpoint(""" "usage":"Commercial","replicas":3 """);

        var decision = cases.Review(Endpoint(""" "usage":"Commercial","replicas":1 """), before);

        Assert.Empty(decision.Errors);
        Assert.Contains("does not allow that", Assert.Single(decision.Warnings));
        Assert.Single(cases.Review(Endpoint(""" "usage":"Commercial" """, accelerator: """{"type":"Z9"}"""), before).Errors);
    }

    [Fact]
    public void What_only_this_version_cannot_do_is_a_warning()
    {
        var decision = new AdmissionCases().With(Model()).Review(Endpoint(""" "backend":"SageMaker" """));

        Assert.Empty(decision.Errors);
        Assert.Contains("does not serve on SageMaker", Assert.Single(decision.Warnings));
    }

    [Fact]
    public void A_reference_to_an_endpoint_of_another_task_is_refused_and_one_to_none_is_a_warning()
    {
        var cases = new AdmissionCases().With(Model()).With(Endpoint(name: "chat"));
        const string Rag = """ "rag":{"indexRef":{"name":"i"},"rerank":{"endpointRef":{"name":"chat"}},"helper":{"endpointRef":{"name":"absent"}}} """;

        var error = Assert.Single(cases.Review(Endpoint(Rag)).Errors);

        Assert.Equal("spec.rag.rerank.endpointRef.name", error.Field);
        Assert.Contains("with task Generate, and one with task Rerank is needed", error.Message);
        cases.With(Model(""" "task":"Rerank" """, "ranker")).With(Endpoint(name: "chat", model: "ranker"));
        Assert.Contains("spec.rag.helper.endpointRef.name: there is no LlmEndpoint absent in this namespace yet", cases.Review(Endpoint(Rag)).Warnings);
    }
}
