using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Engines;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Engines;

public sealed class EngineCheckTests
{
    private const string Hub = """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B"}""";

    [Theory]
    [InlineData("TGI", """ "parallelism":{"pipeline":2} """, Hub, "ParallelismNotSupported", "TGI has no pipeline parallelism: set spec.parallelism.pipeline to 1")]
    [InlineData("TGI", """ "accelerator":{"type":"A10G","count":4},"parallelism":{"tensor":2} """, Hub, "ParallelismNotSupported", "would leave 2 of 4 accelerators idle: set spec.accelerator.count to 2 and spec.parallelism.data to 2")]
    [InlineData("TEI", """ "accelerator":{"type":"A10G","count":2} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","task":"Embed"}""", "ParallelismNotSupported", "TEI uses one accelerator")]
    [InlineData("LlamaCpp", """ "parallelism":{"tensor":2,"pipeline":2} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"gguf"}""", "ParallelismNotSupported", "not both")]
    [InlineData("LlamaCpp", """ "accelerator":{"type":"A10G","count":1},"parallelism":{"pipeline":2} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"gguf"}""", "ParallelismNotSupported", "set spec.accelerator.count to 2, or spec.engine.type to vLLM or SGLang")]
    [InlineData("vLLM", """ "parallelism":{"tensor":3} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","architecture":{"attentionHeads":32}}""", "ParallelismMismatch", "does not deal out the 32 attention heads")]
    [InlineData("vLLM", """ "accelerator":{"type":"A10G","count":2},"parallelism":{"tensor":3} """, Hub, "ParallelismMismatch", "set spec.accelerator.count to 3")]
    [InlineData("vLLM", """ "accelerator":{"type":"A10G","count":2},"parallelism":{"tensor":4} """, Hub, "ParallelismMismatch", "set spec.accelerator.count to 4")]
    [InlineData("vLLM", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"eetq"}""", "QuantizationNotSupported", "vLLM does not load weights as eetq: set spec.quantization of LlmModel m to one of none, fp8, int8")]
    [InlineData("TGI", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"gguf"}""", "QuantizationNotSupported", "or spec.engine.type to vLLM or LlamaCpp")]
    [InlineData("LlamaCpp", null, Hub, "QuantizationNotSupported", "one of gguf")]
    [InlineData("vLLM", """ "accelerator":{"type":"T4"} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"fp8"}""", "QuantizationNotSupported", "T4 (compute capability 7.5) cannot load weights as fp8")]
    [InlineData("TEI", null, Hub, "TaskNotSupported", "TEI does not serve models whose task is Generate")]
    [InlineData("TGI", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","task":"Embed"}""", "TaskNotSupported", "set spec.engine.type to vLLM or SGLang or LlamaCpp or TEI")]
    [InlineData("SGLang", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","task":"Rerank"}""", "TaskNotSupported", "vLLM or LlamaCpp or TEI")]
    [InlineData("TGI", null, """{"source":{"s3":{"bucket":"models"}},"parameters":"8B"}""", "SourceNotSupported", "TGI does not load weights from S3: set spec.cache of LlmModel m, or spec.engine.type to vLLM")]
    [InlineData("LlamaCpp", null, """{"source":{"pvc":{"claimName":"c","path":"folder"}},"parameters":"8B","quantization":"gguf"}""", "SourceNotSupported", "/models/folder is a folder")]
    [InlineData("LlamaCpp", null, """{"source":{"huggingFace":{"repo":"org/model","revision":"v2"}},"parameters":"8B","quantization":"gguf"}""", "RevisionNotSupported", "cannot be told revision v2")]
    [InlineData("TEI", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","task":"Embed","adapters":[{"name":"a","source":{"pvc":{"claimName":"c"}}}]}""", "AdaptersNotSupported", "TEI serves no LoRA adapters")]
    [InlineData("vLLM", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","adapters":[{"name":"a","source":{"s3":{"bucket":"adapters"}}}]}""", "AdapterSourceNotSupported", "adapter a lies in S3")]
    [InlineData("vLLM", null, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","adapters":[{"name":"twin","source":{"pvc":{"claimName":"c"}}}]}""", "AdapterNameTaken", "adapter twin")]
    [InlineData("TEI", """ "engine":{"type":"TEI","kvCacheDataType":"fp8"} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","task":"Embed"}""", "KvCacheTypeNotSupported", "set spec.engine.kvCacheDataType to auto")]
    [InlineData("vLLM", """ "accelerator":{"type":"MI300X"} """, Hub, "ImageUnknown", "no image of vLLM for accelerator MI300X: set spec.engine.image")]
    [InlineData("vLLM", """ "parallelism":{"pipeline":4} """, """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","architecture":{"layers":3}}""", "ParallelismMismatch", "more parts than the 3 layers of LlmModel m: set it to 3 or less")]
    [InlineData("vLLM", """ "engine":{"image":"https://registry/vllm"} """, Hub, "ImageInvalid", "write it as registry/name:tag")]
    [InlineData("Custom", """ "engine":{"type":"Custom","image":"not an image"} """, Hub, "ImageInvalid", "without blanks")]
    [InlineData("vLLM", """ "engine":{"args":["--max-model-len","long"]} """, Hub, "ArgumentInvalid", "spec.engine.args gives --max-model-len no number, and vLLM needs one there: write a whole number, such as 8192 or 8k")]
    [InlineData("Custom", null, Hub, "ImageMissing", "set it to the image of your server")]
    public void What_an_engine_cannot_do_is_refused_with_reason_and_remedy(string engine, string? more, string model, string reason, string message)
    {
        var plan = Plan(engine, more, model);

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal(("False", reason), (ready.Status, ready.Reason));
        Assert.Contains(message, ready.Message);
        Assert.False(plan.IsFollowed);
        Assert.Null(plan.Deployment);
    }

    [Theory]
    [InlineData("vLLM", "--max-model-len=8k", true)]
    [InlineData("vLLM", "--max-model-len=8.5K", true)]
    [InlineData("vLLM", "--max_model_len=auto", true)]
    [InlineData("vLLM", "--max-model-len=-1", true)]
    [InlineData("vLLM", "--max-model-len=8kk", false)]
    [InlineData("vLLM", "--max-num-seqs=1.5", false)]
    [InlineData("vLLM", "--gpu-memory-utilization=0.95", true)]
    [InlineData("vLLM", "--gpu-memory-utilization=95", false)]
    [InlineData("vLLM", "--max-num-seqs", false)]
    [InlineData("vLLM", "--swap-space=4.5", true)]
    [InlineData("vLLM", "--something-new=word", true)]
    [InlineData("TGI", "--max-total-tokens=many", false)]
    [InlineData("TGI", "--cuda-memory-fraction=1.0", true)]
    [InlineData("SGLang", "--chunked-prefill-size=-1", true)]
    [InlineData("SGLang", "--mem-fraction-static=most", false)]
    [InlineData("LlamaCpp", "-ngl=all", true)]
    [InlineData("LlamaCpp", "-ngl=some", false)]
    [InlineData("LlamaCpp", "--threads=eight", false)]
    public void A_number_of_an_engine_is_a_number(string engine, string argument, bool isAllowed)
    {
        var model = engine == "LlamaCpp" ? """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"gguf"}""" : Hub;
        var ready = Plan(engine, $$""" "engine":{"type":"{{engine}}","args":["{{argument}}"]} """, model).Status.Conditions.Find(ConditionTypes.Ready)!;

        Assert.Equal(isAllowed, ready.Reason != "ArgumentInvalid");
        Assert.DoesNotContain(argument.Contains('=', StringComparison.Ordinal) ? argument[argument.IndexOf('=', StringComparison.Ordinal)..] : "=", isAllowed ? "" : ready.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ubuntu", true)]
    [InlineData("registry:5000/team/vllm_fork:v1.2-x", true)]
    [InlineData("123456789012.dkr.ecr.eu-west-1.amazonaws.com/vllm@sha256:0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("[::1]:5000/vllm", true)]
    [InlineData("Registry.Example/vllm", true)]
    [InlineData("vLLM/openai", true)]
    [InlineData("registry/vLLM", false)]
    [InlineData("registry/vllm:", false)]
    [InlineData("vllm@sha256:12", false)]
    [InlineData(" vllm", false)]
    [InlineData("vllm\n", false)]
    [InlineData("", false)]
    public void Names_of_images_are_told_from_other_words(string image, bool isValid) => Assert.Equal(isValid, ImageNames.IsValid(image));

    [Theory]
    [InlineData("vLLM", "--port=9000", "set spec.engine.port instead")]
    [InlineData("vLLM", "--host", "leave it out")]
    [InlineData("vLLM", "--served_model_name", "name one of these so instead")]
    [InlineData("vLLM", "-tp=2", "set spec.parallelism.tensor instead")]
    [InlineData("vLLM", "--model", "spec.modelRef")]
    [InlineData("vLLM", "--revision=x", "spec.source.huggingFace.revision")]
    [InlineData("vLLM", "--ssl-certfile=x", "end TLS in front of it")]
    [InlineData("TGI", "--num-shard", "set spec.parallelism.tensor instead")]
    [InlineData("TGI", "-p", "set spec.engine.port instead")]
    [InlineData("SGLang", "--tp", "set spec.parallelism.tensor instead")]
    [InlineData("SGLang", "--model", "spec.modelRef")]
    public void An_argument_that_is_the_operators_is_refused_with_the_field_to_use(string engine, string argument, string instead)
    {
        var plan = Plan(engine, $$""" "engine":{"type":"{{engine}}","args":["{{argument}}"]} """, Hub);

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal("ArgumentNotAllowed", ready.Reason);
        Assert.Contains("spec.engine.args must not have -", ready.Message);
        Assert.Contains(instead, ready.Message);
    }

    [Theory]
    [InlineData("TGI", "PORT")]
    [InlineData("TGI", "NUM_SHARD")]
    [InlineData("TGI", "SM_NUM_GPUS")]
    [InlineData("TGI", "HF_MODEL_ID")]
    public void A_variable_that_is_the_operators_is_refused_where_the_engine_reads_it(string engine, string variable)
    {
        var plan = Plan(engine, $$""" "engine":{"type":"{{engine}}","env":[{"name":"{{variable}}","value":"1"}]} """, Hub);

        Assert.Equal("ArgumentNotAllowed", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Reason);
        Assert.True(Plan("vLLM", $$""" "engine":{"env":[{"name":"{{variable}}","value":"1"}]} """, Hub).IsFollowed);
    }

    [Fact]
    public void What_the_users_arguments_and_variables_replace_is_told()
    {
        var plan = Plan("vLLM", """ "engine":{"args":["--gpu-memory-utilization=0.95","--enforce-eager"],"env":[{"name":"HOME","value":"/x"}],"contextLength":2048} """, Hub);

        var overridden = plan.Status.Conditions.Find(ConditionTypes.ArgumentsOverridden)!;
        Assert.Equal("True", overridden.Status);
        Assert.Contains("--gpu-memory-utilization (would be 0.9), HOME (would be /cache)", overridden.Message);
        Assert.True(plan.IsFollowed);
        Assert.Null(Plan("vLLM", """ "engine":{"args":["--enforce-eager"]} """, Hub).Status.Conditions.Find(ConditionTypes.ArgumentsOverridden));
    }

    [Fact]
    public void A_flag_replaces_the_variable_that_stands_for_it()
    {
        var plan = Plan("TGI", """ "engine":{"type":"TGI","args":["--max-total-tokens","8192","--max-input-tokens=4000"]} """, EngineCases.TwinModel);

        var variables = plan.Deployment!.Spec!.Template!.Spec!.Containers![0].Env!.Select(variable => variable.Name).ToList();
        Assert.DoesNotContain("MAX_TOTAL_TOKENS", variables);
        Assert.DoesNotContain("MAX_INPUT_LENGTH", variables);
        Assert.Contains("MAX_TOTAL_TOKENS (would be 4096)", plan.Status.Conditions.Find(ConditionTypes.ArgumentsOverridden)!.Message);
    }

    [Fact]
    public void A_secret_that_is_replaced_is_named_and_not_shown()
    {
        var plan = Plan("vLLM", """ "engine":{"env":[{"name":"HF_TOKEN","value":"planted"}]} """, EngineCases.TwinModel);

        var overridden = plan.Status.Conditions.Find(ConditionTypes.ArgumentsOverridden)!;
        Assert.EndsWith("HF_TOKEN", overridden.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("planted", overridden.Message);
    }

    [Theory]
    [InlineData("vllm/vllm-openai:v0.27.1", 10, true)]
    [InlineData("vllm/vllm-openai:v0.18.0-cu129", 10, true)]
    [InlineData("vllm/vllm-openai:v0.17.1", 70, false)]
    [InlineData("registry:5000/vllm", 70, false)]
    [InlineData("registry/vllm@sha256:0123456789012345678901234567890123456789012345678901234567890123", 70, false)]
    public void An_image_that_cuts_answers_off_is_let_finish_before_it_is_told_to_end(string image, int sleep, bool drains)
    {
        var pod = Plan("vLLM", $$""" "engine":{"image":"{{image}}"} """, Hub).Deployment!.Spec!.Template!.Spec!;

        Assert.Equal(sleep, pod.Containers![0].Lifecycle!.PreStop!.Sleep!.Seconds);
        Assert.Equal(drains, pod.Containers[0].Args!.Contains("--shutdown-timeout"));
        Assert.Equal(90, pod.TerminationGracePeriodSeconds);
    }

    [Theory]
    [InlineData("vllm/vllm-openai:v0.27.1", "0.27")]
    [InlineData("registry:5000/org/vllm:0.9.2", "0.9")]
    [InlineData("org/tgi:3.3.7-rocm", "3.3")]
    [InlineData("org/sglang:v0.5.5.post3-rocm700", "0.5")]
    [InlineData("org/vllm:v0.20.1@sha256:aa", "0.20")]
    [InlineData("org/vllm:0.9", "0.9")]
    [InlineData("registry:5000/vllm", null)]
    [InlineData("org/vllm:latest", null)]
    [InlineData("org/vllm:20250101", null)]
    public void An_images_version_is_read_from_its_tag(string image, string? version) => Assert.Equal(version, ImageVersion.Of(image)?.ToString());

    private static EndpointPlan Plan(string engine, string? more, string model)
    {
        var accelerator = more?.Contains("\"accelerator\"", StringComparison.Ordinal) == true ? "" : """ "accelerator":{"type":"A10G"}, """;
        var type = more?.Contains("\"engine\"", StringComparison.Ordinal) == true ? "" : $$""" ,"engine":{"type":"{{engine}}"} """;
        return EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint($$"""{ {{accelerator}} "modelRef":{"name":"m"}{{(more is null ? "" : "," + more)}}{{type}} }"""), Cluster.Model(model)) with
        { HasLeaderWorkerSets = true });
    }
}
