using static LlmOperator.Planning.Diagnosis.LogWeight;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>
/// What vLLM, TGI, SGLang, llama.cpp and TEI, and the libraries under them, write when they fail. A row: its reason, how much it tells, the texts a line is known by, and the words for a person.
/// Where two rows know the same line and tell as much, the one further up counts.
/// </summary>
internal static class LogPatterns
{
    private const string MoreMemory = "a larger spec.accelerator.type, more of them (spec.accelerator.count with spec.parallelism.tensor), or a quantised model (spec.quantization of the LlmModel)";
    private const string LessMemory = "lower spec.engine.contextLength or spec.engine.maxConcurrentRequests, or use " + MoreMemory;
    private const string HubToken = "spec.source.huggingFace.tokenSecretRef of the LlmModel";
    private const string Repository = @"huggingface\.co/(?:api/models/)?(?<repo>[A-Za-z0-9][\w.-]*/[\w.-]*\w)";
    private const string Allocation = @"(?:Tried to allocate|Requested\s*:) (?<asked>[0-9.]+ [KMGT]iB)";
    private const string Capacity = @"(?:has a total capac?i?ty of|Device limit\s*:) (?<total>[0-9.]+ [KMGT]iB)";

    public static IReadOnlyList<LogPattern> All { get; } =
    [
        // Memory of the accelerator. Engines that say what would fit come first.
        new("ContextTooLong", Exact, ["is larger than the maximum number of tokens that can be stored in KV cache"], static of =>
            $"a context of {of["asked"]} tokens does not fit: the key-value cache holds {of["fits"]}; set spec.engine.contextLength to {of["fits"]} or less, spec.engine.kvCacheDataType to fp8, or use {MoreMemory}")
        {
            Details = [@"max seq len \((?<asked>[0-9]+)\).*?KV cache \((?<fits>[0-9]+)\)"],
            NeedsDetails = true,
        },
        new("ContextTooLong", Exact, ["To serve at least one request with the model", "is larger than the available KV cache memory"], static of =>
            $"a context of {of["asked"]} tokens does not fit: its key-value cache takes {of["needs"] ?? "more"} and {of["has"] ?? "less"} is free; "
            + (of["fits"] is { } fits ? $"set spec.engine.contextLength to {fits} or less" : "lower spec.engine.contextLength") + $", spec.engine.kvCacheDataType to fp8, or use {MoreMemory}")
        {
            Details = [@"max seq len \((?<asked>[0-9]+)\)", @"(?<needs>[0-9.]+ [KMGT]i?B) KV cache is needed", @"available KV cache memory \((?<has>[0-9.]+ [KMGT]i?B)\)", @"estimated maximum model length is (?<fits>[0-9]+)"],
            NeedsDetails = true,
        },
        new("ContextBeyondModel", Exact, ["is greater than the derived max_model_len", "is greater than the derived context_length"], static of =>
            $"the context asked for{of.With(" (", "asked", " tokens)")} is longer than the model can take{of.With(" (", "fits", ")")}: set spec.engine.contextLength to {of["fits"] ?? "what the model can take"} or less")
        {
            Details = [@"User-specified (?:max_model_len|context_length) \((?<asked>[0-9]+)\)", @"(?:derived (?:max_model_len|context_length) \([^)0-9]*|max_position_embeddings=|model_max_length=)(?<fits>[0-9]+)"],
        },
        new("CudaOutOfMemory", Exact, ["Not enough memory to handle", "You need to decrease `--max-batch-prefill-tokens`"], static of =>
            $"the accelerator has no memory for a prefill{of.With(" of ", "tokens", " tokens")}: lower spec.limits.maxBatchPrefillTokens of the LlmModel, or use {MoreMemory}")
        {
            Details = ["handle (?<tokens>[0-9]+) prefill tokens", "(?<name>prefill)"],
            NeedsDetails = true,
        },
        new("CudaOutOfMemory", Exact, ["CUDA out of memory occurred when warming up sampler"], static of =>
            $"the accelerator has no memory left for{of.With(" ", "requests", "")} requests at the same time: lower spec.engine.maxConcurrentRequests or spec.engine.gpuMemoryUtilization, or use {MoreMemory}")
        {
            Details = ["sampler with (?<requests>[0-9]+) dummy requests"],
        },
        new("NoKvCacheSpace", Cause, ["No available memory for the cache blocks", "Available KV cache memory: -", "Please try to increase --mem-fraction-static", "Not enough memory. Please try increasing --mem-fraction-static", "max_total_num_tokens <= 0"], static _ =>
            $"the weights leave no room for the key-value cache: raise spec.engine.gpuMemoryUtilization, or use {MoreMemory}"),
        new("AcceleratorInUse", Cause, ["is less than desired GPU memory utilization"], static of =>
            $"somebody else takes memory of the accelerator{of.With(": ", "free", " is free")}{of.With(", ", "wanted", " is wanted")}; end what else runs on it (time slicing and processes outside Kubernetes are not counted), or lower spec.engine.gpuMemoryUtilization")
        {
            Details = [@"Free memory on device[^(]*\((?<free>[0-9./]+ [KMGT]iB)\)", @"utilization \([0-9.]+, (?<wanted>[0-9.]+ [KMGT]iB)\)"],
        },
        new("CudaOutOfMemory", Cause, ["Capture cuda graph failed: CUDA out of memory", "Capture CUDA graph failed: CUDA out of memory", "failed: CUDA out of memory"], static of =>
            $"the accelerator ran out of memory while graphs were captured{of.With(" (", "asked", " more were asked for)")}: lower spec.engine.gpuMemoryUtilization or spec.engine.maxConcurrentRequests, or use {MoreMemory}")
        {
            Details = [Allocation],
        },
        new("CudaOutOfMemory", Cause, ["failed to allocate buffer for kv cache", "failed to allocate compute buffers", "failed to initialize the context: failed to allocate"], static _ =>
            $"the accelerator has no memory for the key-value cache and its buffers: {LessMemory}"),
        new("CudaOutOfMemory", Cause, ["CUDA out of memory", "CUDA error: out of memory", "cudaMalloc failed: out of memory", "HIP out of memory", "CUDA_ERROR_OUT_OF_MEMORY", "unable to allocate CUDA", "DriverError(CUDA_ERROR_OUT_OF_MEMORY", "would exceed allowed memory. (out of memory)"], static of =>
            $"the accelerator ran out of memory{of.With(" (", "asked", " more were asked for")}{of.With(of["asked"] is null ? " (" : ", ", "total", " is all there is")}{(of["asked"] ?? of["total"]) switch { null => "", _ => ")" }}: {LessMemory}")
        {
            Details = [Allocation, Capacity, @"allocating (?<asked>[0-9.]+ [KMGT]iB) on device"],
        },

        // Accelerator, driver and image.
        new("DriverTooOld", Cause, ["CUDA driver version is insufficient", "unsupported display driver / cuda driver combination", "forward compatibility was attempted on non supported HW", "The NVIDIA driver on your system is too old", "please update your driver to a newer version", "provided PTX was compiled with an unsupported toolchain"], static of =>
            $"the node's driver is too old for the CUDA of the image{of.With(" (", "needs", " is needed)")}{of.With(" (driver ", "found", ")")}: update the driver of the node, or set spec.engine.image to one built for an older CUDA")
        {
            Details = ["unsatisfied condition: (?<needs>cuda ?>= ?[0-9.]+)", @"\(found version (?<found>[0-9]+)\)"],
        },
        new("NoKernelForAccelerator", Cause, ["no kernel image is available", "is not compatible with compile time compute cap", "not compatible with the current PyTorch installation", "named symbol not found"], static of =>
            $"the image has no code for this accelerator: set spec.engine.image to one built for it, or choose another spec.accelerator.type; the engine says: {of.Line}"),
        new("Bfloat16NotSupported", Cause, ["Bfloat16 is only supported on GPUs with compute capability", "bf16 is only supported on", "does not support bfloat16"], static of =>
            $"this accelerator does not compute with bfloat16{of.With(" (compute capability ", "has", ", 8.0 is needed)")}: add --dtype=half to spec.engine.args, or choose a newer spec.accelerator.type (A10G, L4, A100 …)")
        {
            Details = ["has compute capability (?<has>[0-9.]+)"],
        },
        new("AcceleratorNotVisible", Cause, ["No CUDA GPUs are available", "no CUDA-capable device is detected", "Failed to infer device type", "NVML Shared Library Not Found", "libcuda.so.1: cannot open shared object file", "Found no NVIDIA driver on your system", "no usable GPU found"], static of =>
            $"the engine sees no accelerator: the node's container runtime does not hand it over; check the device plugin and set spec.scheduling.runtimeClassName (often nvidia); the engine says: {of.Line}"),
        new("AcceleratorFault", Cause, ["uncorrectable ECC error", "GPU is lost", "system not yet initialized", "GPU has fallen off the bus", "CUDA error: unspecified launch failure"], static of =>
            $"the accelerator itself fails: cordon the node and have it looked at (driver log, Fabric Manager); the engine says: {of.Line}"),

        // Memory and disk of the node.
        new("SharedMemoryTooSmall", Cause, ["Error while creating shared memory segment", "/dev/shm", "insufficient shared memory (shm)", "Unexpected bus error encountered in worker", "Bus error (core dumped)", "unable to open shared memory object", "unable to write to file </torch_"], static of =>
            $"/dev/shm is too small: raise spec.engine.sharedMemory{of.With(" (a segment of ", "size", " bytes found no room)")}")
        {
            Details = [@"/dev/shm\S* \(size (?<size>[0-9]+)\)", "(?<full>No space left on device)", "(?<bus>bus error|shared memory segment|insufficient shared memory|shared memory object|unable to write to file)"],
            NeedsDetails = true,
        },
        new("DiskFull", Cause, ["No space left on device", "Disk quota exceeded", "not enough free disk space to download the file", "Not enough free disk space"], static of =>
            $"the volume the engine writes to is full{of.With(" (", "path", ")")}: keep the weights on a claim of their own (spec.cache of the LlmModel, with size), or use nodes with larger disks")
        {
            Details = ["No space left on device: ?'(?<path>[^']{1,200})'"],
        },
        new("HostMemoryExceeded", Cause, ["DefaultCPUAllocator: can't allocate memory", "std::bad_alloc", "Cannot allocate memory", "ArrayMemoryError"], static _ =>
            "the node's memory, not the accelerator's, ran out: raise spec.engine.resources.limits.memory where it is set, and spec.engine.resources.requests.memory so that a node with enough is chosen"),
        new("PermissionDenied", Cause, ["Permission denied", "PermissionError", "Read-only file system"], static of =>
            $"the engine may not write{of.With(" ", "path", "")}: it runs as a user of its own; let it write below /cache (spec.engine.env), or give the folder of the volume to its group (podTemplate's securityContext)")
        {
            Details = ["(?:Permission denied|Read-only file system):? ?['\"(](?<path>[^'\")]{1,200})['\")]", "(?:cannot (?:create|open|touch|mkdir)[^'/]*'?)(?<path>/[^ ':]{1,200})"],
        },

        // The hub and what it holds.
        new("InvalidToken", Exact, ["Invalid credentials in Authorization header", "Invalid user token", "User Access Token is expired", "token is expired", "Your session has expired", "The token is invalid"], static _ =>
            $"the hub does not accept the access token: put a valid one into the Secret named by {HubToken}"),
        new("GatedRepository", Exact, ["enable access to public gated repositories in your fine-grained token settings"], static of =>
            $"the access token is not allowed to read gated repositories{of.With(" (", "repo", ")")}: allow it in the token's settings on the hub, or put another one into the Secret named by {HubToken}")
        {
            Details = [Repository],
        },
        new("GatedRepository", Cause, ["Cannot access gated repo", "You are trying to access a gated repo", "GatedRepoError", "is not in the authorized list", "you are not in the authorized list", "You must have access to it and be authenticated to access it"], static of =>
            $"{of["repo"] ?? "the repository"} is gated and the hub refuses it ({of["code"] ?? "401 or 403"}): accept its licence on the hub with the account of the access token, and name the token in {HubToken}")
        {
            Details = ["Access to model (?<repo>\\S+) is restricted", Repository, "(?<code>40[13]) (?:Client Error|Forbidden)"],
        },
        new("RevisionNotFound", Cause, ["RevisionNotFoundError", "Revision Not Found for url", "is not a valid git identifier (branch name, tag name or commit id)", "Invalid rev id"], static of =>
            $"the repository{of.With(" ", "repo", "")} has no such revision{of.With(" (", "revision", ")")}: set spec.source.huggingFace.revision of the LlmModel to a branch, tag or commit it has")
        {
            Details = [Repository, @"Invalid rev id: (?<revision>[\w./-]+)", @"^(?<revision>[\w./-]+) is not a valid git identifier"],
        },
        new("ConfigMissing", Cause, ["does not appear to have a file named config.json", "Could not find config.json", "no file named config.json", "Invalid repository ID or local directory specified", "Unrecognized model in", "config.json not found"], static of =>
            $"there is no config.json to be read at the model's source: check repo, revision, prefix or path of spec.source of the LlmModel, which must hold a model in the format of the engine; the engine says: {of.Line}"),
        new("RepositoryNotFound", Cause, ["RepositoryNotFoundError", "Repository Not Found for url", "is not a valid model identifier", "is not a local folder and is not a valid model identifier"], static of =>
            $"the hub has no repository{of.With(" ", "repo", "")} that this token, or none, may see: check spec.source.huggingFace.repo of the LlmModel and, when it is private, {HubToken}")
        {
            Details = [Repository, @"(?<repo>[\w.-]+/[\w.-]+) is not a local folder"],
        },
        new("RegistryAccessDenied", Cause, ["Unable to locate credentials", "An error occurred (AccessDenied)", "An error occurred (403) when calling", "InvalidAccessKeyId", "SignatureDoesNotMatch", "An error occurred (ExpiredToken)"], static of =>
            $"the object store refuses the weights: check spec.source.s3.credentialsSecretRef of the LlmModel, or the web identity of the pod; the engine says: {of.Line}"),
        new("RegistryNotFound", Cause, ["NoSuchBucket", "NoSuchKey", "An error occurred (404) when calling"], static of =>
            $"the object store has no such bucket or folder: check spec.source.s3 of the LlmModel; the engine says: {of.Line}"),
        new("HubRateLimited", Cause, ["429 Client Error", "Too Many Requests for url", "You have reached the rate limit"], static _ =>
            $"the hub limits how often it is asked: name an access token in {HubToken}, or keep the weights in the cluster (spec.cache of the LlmModel)"),
        new("HubUnreachable", Cause, ["Failed to resolve 'huggingface.co'", "Max retries exceeded with url", "Temporary failure in name resolution", "Name or service not known", "dns error: failed to lookup address", "Could not resolve host", "ProxyError", "Network is unreachable", "outgoing traffic has been disabled", "OfflineModeIsEnabled", "SSLCertVerificationError", "CERTIFICATE_VERIFY_FAILED"], static of =>
            $"the hub cannot be reached from the pod{of.With(" (", "host", ")")}: allow the way out (spec.networkPolicy, proxy variables in spec.engine.env), name a mirror in spec.source.huggingFace.endpoint of the LlmModel, or keep the weights in the cluster (spec.cache)")
        {
            Details = [@"host='(?<host>[\w.-]+)'", @"resolve (?:host: )?'?(?<host>[\w.-]+\.[\w.-]+\w)"],
        },
        new("HubUnreachable", Symptom, ["LocalEntryNotFoundError", "We couldn't connect to 'https://huggingface.co'", "we cannot find the requested files in the local cache", "cannot find the appropriate snapshot folder", "Read timed out. (read timeout", "Connection reset by peer", "Invalid username or password."], static _ =>
            "the weights could not be had from the hub: check that the pod may reach it (spec.networkPolicy), that its token is good (spec.source.huggingFace.tokenSecretRef of the LlmModel), or keep the weights in the cluster (spec.cache)"),

        // The model and how it is asked to be run.
        new("RemoteCodeNeeded", Exact, ["requires you to execute the configuration file in that repo", "contains custom code which must be executed", "pass the argument `trust_remote_code=True`", "Please pass the argument `trust_remote_code", "set trust_remote_code=True", "`--trust-remote-code`"], static _ =>
            "the repository brings code of its own, which is not run unasked: read it, pin spec.source.huggingFace.revision of the LlmModel to a commit, and add --trust-remote-code to spec.engine.args"),
        new("UnknownArchitecture", Cause, ["are not supported for now", "does not recognize this architecture", "unknown model architecture", "Unsupported model type", "Unsupported model IR", "has no vLLM implementation and the Transformers implementation is not compatible", "Model type is not supported", "Unsupported Architecture"], static of =>
            $"the engine does not know the model's architecture{of.With(" ", "architecture", "")}: set spec.engine.image to a version that does, or another spec.engine.type")
        {
            Details = [@"Model architectures? (?<architecture>\[[^\]]{1,200}\])", "model type `(?<architecture>[^`]{1,80})`", "architecture: '(?<architecture>[^']{1,80})'", @"Unsupported model type:? (?<architecture>[\w.-]{1,80})"],
        },
        new("TensorParallelMismatch", Cause, ["must be divisible by tensor parallel size", "must be divisible by `num_shards`", "must be divisible by num_shards", "is not divisible by the tensor parallel size", "must be divisible by tp_size", "is not divisible by weight quantization block_n", "not divisible by tp_size", "num_heads must be divisible"], static of =>
            $"the model cannot be split into as many parts as asked: set spec.parallelism.tensor to a number that divides its attention heads{of.With(" (", "heads", ")")}, usually 1, 2, 4 or 8; the engine says: {of.Line}")
        {
            Details = [@"attention heads \((?<heads>[0-9]+)\)", @"num_heads`?:? ?(?<heads>[0-9]+)"],
        },
        new("QuantizationMismatch", Cause, ["does not match the quantization method specified in the `quantization` argument", "does not match the quantization method specified in the quantization argument", "Cannot find the config file for awq", "Cannot find the config file for gptq", "is not supported for the current GPU", "Unknown quantization method", "Invalid quantization method", "The quantization method", "is not supported in rocm", "Quantization scheme is not supported", "quantize was not found"], static of =>
            $"the weights are not of the quantisation asked for, or this accelerator cannot compute with it: set spec.quantization of the LlmModel to what its weights are{of.With(" (", "is", ")")}, or choose a newer spec.accelerator.type; the engine says: {of.Line}")
        {
            Details = [@"model config \((?<is>[\w-]+)\)", "(?<known>Cannot find the config file|is not supported|Unknown quant|Invalid quant|not found)"],
            NeedsDetails = true,
        },
        new("LoraRankTooLarge", Exact, ["is greater than max_lora_rank"], static of =>
            $"an adapter is larger than the engine was told to expect{of.With(" (rank ", "rank", "")}{of.With(", at most ", "max", ")")}: set spec.adapters[].rank of the LlmModel to its rank, or --max-lora-rank in spec.engine.args")
        {
            Details = ["LoRA rank (?<rank>[0-9]+) is greater than max_lora_rank (?<max>[0-9]+)"],
            NeedsDetails = true,
        },
        new("CorruptWeights", Cause, ["Error while deserializing header", "SafetensorError", "MetadataIncompleteBuffer", "InvalidHeaderDeserialization", "invalid magic characters", "data is not within the file bounds, model is corrupted or incomplete", "PytorchStreamReader failed", "failed to read magic", "Consistency check failed: file should be of size", "file is not a valid zip"], static of =>
            $"a file of the weights is broken or only half there: fetch it again (delete the claim of spec.cache of the LlmModel, or the pod when there is none), or mend it at its source; the engine says: {of.Line}"),
        new("WeightsMissing", Cause, ["Cannot find any model weights with", "No such file or directory: '/models", "failed to open GGUF file", "No safetensors weights found", "failed to load model from file", "No local weights found", "gguf_init_from_file: failed to open"], static of =>
            $"there are no weights where they are expected, or not in a format of the engine: check spec.source of the LlmModel; the engine says: {of.Line}"),

        // The command.
        new("UnknownArgument", Cause, ["error: unrecognized arguments", "error: unexpected argument", "error: invalid argument:", "error: the following arguments are required", "error: ambiguous option", "error: unrecognized option"], static of =>
            $"the engine does not know an argument{of.With(": ", "argument", "")}; correct spec.engine.args, or set spec.engine.image to a version that has it")
        {
            Details = [@"(?:unrecognized arguments?|invalid argument|unrecognized option|are required|ambiguous option):? (?<argument>\S.{0,200}?)(?: usage:|$)", @"unexpected argument '(?<argument>[^']{1,200})'"],
        },
        new("InvalidArgument", Cause, ["error: argument ", "error: invalid value '", "ArgumentValidation(", "expected value for argument"], static of =>
            $"a value in the engine's command is not one it takes: correct spec.engine.args, or set spec.engine.image to a version that takes it; the engine says: {of.Line}"),
        new("PortInUse", Cause, ["address already in use", "EADDRINUSE", "couldn't bind to server socket", "couldn't bind HTTP server socket"], static of =>
            $"the port{of.With(" ", "port", "")} is taken by another process of the pod: set spec.engine.port to a free one")
        {
            Details = [@"\('[^']*', (?<port>[0-9]+)\)", @"port:? (?<port>[0-9]+)", @":(?<port>[0-9]{2,5})\b"],
        },
        new("ImageArchitectureMismatch", Cause, ["exec format error", "cannot execute binary file", "no match for platform in manifest"], static _ =>
            "the image is built for another processor than the node's (amd64 or arm64): set spec.engine.image to one built for it, or spec.scheduling.nodeSelector to kubernetes.io/arch of the image"),
        new("CommandNotFound", Cause, ["executable file not found in $PATH", "command not found", "No module named 'vllm'", "No module named vllm", "No module named 'sglang'", "No module named sglang", "no such file or directory: unknown"], static of =>
            $"the image does not hold the command that starts the engine: set spec.engine.type to the engine of the image, or correct spec.engine.image or spec.engine.command; the runtime says: {of.Line}")
        {
            Details = ["(?<found>executable file not found|command not found|No module named|no such file or directory)"],
            NeedsDetails = true,
        },
        new("NcclError", Symptom, ["NCCL error", "ncclSystemError", "ncclUnhandledCudaError", "ncclInternalError", "ncclRemoteError", "DistBackendError", "Watchdog caught collective operation timeout"], static of =>
            $"the accelerators of the pod cannot talk to each other: set NCCL_DEBUG to INFO in spec.engine.env to see why, try NCCL_P2P_DISABLE=1 there, or set spec.parallelism.tensor to 1; the engine says: {of.Line}"),
        new("ProcessKilled", Symptom, ["died with signal 9", "was killed by signal: 9", "exit code: -9", "exitcode: -9", "signal: 9 (SIGKILL)", "SIGKILL", "is terminated by signal: 9"], static _ =>
            "a process of the engine was killed, as the kernel does when memory of the node runs out: raise spec.engine.resources.limits.memory where it is set, and spec.engine.resources.requests.memory"),
    ];
}
