using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Fit;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Fit;

public sealed class FitPropertiesTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(300);

    // These ask the whole catalogue of each sample.
    private static readonly Config Brief = Config.QuickThrowOnFailure.WithMaxTest(60);

    private static readonly Gen<LlmModelSpec> Models =
        from layers in Gen.Choose(1, 128)
        from keyValueHeads in Gen.Elements(1, 2, 4, 8, 16)
        from share in Gen.Elements(1, 2, 4, 8)
        from width in Gen.Elements(64, 128, 256)
        from inner in Gen.Choose(256, 30_000)
        from context in Gen.Choose(512, 200_000)
        from window in Gen.Elements<int?>(null, null, 1024)
        from latent in Gen.Elements<int?>(null, null, 576)
        from quantization in Gen.Elements(Quantizations.None, Quantizations.None, Quantizations.Fp8, Quantizations.Awq)
        select new LlmModelSpec
        {
            Source = new() { Pvc = new() { ClaimName = "c" } },
            Quantization = quantization,
            Architecture = new()
            {
                Layers = layers,
                HiddenSize = keyValueHeads * share * width,
                AttentionHeads = keyValueHeads * share,
                KeyValueHeads = keyValueHeads,
                HeadDimension = width,
                IntermediateSize = inner,
                VocabularySize = 128256,
                ContextLength = context,
                SlidingWindow = window,
                SlidingLayers = window is null ? null : layers / 2,
                LatentDimension = latent,
            },
        };

    private static readonly Gen<EngineSpec> Engines =
        from type in Gen.Elements(EngineType.VLlm, EngineType.VLlm, EngineType.Tgi, EngineType.SGLang, EngineType.LlamaCpp)
        from utilization in Gen.Elements(0.5, 0.85, 0.9, 0.95)
        from cache in Gen.Elements("auto", "fp8")
        select new EngineSpec { Type = type, GpuMemoryUtilization = utilization, KvCacheDataType = cache };

    private static readonly Gen<AcceleratorClass> Classes = Gen.Elements(AcceleratorCatalogue.Default.Classes.Where(known => known.Members.Count == 0));

    [Fact]
    public void More_accelerators_never_fit_less() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Models, Engines), Gen.Zip(Classes, Gen.Zip(Gen.Choose(1, 16), Gen.Choose(1, 4)))).ToArbitrary(),
        sample =>
        {
            var (demand, known) = (Demand(sample.Item1.Item2, sample.Item1.Item1), sample.Item2.Item1);
            var (tensor, pipeline) = sample.Item2.Item2;
            var fewer = MemoryFit.Reckon(demand, known.MemoryMiB, tensor, pipeline);
            foreach (var more in new[] { MemoryFit.Reckon(demand, known.MemoryMiB, tensor + 1, pipeline), MemoryFit.Reckon(demand, known.MemoryMiB, tensor, pipeline + 1) })
            {
                Assert.True(more.NeededMiB <= fewer.NeededMiB);
                Assert.True(more.KvCacheTokens >= fewer.KvCacheTokens);
                Assert.False(fewer.Fits == true && more.Fits != true);
            }
        }).Check(Thorough);

    [Fact]
    public void Quantising_never_needs_more() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Models, Engines), Gen.Elements(Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.BitsAndBytesNf4)).ToArbitrary(),
        sample =>
        {
            var (model, engine) = sample.Item1;
            var whole = MemoryFit.Reckon(Demand(engine, model with { Quantization = Quantizations.None }), 81920, 1, 1);
            var quantised = MemoryFit.Reckon(Demand(engine, model with { Quantization = sample.Item2 }), 81920, 1, 1);
            Assert.True(quantised.NeededMiB <= whole.NeededMiB);
        }).Check(Thorough);

    [Fact]
    public void A_shorter_context_never_needs_more() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Models, Engines), Gen.Zip(Classes, Gen.Zip(Gen.Choose(2, 200_000), Gen.Choose(2, 200_000)))).ToArbitrary(),
        sample =>
        {
            var demand = Demand(sample.Item1.Item2, sample.Item1.Item1);
            var (known, (a, b)) = sample.Item2;
            var shorter = MemoryFit.Reckon(demand with { ContextTokens = Math.Min(a, b) }, known.MemoryMiB, 1, 1);
            var longer = MemoryFit.Reckon(demand with { ContextTokens = Math.Max(a, b) }, known.MemoryMiB, 1, 1);
            Assert.True(shorter.NeededMiB <= longer.NeededMiB);
        }).Check(Thorough);

    [Fact]
    public void The_tokens_there_is_room_for_fit_and_a_block_more_does_not() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Models, Engines), Gen.Zip(Classes, Gen.Choose(1, 8))).ToArbitrary(),
        sample =>
        {
            var demand = Demand(sample.Item1.Item2, sample.Item1.Item1);
            var (known, tensor) = sample.Item2;
            var need = MemoryFit.Reckon(demand, known.MemoryMiB, tensor, 1);
            if (need.KvCacheTokens is > 0 and < int.MaxValue - 16 and { } tokens)
            {
                Assert.True(MemoryFit.Reckon(demand with { ContextTokens = (int)tokens }, known.MemoryMiB, tensor, 1).Fits);

                // In a cache all of whose layers slide, tokens beyond the window take nothing.
                if (demand.Shape.SlidingWindow is null)
                {
                    Assert.False(MemoryFit.Reckon(demand with { ContextTokens = (int)tokens + 16 }, known.MemoryMiB, tensor, 1).Fits);
                }
            }
        }).Check(Thorough);

    [Fact]
    public void Every_remedy_that_is_named_fits() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Models, Engines), Gen.Zip(Classes, Gen.Elements(1, 2, 4))).ToArbitrary(),
        sample =>
        {
            var demand = Demand(sample.Item1.Item2, sample.Item1.Item1);
            var (known, count) = sample.Item2;
            if (demand.AllowsTensor(count) && MemoryFit.Reckon(demand, known.MemoryMiB, count, 1).Fits == false)
            {
                var spec = Cluster.Endpoint().Spec!;
                foreach (var remedy in new FitRemedies(AcceleratorCatalogue.Default, [], spec, "m").For(demand, known, count, count, 1))
                {
                    Assert.True(MemoryFit.Reckon(remedy.Demand, remedy.Accelerator.MemoryMiB, remedy.Tensor, remedy.Pipeline).Fits, remedy.Text);
                    Assert.True(remedy.Demand.AllowsTensor(remedy.Tensor), remedy.Text);
                    Assert.Equal(remedy.Count, remedy.Tensor * remedy.Pipeline);
                }
            }
        }).Check(Brief);

    [Fact]
    public void What_auto_picks_fits_is_there_and_nothing_cheaper_does() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Models, Engines), Gen.Elements("NVIDIA-A10G", "Tesla-T4", "NVIDIA-L4", "NVIDIA-L40S", "NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-SXM4-40GB", "NVIDIA-H200").Zip(Gen.Elements(1, 2, 4, 8)).ListOf()).ToArbitrary(),
        sample =>
        {
            var (model, engine) = sample.Item1;
            Node[] nodes = [.. sample.Item2.Select((machine, number) => Cluster.Node($"n{number}", machine.Item1, machine.Item2))];
            var endpoint = Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"auto"}}""");
            var observed = Cluster.Observe(endpoint with { Spec = endpoint.Spec! with { Engine = engine } }, Model(model), nodes);
            var demand = Demand(engine, model);
            var (settled, problem) = AcceleratorSettlement.Of(observed, engine, observed.Model!);

            // Every class and count, enumerated without the code under test.
            var fitting = (from known in AcceleratorCatalogue.Default.Classes.Where(known => known.Members.Count == 0)
                           from count in Enumerable.Range(1, 8)
                           where nodes.Any(node => known.Matches(node.Metadata.Labels) && node.Status!.Allocatable!["nvidia.com/gpu"].Value >= count)
                           where demand.AllowsTensor(count) && (demand.Quantization != Quantizations.Fp8 || known.Name != "T4")
                           where MemoryFit.Reckon(demand, known.MemoryMiB, count, 1).Fits == true
                           select known.PricePerHour!.Value * count).ToList();
            if (settled is null)
            {
                Assert.Empty(fitting);
                Assert.NotNull(problem);
                return;
            }

            Assert.Equal(ConditionStatus.True, settled.Fit.Status);
            Assert.Contains(nodes, node => settled.Accelerator.Matches(node.Metadata.Labels) && node.Status!.Allocatable!["nvidia.com/gpu"].Value >= settled.Count);
            Assert.Equal(fitting.Min(), settled.Accelerator.PricePerHour!.Value * settled.Count);
        }).Check(Brief);

    private static MemoryDemand Demand(EngineSpec engine, LlmModelSpec spec) => MemoryDemand.Of(engine, Model(spec));

    private static LlmModel Model(LlmModelSpec spec) => new() { Metadata = new() { Name = "m", Namespace = "prod" }, Spec = spec };
}
