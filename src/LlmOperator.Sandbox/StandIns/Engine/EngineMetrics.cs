using System.Globalization;
using System.Text;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>The figures of the stand-in under the names vLLM, SGLang and TGI give theirs, as Prometheus reads them.</summary>
internal sealed class EngineMetrics
{
    private static readonly double[] FirstToken = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];
    private static readonly double[] BetweenTokens = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
    private static readonly double[] Whole = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
    private static readonly double[] Lengths = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

    private readonly Lock _gate = new();
    private readonly Histogram _firstToken = new(FirstToken);
    private readonly Histogram _betweenTokens = new(BetweenTokens);
    private readonly Histogram _whole = new(Whole);
    private readonly Histogram _queued = new(Whole);
    private readonly Histogram _promptLengths = new(Lengths);
    private readonly Histogram _answerLengths = new(Lengths);
    private readonly SortedDictionary<string, long> _finished = new(StringComparer.Ordinal) { ["abort"] = 0, ["error"] = 0, ["length"] = 0, ["stop"] = 0 };
    private int _running;
    private int _waiting;
    private long _promptTokens;
    private long _answerTokens;

    /// <summary>Requests that run.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait for their turn.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>A request waits.</summary>
    public void Queue() => Interlocked.Increment(ref _waiting);

    /// <summary>A request waits no more.</summary>
    /// <param name="time">How long it did.</param>
    /// <param name="runs">Whether its turn has come.</param>
    public void Unqueue(TimeSpan time, bool runs)
    {
        Interlocked.Decrement(ref _waiting);
        if (runs)
        {
            Interlocked.Increment(ref _running);
            lock (_gate)
            {
                _queued.Record(time.TotalSeconds);
            }
        }
    }

    /// <summary>A request has ended.</summary>
    /// <param name="reason">How: stop, length, abort, error.</param>
    /// <param name="promptTokens">Tokens in.</param>
    /// <param name="answerTokens">Tokens out.</param>
    /// <param name="firstToken">Time to the first token; null when there was none.</param>
    /// <param name="whole">Time of all of it.</param>
    public void Finish(string reason, int promptTokens, int answerTokens, TimeSpan? firstToken, TimeSpan whole)
    {
        Interlocked.Decrement(ref _running);
        lock (_gate)
        {
            _finished[reason] = _finished.GetValueOrDefault(reason) + 1;
            _promptTokens += promptTokens;
            _answerTokens += answerTokens;
            _whole.Record(whole.TotalSeconds);
            _promptLengths.Record(promptTokens);
            _answerLengths.Record(answerTokens);
            if (firstToken is { } first)
            {
                _firstToken.Record(first.TotalSeconds);
                if (answerTokens > 1)
                {
                    _betweenTokens.Record((whole - first).TotalSeconds / (answerTokens - 1), answerTokens - 1);
                }
            }
        }
    }

    /// <summary>The page of a server.</summary>
    /// <param name="settings">The server.</param>
    /// <param name="runningAdapters">Adapters that are served.</param>
    /// <param name="contextLength">Tokens of the longest request.</param>
    public string Page(EngineSettings settings, IReadOnlyCollection<string> runningAdapters, int contextLength)
    {
        var page = new Text();
        lock (_gate)
        {
            switch (settings.Kind)
            {
                case EngineKind.VLlm:
                    VLlm(page, $"engine=\"0\",model_name=\"{Escape(settings.ServedNames[0])}\"", settings, runningAdapters, contextLength);
                    break;
                case EngineKind.SGLang:
                    SGLang(page, $"model_name=\"{Escape(settings.ServedNames[0])}\"", contextLength);
                    break;
                case EngineKind.LlamaCpp:
                    LlamaCpp(page);
                    break;
                case EngineKind.Tei:
                    Tei(page);
                    break;
                default:
                    Tgi(page, contextLength);
                    break;
            }
        }

        return page.ToString();
    }

    private long Requests => _finished.Values.Sum();

    private static string Escape(string label) => label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private void VLlm(Text page, string labels, EngineSettings settings, IReadOnlyCollection<string> adapters, int contextLength)
    {
        page.Gauge("vllm:num_requests_running", labels, Running);
        page.Gauge("vllm:num_requests_waiting", labels, Waiting);
        page.Gauge("vllm:kv_cache_usage_perc", labels, Math.Min(1, Running / (double)settings.MostRunning));
        page.Counter("vllm:prefix_cache_queries_total", labels, _promptTokens);
        page.Counter("vllm:prefix_cache_hits_total", labels, 0);
        page.Counter("vllm:num_preemptions_total", labels, 0);
        page.Counter("vllm:prompt_tokens_total", labels, _promptTokens);
        page.Counter("vllm:generation_tokens_total", labels, _answerTokens);
        page.Type("vllm:request_success_total", "counter");
        foreach (var (reason, count) in _finished)
        {
            page.Line("vllm:request_success_total", $"{labels},finished_reason=\"{reason}\"", count);
        }

        page.Histogram("vllm:time_to_first_token_seconds", labels, _firstToken);
        page.Histogram("vllm:inter_token_latency_seconds", labels, _betweenTokens);
        page.Histogram("vllm:e2e_request_latency_seconds", labels, _whole);
        page.Histogram("vllm:request_queue_time_seconds", labels, _queued);
        page.Histogram("vllm:request_prompt_tokens", labels, _promptLengths);
        page.Histogram("vllm:request_generation_tokens", labels, _answerLengths);
        page.Gauge("vllm:cache_config_info", $"block_size=\"16\",engine=\"0\",num_gpu_blocks=\"{contextLength / 16 * settings.MostRunning}\"", 1);
        if (settings.HasAdapters)
        {
            page.Gauge("vllm:lora_requests_info", $"max_lora=\"{Math.Max(adapters.Count, 1)}\",running_lora_adapters=\"{Escape(string.Join(',', adapters))}\",waiting_lora_adapters=\"\"", 0);
        }
    }

    private void SGLang(Text page, string labels, int contextLength)
    {
        page.Gauge("sglang:num_running_reqs", labels, Running);
        page.Gauge("sglang:num_queue_reqs", labels, Waiting);
        page.Gauge("sglang:token_usage", labels, Math.Min(1, Running / (double)Math.Max(contextLength, 1)));
        page.Counter("sglang:prompt_tokens_total", labels, _promptTokens);
        page.Counter("sglang:generation_tokens_total", labels, _answerTokens);
        page.Counter("sglang:num_requests_total", labels, Requests);
        page.Histogram("sglang:time_to_first_token_seconds", labels, _firstToken);
        page.Histogram("sglang:inter_token_latency_seconds", labels, _betweenTokens);
        page.Histogram("sglang:e2e_request_latency_seconds", labels, _whole);
    }

    private void Tgi(Text page, int contextLength)
    {
        page.Gauge("tgi_queue_size", "", Waiting);
        page.Gauge("tgi_batch_current_size", "", Running);
        page.Gauge("tgi_batch_current_max_tokens", "", (double)Running * contextLength);
        page.Counter("tgi_request_count", "", Requests);
        page.Counter("tgi_request_success", "", _finished["stop"] + _finished["length"]);
        page.Counter("tgi_request_failure", "err=\"generation\"", _finished["error"] + _finished["abort"]);
        page.Histogram("tgi_request_duration", "", _whole);
        page.Histogram("tgi_request_queue_duration", "", _queued);
        page.Histogram("tgi_request_inference_duration", "", _whole);
        page.Histogram("tgi_request_mean_time_per_token_duration", "", _betweenTokens);
        page.Histogram("tgi_request_generated_tokens", "", _answerLengths);
        page.Histogram("tgi_request_input_length", "", _promptLengths);
    }

    private void LlamaCpp(Text page)
    {
        page.Gauge("llamacpp:requests_processing", "", Running);
        page.Gauge("llamacpp:requests_deferred", "", Waiting);
        page.Counter("llamacpp:prompt_tokens_total", "", _promptTokens);
        page.Counter("llamacpp:tokens_predicted_total", "", _answerTokens);
    }

    private void Tei(Text page)
    {
        page.Gauge("te_queue_size", "", Waiting);
        page.Counter("te_request_count", "", Requests);
        page.Counter("te_request_success", "", _finished["stop"]);
        page.Histogram("te_request_duration", "", _whole);
    }

    private sealed class Histogram(double[] bounds)
    {
        public double[] Bounds => bounds;

        public long[] Counts { get; } = new long[bounds.Length + 1];

        public double Sum { get; private set; }

        public void Record(double value, long times = 1)
        {
            var at = Array.BinarySearch(bounds, value);
            Counts[at < 0 ? ~at : at] += times;
            Sum += value * times;
        }
    }

    /// <summary>The page being written.</summary>
    private sealed class Text
    {
        private readonly StringBuilder _page = new();

        public void Type(string name, string type) => _page.Append("# HELP ").Append(name).Append(" Of a stand-in engine.\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

        public void Line(string name, string labels, double value) =>
            _page.Append(name).Append(labels.Length > 0 ? $"{{{labels}}}" : "").Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

        public void Gauge(string name, string labels, double value)
        {
            Type(name, "gauge");
            Line(name, labels, value);
        }

        public void Counter(string name, string labels, double value)
        {
            Type(name, "counter");
            Line(name, labels, value);
        }

        public void Histogram(string name, string labels, Histogram histogram)
        {
            Type(name, "histogram");
            var (prefix, total) = (labels.Length > 0 ? labels + "," : "", 0L);
            for (var i = 0; i <= histogram.Bounds.Length; i++)
            {
                total += histogram.Counts[i];
                var bound = i == histogram.Bounds.Length ? "+Inf" : histogram.Bounds[i].ToString(CultureInfo.InvariantCulture);
                Line(name + "_bucket", $"{prefix}le=\"{bound}\"", total);
            }

            Line(name + "_sum", labels, histogram.Sum);
            Line(name + "_count", labels, total);
        }

        public override string ToString() => _page.ToString();
    }
}
