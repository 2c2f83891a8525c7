namespace LlmOperator.Sandbox.StandIns.Hub;

/// <summary>Models the sandbox's hub knows, with their own configuration and the sizes of their weights.</summary>
public static class WellKnownModels
{
    private const long SafetensorsHeader = 40_000;

    /// <summary>Adds them to a hub.</summary>
    public static void AddTo(HubStandIn hub)
    {
        Add(hub, "mlabonne/TwinLlama-3.1-8B-DPO", "apache-2.0", Llama(32, 4096, 14336, 32), 8_030_261_248, 4_976_698_672, 4_999_802_720, 4_915_916_176, 1_168_138_808);
        Add(hub, "mlabonne/TwinLlama-3.1-8B", "apache-2.0", Llama(32, 4096, 14336, 32), 8_030_261_248, 4_976_698_672, 4_999_802_720, 4_915_916_176, 1_168_138_808);
        Add(hub, "Qwen/Qwen3-30B-A3B-Instruct-2507", "apache-2.0", Qwen3Moe, 30_532_122_624, Shards(30_532_122_624, 16));
        Add(hub, "meta-llama/Llama-3.1-8B-Instruct", "llama3.1", Llama(32, 4096, 14336, 32), 8_030_261_248, 4_976_698_672, 4_999_802_720, 4_915_916_176, 1_168_138_808).Gated = "manual";
        Add(hub, "meta-llama/Llama-3.1-70B-Instruct", "llama3.1", Llama(80, 8192, 28672, 64), 70_553_706_496, Shards(70_553_706_496, 30)).Gated = "manual";
        Add(hub, "Qwen/Qwen2.5-7B-Instruct", "apache-2.0", Qwen25, 7_615_616_512, Shards(7_615_616_512, 4));
        AddBert(hub, "sentence-transformers/all-MiniLM-L6-v2", "apache-2.0", Bert("BertModel", 6, 384), 22_713_728);
        AddBert(hub, "sentence-transformers/all-MiniLM-L12-v2", "apache-2.0", Bert("BertModel", 12, 384), 33_360_512);
        AddBert(hub, "BAAI/bge-base-en-v1.5", "mit", Bert("BertModel", 12, 768), 109_482_752);
        AddBert(hub, "cross-encoder/ms-marco-MiniLM-L-4-v2", "apache-2.0", Bert("BertForSequenceClassification", 4, 384), 19_164_289);
    }

    /// <summary>An encoder in one file of 32-bit weights.</summary>
    private static void AddBert(HubStandIn hub, string name, string license, string config, long parameters)
    {
        var repository = hub.Repository(name);
        repository.License = license;
        repository.Parameters = new Dictionary<string, long> { ["F32"] = parameters };
        repository.Commit(
            "main",
            [
                HubFile.Text("README.md", $"---\nlicense: {license}\n---\n"),
                HubFile.Text("config.json", config),
                HubFile.Text("tokenizer_config.json", "{}"),
                new HubFile("model.safetensors", (4 * parameters) + SafetensorsHeader),
            ]);
    }

    private static HubRepository Add(HubStandIn hub, string name, string license, string config, long parameters, params long[] shards)
    {
        var repository = hub.Repository(name);
        repository.License = license;
        repository.Parameters = new Dictionary<string, long> { ["BF16"] = parameters };
        repository.Commit(
            "main",
            [
                HubFile.Text("README.md", $"---\nlicense: {license}\n---\n"),
                HubFile.Text("config.json", config),
                HubFile.Text("generation_config.json", """{"do_sample": true}"""),
                HubFile.Text("tokenizer_config.json", "{}"),
                HubFile.Text("model.safetensors.index.json", $$$"""{"metadata": {"total_size": {{{2 * parameters}}}}, "weight_map": {}}"""),
                .. shards.Select((size, index) => new HubFile($"model-{index + 1:D5}-of-{shards.Length:D5}.safetensors", size)),
            ]);
        return repository;
    }

