using LlmOperator.Planning.Diagnosis;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Diagnosis;

public sealed class LogDiagnosisTests
{
    [Theory]
    [InlineData("vllm-context-v0", "ContextTooLong", "a context of 8192 tokens does not fit: the key-value cache holds 6048; set spec.engine.contextLength to 6048 or less")]
    [InlineData("vllm-context-v1", "ContextTooLong", "a context of 100000 tokens does not fit: its key-value cache takes 4.26 GiB and 4.25 GiB is free; set spec.engine.contextLength to 99840 or less")]
    [InlineData("vllm-context-beyond-model", "ContextBeyondModel", "the context asked for (32768 tokens) is longer than the model can take (8192): set spec.engine.contextLength to 8192 or less")]
    [InlineData("sglang-context-beyond-model", "ContextBeyondModel", "(131072 tokens) is longer than the model can take (40960)")]
    [InlineData("vllm-oom-load", "CudaOutOfMemory", "(448.00 MiB more were asked for, 22.05 GiB is all there is): lower spec.engine.contextLength")]
    [InlineData("vllm-oom-sampler", "CudaOutOfMemory", "no memory left for 1024 requests at the same time: lower spec.engine.maxConcurrentRequests")]
    [InlineData("tgi-oom-prefill", "CudaOutOfMemory", "a prefill of 4096 tokens: lower spec.limits.maxBatchPrefillTokens of the LlmModel")]
    [InlineData("tgi-oom-limit", "CudaOutOfMemory", "(4.83 GiB more were asked for, 22.20 GiB is all there is)")]
    [InlineData("sglang-oom-graph", "CudaOutOfMemory", "while graphs were captured (896.00 MiB more were asked for): lower spec.engine.gpuMemoryUtilization")]
    [InlineData("sglang-no-kv", "NoKvCacheSpace", "raise spec.engine.gpuMemoryUtilization")]
    [InlineData("vllm-no-kv", "NoKvCacheSpace", "the weights leave no room for the key-value cache")]
    [InlineData("llamacpp-oom-weights", "CudaOutOfMemory", "(35533.34 MiB more were asked for)")]
    [InlineData("llamacpp-oom-kv", "CudaOutOfMemory", "no memory for the key-value cache and its buffers: lower spec.engine.contextLength")]
    [InlineData("vllm-gpu-in-use", "AcceleratorInUse", "19.77/22.05 GiB is free, 19.84 GiB is wanted")]
    [InlineData("hub-gated-401", "GatedRepository", "meta-llama/Llama-3.1-8B-Instruct is gated and the hub refuses it (401): accept its licence")]
    [InlineData("hub-gated-403", "GatedRepository", "google/gemma-3-4b-it is gated and the hub refuses it (403)")]
    [InlineData("hub-fine-grained", "GatedRepository", "the access token is not allowed to read gated repositories (meta-llama/Llama-3.2-1B)")]
    [InlineData("hub-invalid-token", "InvalidToken", "spec.source.huggingFace.tokenSecretRef of the LlmModel")]
    [InlineData("hub-not-found", "RepositoryNotFound", "the hub has no repository org/private-model that this token, or none, may see")]
    [InlineData("hub-revision", "RevisionNotFound", "the repository mlabonne/TwinLlama-3.1-8B has no such revision (v9): set spec.source.huggingFace.revision")]
    [InlineData("hub-dns", "HubUnreachable", "(huggingface.co): allow the way out (spec.networkPolicy")]
    [InlineData("hub-offline", "HubUnreachable", "spec.cache")]
    [InlineData("hub-rate-limit", "HubRateLimited", "spec.source.huggingFace.tokenSecretRef")]
    [InlineData("vllm-architecture", "UnknownArchitecture", "['LlavaQwenForCausalLM']: set spec.engine.image")]
    [InlineData("transformers-architecture", "UnknownArchitecture", "architecture qwen3_next: set spec.engine.image")]
    [InlineData("llamacpp-architecture", "UnknownArchitecture", "architecture glm4moe")]
    [InlineData("vllm-remote-code", "RemoteCodeNeeded", "add --trust-remote-code to spec.engine.args")]
    [InlineData("driver-insufficient", "DriverTooOld", "(driver 11040): update the driver of the node")]
    [InlineData("driver-803", "DriverTooOld", "spec.engine.image to one built for an older CUDA")]
    [InlineData("driver-runtime", "DriverTooOld", "(cuda>=12.8 is needed)")]
    [InlineData("no-kernel", "NoKernelForAccelerator", "spec.accelerator.type")]
    [InlineData("tei-compute-cap", "NoKernelForAccelerator", "Runtime compute cap 75")]
    [InlineData("no-gpu", "AcceleratorNotVisible", "spec.scheduling.runtimeClassName")]
    [InlineData("ecc", "AcceleratorFault", "cordon the node")]
    [InlineData("bfloat16", "Bfloat16NotSupported", "(compute capability 7.5, 8.0 is needed): add --dtype=half to spec.engine.args")]
    [InlineData("shm-nccl", "SharedMemoryTooSmall", "raise spec.engine.sharedMemory")]
    [InlineData("shm-bus-error", "SharedMemoryTooSmall", "raise spec.engine.sharedMemory")]
    [InlineData("disk-full", "DiskFull", "spec.cache of the LlmModel")]
    [InlineData("host-memory", "HostMemoryExceeded", "spec.engine.resources.requests.memory")]
    [InlineData("permission", "PermissionDenied", "may not write /home/vllm/.cache/vllm")]
    [InlineData("tensor-parallel", "TensorParallelMismatch", "divides its attention heads (28)")]
    [InlineData("quantization", "QuantizationMismatch", "what its weights are (gptq)")]
    [InlineData("quantization-gpu", "QuantizationMismatch", "Current capability: 75")]
    [InlineData("vllm-argument", "UnknownArgument", "--max-lenght 4096; correct spec.engine.args")]
    [InlineData("tgi-argument", "UnknownArgument", "--max-lenght; correct spec.engine.args")]
    [InlineData("llamacpp-argument", "UnknownArgument", "--max-lenght; correct spec.engine.args")]
    [InlineData("argument-value", "InvalidArgument", "invalid choice: 'float17'")]
    [InlineData("port", "PortInUse", "the port 8000 is taken")]
    [InlineData("nccl", "NcclError", "set NCCL_DEBUG to INFO in spec.engine.env")]
    [InlineData("safetensors", "CorruptWeights", "MetadataIncompleteBuffer")]
    [InlineData("gguf-truncated", "CorruptWeights", "data is not within the file bounds")]
    [InlineData("config-missing", "ConfigMissing", "spec.source of the LlmModel")]
    [InlineData("weights-missing", "WeightsMissing", "spec.source of the LlmModel")]
    [InlineData("lora-rank", "LoraRankTooLarge", "(rank 64, at most 16): set spec.adapters[].rank of the LlmModel")]
    [InlineData("exec-format", "ImageArchitectureMismatch", "spec.scheduling.nodeSelector")]
    [InlineData("command-not-found", "CommandNotFound", "spec.engine.command")]
    [InlineData("worker-killed", "ProcessKilled", "spec.engine.resources.limits.memory")]
    [InlineData("s3-denied", "RegistryAccessDenied", "spec.source.s3.credentialsSecretRef")]
    public void A_log_names_its_cause_and_the_field_to_change(string file, string reason, string message)
    {
        var found = LogDiagnosis.Of(Log(file));

        Assert.Equal(reason, found.Cause?.Reason);
        Assert.Contains(message, found.Cause!.Message);
        var own = found.Cause.Message.Split("; the engine says: ")[0];
        Assert.DoesNotContain("  ", own);
        Assert.DoesNotContain("()", own);
    }

