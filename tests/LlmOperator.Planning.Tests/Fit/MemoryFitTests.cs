using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Fit;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Fit;

public sealed class MemoryFitTests
{
    public const string Llama8B =
        """{"name":"LlamaForCausalLM","dataType":"bfloat16","layers":32,"hiddenSize":4096,"attentionHeads":32,"keyValueHeads":8,"headDimension":128,"intermediateSize":14336,"vocabularySize":128256,"contextLength":131072}""";

    private static readonly int A10G = AcceleratorCatalogue.Default.Find("A10G")!.MemoryMiB;

    [Fact]
    public void Llama_3_1_8B_at_16_bits_on_an_A10G_is_the_worked_example_of_the_handbook()
    {
        var need = MemoryFit.Reckon(Demand(new() { ContextLength = 8192 }), A10G, 1, 1);

        // 23,028 MiB x 0.9 = 20,725.2; 8,030,261,248 weights x 2 B x 1.02 = 15,622.8 MiB; 8192 x 128 KiB = 1024 MiB;
        // 1536 + 2048 x 4096 x 30 B (240) + 256 x 128,256 x 4 B (125.25).
        Assert.Equal((20725, 15623, 1024, 1902), (need.AvailableMiB, need.WeightsMiB, need.KvCacheMiB, need.OverheadMiB));
        Assert.Equal(18549, need.NeededMiB);
        Assert.Equal((20725 - 15623 - 1902) * 8, need.KvCacheTokens);
        Assert.True(need.Fits);
    }

    [Fact]
    public void The_whole_context_of_the_model_is_asked_where_nobody_says_less()
    {
        var need = MemoryFit.Reckon(Demand(new()), A10G, 1, 1);

        Assert.Equal(16384, need.KvCacheMiB);
        Assert.False(need.Fits);
    }

    [Fact]
    public void The_longest_context_that_has_room_fits_and_one_block_more_does_not()
    {
        var demand = Demand(new() { ContextLength = 8192 });
        var room = (int)MemoryFit.Reckon(demand, A10G, 1, 1).KvCacheTokens!.Value;

        Assert.True(MemoryFit.Reckon(demand with { ContextTokens = room }, A10G, 1, 1).Fits);
        Assert.False(MemoryFit.Reckon(demand with { ContextTokens = room + 1 }, A10G, 1, 1).Fits);
    }

    [Theory]
    [InlineData(1, 1024)]
    [InlineData(2, 512)]
    [InlineData(8, 128)]
    [InlineData(16, 128)]
    [InlineData(32, 128)]
    public void Key_value_heads_are_dealt_out_and_beyond_their_number_copied(int tensor, long expectedMiB) =>
        Assert.Equal(expectedMiB, MemoryFit.Reckon(Demand(new() { ContextLength = 8192 }), A10G, tensor, 1).KvCacheMiB);

    [Fact]
    public void The_stage_of_a_pipeline_with_the_most_layers_decides()
    {
        var need = MemoryFit.Reckon(Demand(new() { ContextLength = 8192 }), A10G, 1, 3);

        Assert.Equal(352, need.KvCacheMiB); // 11 of 32 layers.
        Assert.Equal(5371, need.WeightsMiB);
    }

    [Fact]
    public void What_latent_attention_keeps_is_copied_to_every_accelerator()
    {
        var demand = Demand(new() { ContextLength = 8192 });
        var latent = demand with { Shape = demand.Shape with { LatentDimension = 576 } };

        Assert.Equal(MemoryFit.Reckon(latent, A10G, 1, 1).KvCacheMiB, MemoryFit.Reckon(latent, A10G, 8, 1).KvCacheMiB);
    }

    [Fact]
    public void Layers_with_a_sliding_window_stop_growing_at_it()
    {
        var demand = Demand(new() { ContextLength = 131072 });
        var sliding = demand with { Shape = demand.Shape with { SlidingWindow = 1024, SlidingLayers = 16 }, BatchedTokens = 2048 };

        Assert.Equal(8192 + (3072 * 64 / 1024), MemoryFit.Reckon(sliding, A10G, 1, 1).KvCacheMiB);
    }

    [Fact]
    public void A_cache_in_8_bits_takes_half() =>
        Assert.Equal(512, MemoryFit.Reckon(Demand(new() { ContextLength = 8192, KvCacheDataType = "fp8" }), A10G, 1, 1).KvCacheMiB);