    /// <summary>Equal shards of 16-bit weights.</summary>
    private static long[] Shards(long parameters, int count) =>
        [.. Enumerable.Range(0, count).Select(index => (2 * parameters / count) + (index == 0 ? 2 * parameters % count : 0) + SafetensorsHeader)];

    private static string Llama(int layers, int hidden, int intermediate, int heads) => $$"""
        {
          "architectures": ["LlamaForCausalLM"],
          "attention_bias": false,
          "attention_dropout": 0.0,
          "bos_token_id": 128000,
          "eos_token_id": 128001,
          "hidden_act": "silu",
          "hidden_size": {{hidden}},
          "initializer_range": 0.02,
          "intermediate_size": {{intermediate}},
          "max_position_embeddings": 131072,
          "mlp_bias": false,
          "model_type": "llama",
          "num_attention_heads": {{heads}},
          "num_hidden_layers": {{layers}},
          "num_key_value_heads": 8,
          "pretraining_tp": 1,
          "rms_norm_eps": 1e-05,
          "rope_scaling": {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
          "rope_theta": 500000.0,
          "tie_word_embeddings": false,
          "torch_dtype": "bfloat16",
          "use_cache": true,
          "vocab_size": 128256
        }
        """;

    private static string Bert(string architecture, int layers, int hidden) => $$"""
        {
          "architectures": ["{{architecture}}"],
          "attention_probs_dropout_prob": 0.1,
          "hidden_act": "gelu",
          "hidden_dropout_prob": 0.1,
          "hidden_size": {{hidden}},
          "initializer_range": 0.02,
          "intermediate_size": {{4 * hidden}},
          "layer_norm_eps": 1e-12,
          "max_position_embeddings": 512,
          "model_type": "bert",
          "num_attention_heads": 12,
          "num_hidden_layers": {{layers}},
          "pad_token_id": 0,
          "position_embedding_type": "absolute",
          "torch_dtype": "float32",
          "type_vocab_size": 2,
          "use_cache": true,
          "vocab_size": 30522
        }
        """;

    private const string Qwen3Moe = """
        {
          "architectures": ["Qwen3MoeForCausalLM"],
          "attention_bias": false,
          "attention_dropout": 0.0,
          "bos_token_id": 151643,
          "decoder_sparse_step": 1,
          "eos_token_id": 151645,
          "head_dim": 128,
          "hidden_act": "silu",
          "hidden_size": 2048,
          "initializer_range": 0.02,
          "intermediate_size": 6144,
          "max_position_embeddings": 262144,
          "max_window_layers": 48,
          "mlp_only_layers": [],
          "model_type": "qwen3_moe",
          "moe_intermediate_size": 768,
          "norm_topk_prob": true,
          "num_attention_heads": 32,
          "num_experts": 128,
          "num_experts_per_tok": 8,
          "num_hidden_layers": 48,
          "num_key_value_heads": 4,
          "output_router_logits": false,
          "rms_norm_eps": 1e-06,
          "rope_scaling": null,
          "rope_theta": 10000000,
          "router_aux_loss_coef": 0.001,
          "sliding_window": null,
          "tie_word_embeddings": false,
          "torch_dtype": "bfloat16",
          "use_cache": true,
          "use_sliding_window": false,
          "vocab_size": 151936
        }
        """;

    private const string Qwen25 = """
        {
          "architectures": ["Qwen2ForCausalLM"],
          "attention_dropout": 0.0,
          "bos_token_id": 151643,
          "eos_token_id": 151645,
          "hidden_act": "silu",
          "hidden_size": 3584,
          "initializer_range": 0.02,
          "intermediate_size": 18944,
          "max_position_embeddings": 32768,
          "max_window_layers": 28,
          "model_type": "qwen2",
          "num_attention_heads": 28,
          "num_hidden_layers": 28,
          "num_key_value_heads": 4,
          "rms_norm_eps": 1e-06,
          "rope_theta": 1000000.0,
          "sliding_window": 131072,
          "tie_word_embeddings": false,
          "torch_dtype": "bfloat16",
          "use_cache": true,
          "use_sliding_window": false,
          "vocab_size": 152064
        }
        """;
}