    [Fact]
    public void Every_log_of_the_folder_has_a_test_and_every_row_of_the_table_a_log()
    {
        var tested = typeof(LogDiagnosisTests).GetMethod(nameof(A_log_names_its_cause_and_the_field_to_change))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().ToList();

        Assert.Equal(Logs("").Order(StringComparer.Ordinal), tested.Select(row => (string)row.Data[0]!).Order(StringComparer.Ordinal));
        var untested = LogPatterns.All.Select(pattern => pattern.Reason).Except(tested.Select(row => (string)row.Data[1]!));
        Assert.Equal(["RegistryNotFound"], untested);
    }

    [Fact]
    public void A_log_of_a_start_that_went_well_names_no_cause()
    {
        foreach (var file in Logs("healthy"))
        {
            Assert.Null(LogDiagnosis.Of(Log("healthy/" + file)).Cause);
        }
    }

    [Fact]
    public void What_follows_from_an_error_does_not_hide_it()
    {
        var found = LogDiagnosis.Of($"{Log("nccl")}\nOSError: We couldn't connect to 'https://huggingface.co' to load the files\n{Log("vllm-oom-load")}\n{Log("port")}");

        Assert.Equal("CudaOutOfMemory", found.Cause!.Reason);
        Assert.Equal(LogWeight.Cause, found.Weight);
    }

