using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Diagnosis;

public sealed class RedactionTests
{
    // Built from parts, so that no scanner takes the tests for a leak.
    public static TheoryData<string, string> Planted => new()
    {
        { "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz", "huggingface_hub: using {0} from the environment" },
        { "api_org_" + "AbCdEfGhIjKlMnOp", "token {0} given" },
        { "AKIA" + "IOSFODNN7EXAMPLE", "credentials found for {0}." },
        { "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY={0}" },
        { "wJalrXUtnFEMI/K7MDENG/" + "bPxRfi2CY4EXAMPLE8", "signing with {0} now" },
        { "sk-" + "proj-abcdef0123456789", "api_key='{0}', api_base=None" },
        { "plain-looking-value", "'api_key': ['{0}'], 'port': 8000" },
        { "plain-looking-value", "Namespace(host=None, api_key='{0}', port=8000)" },
        { "abcdef.ghijkl", "Authorization: Bearer {0}1" },
        { "dXNlcjpwYXNz" + "d29yZA==", "authorization: Basic {0}" },
        { "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJ4In0.abc123", "jwt {0} expired" },
        { "user:pa55@word", "Cannot reach https://{0}@mirror.example.org/api" },
        { "user", "Cannot reach s3://{0}@bucket/path" },
        { "hunter22", "DB_PASSWORD={0}" },
        { "hunter22", "DB_PASSWORD: {0}," },
        { "hunter22", "{{\"password\": \"{0}\"}}" },
        { "hunter22 and more", "my_secret = \"{0}\"" },
        { "hunter22", "--hf-token {0} --port 8000" },
        { "hunter22", "['--api-key', '{0}', '--port', '8000']" },
        { "hunter22", "HF_TOKEN={0}" },
        { "0123456789abcdef", "GET /blob?X-Amz-Signature={0}&x=1" },
        { "hunter22", "X-Amz-Security-Token={0}&X-Amz-Expires=300" },
        { "ghp_" + "0123456789abcdefghijABCDEFGHIJ", "cloning with {0}" },
        { "a1B2c3D4e5F6g7H8" + "i9J0k1L2m3N4o5P6", "unknown thing {0}" },
    };

    [Theory]
    [MemberData(nameof(Planted))]
    public void Secrets_are_taken_out_of_what_is_shown(string secret, string line)
    {
        var text = line.Replace("{0}", secret, StringComparison.Ordinal).Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal);

        Assert.DoesNotContain(secret, Redaction.Of(text));
        Assert.DoesNotContain(secret, LogDiagnosis.Of($"start\n{text}\nRuntimeError: boom").Excerpt);
        Assert.DoesNotContain(secret, LogDiagnosis.Of($"error: unrecognized arguments: {text}").Cause!.Message);
    }

    [Theory]
    [InlineData("ValueError: The model's max seq len (8192) is larger than the maximum number of tokens that can be stored in KV cache (6048).")]
    [InlineData("non-default args: {'max_num_batched_tokens': 2048, 'tokenizer': 'org/model', 'tokenizer_mode': 'auto'}")]
    [InlineData("print_info: EOS token        = 151645 '<|im_end|>'")]
    [InlineData("ValueError: Model architectures ['Qwen3VLMoeForConditionalGeneration'] are not supported for now.")]
    [InlineData("failed to pull image docker.io/vllm/vllm-openai@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("Please pass the argument `token=None` or log in.")]
    [InlineData("commit 5ff5d9d0a1b2c3d4e5f60718293a4b5c6d7e8f90 of https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct")]
    public void What_is_no_secret_stays(string line)
    {
        Assert.DoesNotContain("redacted", Redaction.Of(line));
        Assert.Contains(line.Split(' ')[0], Redaction.Of(line));
    }

    [Fact]
    public void Private_keys_are_left_out_whole()
    {
        var found = LogDiagnosis.Of("before\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----\nafter");

        Assert.Equal("before | after", found.Excerpt);
    }

    [Fact]
    public void A_value_the_spec_gives_in_plain_to_a_secret_variable_is_known_by_its_text()
    {
        var endpoint = Cluster.Endpoint(
            """{"modelRef":{"name":"m"},"engine":{"env":[{"name":"HF_TOKEN","value":"correct horse"},{"name":"MODE","value":"plain"}],"args":["--api-key","battery staple","--ssl-key-password=pin4","--port=1"]}}""");

        var secrets = LogDiagnosis.Secrets(endpoint);

        Assert.Equal(["battery staple", "correct horse", "pin4"], secrets);
        var excerpt = LogDiagnosis.Of("it said correct horse battery staple pin4, plain", secrets).Excerpt;
        Assert.Equal("it said [redacted] [redacted] [redacted], plain", excerpt);
    }

    [Fact]
    public void A_secret_that_is_cut_in_two_by_the_end_of_what_is_read_is_not_shown()
    {
        const string Secret = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz";
        var tail = new string('\n', LogText.MaxLength - 10);

        Assert.DoesNotContain("WxYz", LogDiagnosis.Of($"TOKEN={Secret}{tail}").Excerpt);
    }

    [Fact]
    public void No_condition_and_no_event_carries_a_secret_of_a_log_or_of_the_kubelet()
    {
        const string Secret = "s3cr3t-" + "value-of-mine";
        var endpoint = Cluster.Endpoint($$$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"env":[{"name":"API_KEY","value":"{{{Secret}}}"}]}}""");
        foreach (var log in (string[])[$"boom {Secret}", $"vllm: error: unrecognized arguments: --api-key={Secret}", $"Cannot access gated repo for url https://{Secret}@huggingface.co/a/b"])
        {
            var observed = Pods.Crashing(Cluster.Observe(endpoint, Cluster.Model(), Pods.Node), log);
            var plan = EndpointPlanner.Plan(observed);

            Assert.DoesNotContain(Secret, JsonSerializer.Serialize(plan.Status, ApiJsonContext.Default.LlmEndpointStatus));
            Assert.DoesNotContain(plan.Transitions, transition => transition.Condition.Message!.Contains(Secret, StringComparison.Ordinal));
        }

        var waiting = EndpointPlanner.Plan(Pods.Waiting(Cluster.Observe(endpoint, Cluster.Model(), Pods.Node), "CreateContainerError", $"cannot mount {Secret}"));
        Assert.DoesNotContain(Secret, JsonSerializer.Serialize(waiting.Status, ApiJsonContext.Default.LlmEndpointStatus));
    }
}