    [Fact]
    public void A_number_of_requests_at_a_time_is_a_bound_and_no_demand()
    {
        var one = MemoryFit.Reckon(Demand(new() { ContextLength = 8192 }), A10G, 1, 1);
        var many = MemoryFit.Reckon(Demand(new() { ContextLength = 8192, MaxConcurrentRequests = 256 }, ""","limits":{"maxTotalTokens":4096,"maxBatchTotalTokens":1000000}"""), A10G, 1, 1);

        Assert.Equal(one, many);
    }

    [Fact]
    public void Llama_cpp_sets_aside_the_context_of_every_slot() =>
        Assert.Equal(4 * 1024, MemoryFit.Reckon(Demand(new() { Type = EngineType.LlamaCpp, ContextLength = 8192, MaxConcurrentRequests = 4 }), A10G, 1, 1).KvCacheMiB);

    [Fact]
    public void An_embedding_server_keeps_no_cache()
    {
        var need = MemoryFit.Reckon(Demand(new() { Type = EngineType.Tei }), A10G, 1, 1);

        Assert.Equal((0, null), (need.KvCacheMiB, need.KvCacheTokens));
    }

    [Fact]
    public void TGI_leaves_a_tenth_of_its_share_free() => Assert.Equal(18652, MemoryFit.Reckon(Demand(new() { Type = EngineType.Tgi }), A10G, 1, 1).AvailableMiB);

    [Fact]
    public void Adapters_take_a_place_for_each_projection_of_each_layer()
    {
        var none = MemoryFit.Reckon(Demand(new() { ContextLength = 8192 }), A10G, 1, 1);
        var two = MemoryFit.Reckon(
            Demand(new() { ContextLength = 8192 }, ""","adapters":[{"name":"a","source":{"pvc":{"claimName":"c"}},"rank":64},{"name":"b","source":{"pvc":{"claimName":"c"}}}]"""), A10G, 1, 1);

        // (64 + 16) x 32 layers x (2 x 8192 + 2 x 5120 + 3 x 18432) values x 2 B
        Assert.Equal(400, two.OverheadMiB - none.OverheadMiB);
    }

    [Theory]
    [InlineData("--max-model-len=4096", 4096, 0.9)]
    [InlineData("--max_model_len 4k", 4000, 0.9)]
    [InlineData("--max-model-len 4K", 4096, 0.9)]
    [InlineData("--gpu-memory-utilization 0.5", 8192, 0.5)]
    public void The_users_own_arguments_are_reckoned_with(string arguments, int context, double utilization)
    {
        var demand = Demand(new() { ContextLength = 8192, Args = arguments.Split(' ') });

        Assert.Equal((context, (decimal)utilization, null), (demand.ContextTokens, demand.Utilization, demand.NotReckoned));
    }

    [Theory]
    [InlineData("--cpu-offload-gb=4")]
    [InlineData("-tp=2")]
    [InlineData("--max-model-len=auto")]
    public void Arguments_whose_memory_only_the_engine_knows_leave_it_unknown(string argument) =>
        Assert.Contains(argument.Split('=')[0], Demand(new() { Args = [argument] }).NotReckoned);

    [Fact]
    public void What_the_status_says_of_an_older_spec_is_not_reckoned_with()
    {
        var model = Cluster.Model($$"""{"source":{"pvc":{"claimName":"c"} },"parameters":8030261248,"architecture":{{Llama8B}} }""");
        model = model with { Metadata = model.Metadata with { Generation = 2 }, Spec = model.Spec! with { Quantization = Quantizations.Fp8 } };

        Assert.Equal(8_030_261_248, MemoryDemand.Of(new(), model).WeightsBytes);
    }

    [Fact]
    public void Sizes_beyond_all_reason_are_reckoned_without_overflow()
    {
        var demand = new MemoryDemand { Engine = EngineType.VLlm, WeightsBytes = long.MaxValue, KvBytesPerToken = 1_000_000_000_000, ContextTokens = 100_000_000, Shape = new() { Layers = 1000, HiddenSize = 1_000_000, KeyValueHeads = 10_000 } };

        var need = MemoryFit.Reckon(demand, A10G, 64, 64);

        Assert.False(need.Fits);
        Assert.True(need is { WeightsMiB: > 0, KvCacheMiB: > 0, NeededMiB: > 0 });
    }

    public static MemoryDemand Demand(EngineSpec engine, string more = "") =>
        MemoryDemand.Of(engine, Cluster.Model($$"""{"source":{"huggingFace":{"repo":"org/model"} },"parameters":8030261248,"architecture":{{Llama8B}}{{more}} }"""));
}