    [Fact]
    public void A_line_that_calls_itself_a_warning_gives_way_to_an_error()
    {
        var found = LogDiagnosis.Of("WARNING 10-11 10:40:14 [usage.py:12] Permission denied: '/home/vllm/.config/vllm'\n" + Log("tensor-parallel"));

        Assert.Equal("TensorParallelMismatch", found.Cause!.Reason);
        Assert.Equal(LogWeight.Symptom, LogDiagnosis.Of("WARNING 10-11 10:40:14 [usage.py:12] Permission denied: '/home/vllm/.config/vllm'").Weight);
    }

    [Fact]
    public void An_unknown_end_shows_its_last_lines_without_colours_and_control_characters()
    {
        var found = LogDiagnosis.Of("first\n\x1b[31mERROR\x1b[0m 10-11 10:40:14 [core.py:1] the \u202eflux\u0007 capacitor is empty\n    ^^^^^^\n\n\x1b]0;title\x07second\r\nthird\tand last\n");

        Assert.Null(found.Cause);
        Assert.Equal("first | the flux capacitor is empty | second | third and last", found.Excerpt);
    }

    [Fact]
    public void The_last_lines_are_few_and_short()
    {
        var found = LogDiagnosis.Of(string.Join('\n', Enumerable.Range(0, 3000).Select(line => $"line {line} {new string('ä', 1000)} 🚀")));

        Assert.InRange(found.Excerpt.Length, 400, 600);
        Assert.StartsWith("line 2995 ", found.Excerpt);
        Assert.Contains("| line 2999 ", found.Excerpt);
        Assert.True(LogDiagnosis.Of("x " + new string('y', 100_000)).Excerpt.Length <= 600);
    }

    [Fact]
    public void A_huge_log_is_read_from_its_end()
    {
        var noise = string.Join('\n', Enumerable.Repeat("nothing of interest", 100_000));

        Assert.Equal("PortInUse", LogDiagnosis.Of(noise + "\n" + Log("port")).Cause?.Reason);
        Assert.Null(LogDiagnosis.Of(Log("port") + "\n" + noise).Cause);
    }

    [Theory]
    [InlineData("x=[")]
    [InlineData("--token ")]
    [InlineData("://")]
    [InlineData("\x1b[")]
    [InlineData("1.2.3:")]
    [InlineData("huggingface.co/a/ CUDA out of memory max seq len (1 KV cache (")]
    public async Task Hostile_logs_are_read_in_time_that_grows_with_their_length(string part)
    {
        // Sixty-four kibibytes of what a careless expression would choke on; the guard is against minutes, not milliseconds.
        var log = string.Concat(Enumerable.Repeat(part, LogText.MaxLength / part.Length));

        var found = await Task.Run(() => LogDiagnosis.Of(log), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.True(found.Excerpt.Length <= 600);
    }

    public static string Log(string name) => File.ReadAllText(Path.Combine(Folder, name + ".log"));

    private static IEnumerable<string> Logs(string folder) => Directory.GetFiles(Path.Combine(Folder, folder), "*.log").Select(file => Path.GetFileNameWithoutExtension(file)!);

    private static string Folder => Path.Combine(SharedData.RepositoryRoot, "tests/LlmOperator.Planning.Tests/Diagnosis/Logs");
}
