using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Fit;

namespace LlmOperator.Planning.Engines;

/// <summary>Finds what an engine cannot do of what a spec asks for.</summary>
internal static class EngineCheck
{
    /// <summary>All that is in the way, each with what to change; what decides most comes first.</summary>
    public static IReadOnlyList<SpecProblem> Problems(EndpointSettings settings)
    {
        var engine = EngineTable.Of(settings.Engine);
        var problems = new List<SpecProblem?>
        {
            Image(settings, engine),
            Task(settings, engine),
            Source(settings, engine),
            Quantization(settings, engine),
            Parallelism(settings, engine),
            Layers(settings),
            Adapters(settings, engine),
        };

        // How an engine is started says nothing where it cannot be.
        var launch = problems.TrueForAll(problem => problem is null) ? engine.Launch(settings, PodRole.Leader) : null;
        return [.. problems.Concat(Arguments(settings, engine, launch)).Concat(EngineNumbers.Problems(settings.Engine, engine, launch)).OfType<SpecProblem>()];
    }

    private static SpecProblem? Image(EndpointSettings settings, Engine engine)
    {
        if (settings.Engine.Image is { } image)
        {
            return ImageNames.IsValid(image)
                ? null
                : new("ImageInvalid", "spec.engine.image is no name of an image: write it as registry/name:tag, without blanks, without https:// and with small letters in the name");
        }

        return engine.Type == EngineType.Custom
            ? new("ImageMissing", "spec.engine.image is required when spec.engine.type is Custom: set it to the image of your server")
            : EngineContainer.Image(settings) is null
                ? new("ImageUnknown", $"the operator knows no image of {engine.Type} for accelerator {settings.Accelerator.Name}: set spec.engine.image to one")
                : null;
    }

    private static SpecProblem? Task(EndpointSettings settings, Engine engine)
    {
        var task = settings.ModelSpec.Task;
        return engine.Can.Tasks.Contains(task)
            ? null
            : new(
                "TaskNotSupported",
                $"{engine.Type} does not serve models whose task is {task}: set spec.engine.type to {Others(other => other.Can.Tasks.Contains(task))}, or correct spec.task of LlmModel {Name(settings)}");
    }

    private static SpecProblem? Source(EndpointSettings settings, Engine engine)
    {
        var source = settings.ModelSpec.Source;
        if (ModelVolume.Mounted(settings) is { } mounted)
        {
            return engine.Type == EngineType.LlamaCpp && !mounted.Path.EndsWith(LlamaCppEngine.FileSuffix, StringComparison.OrdinalIgnoreCase)
                ? new("SourceNotSupported", $"{engine.Type} loads one file and {mounted.Path} is a folder: let the path in spec.source of LlmModel {Name(settings)} end in the name of a {LlamaCppEngine.FileSuffix} file")
                : null;
        }

        if (settings.ModelSpec.Cache is not null)
        {
            return null; // Once it is cached, it is mounted.
        }

        if (source.S3 is not null && !engine.Can.S3)
        {
            return new("SourceNotSupported", $"{engine.Type} does not load weights from S3: set spec.cache of LlmModel {Name(settings)}, or spec.engine.type to {Others(other => other.Can.S3)}");
        }

        return engine.Type == EngineType.LlamaCpp && source.HuggingFace is { Revision: not "main" } hub
            ? new(
                "RevisionNotSupported",
                $"{engine.Type} takes from the hub what the branch main holds and cannot be told revision {hub.Revision}: set spec.source.huggingFace.revision of LlmModel {Name(settings)} to main, or serve the file from a PersistentVolumeClaim or an OCI image")
            : null;
    }

    private static SpecProblem? Quantization(EndpointSettings settings, Engine engine)
    {
        var quantization = settings.ModelSpec.Quantization;
        if (!engine.Can.Quantizations.ContainsKey(quantization))
        {
            return new(
                "QuantizationNotSupported",
                $"{engine.Type} does not load weights as {quantization}: set spec.quantization of LlmModel {Name(settings)} to one of {string.Join(", ", engine.Can.Quantizations.Keys)}, or spec.engine.type to {Others(other => other.Can.Quantizations.ContainsKey(quantization))}");
        }

        return EngineFacts.HasFp8Cache(settings) && !engine.Can.Fp8Cache
            ? new("KvCacheTypeNotSupported", $"{engine.Type} does not keep its cache as fp8: set spec.engine.kvCacheDataType to auto, or spec.engine.type to {Others(other => other.Can.Fp8Cache)}")
            : null;
    }

    private static SpecProblem? Parallelism(EndpointSettings settings, Engine engine)
    {
        const string Reason = "ParallelismNotSupported";
        if (settings.Pipeline > 1 && !engine.Can.Pipeline)
        {
            return new(Reason, $"{engine.Type} has no pipeline parallelism: set spec.parallelism.pipeline to 1 and use spec.parallelism.tensor, or set spec.engine.type to {Others(other => other.Can.Pipeline)}");
        }

        if (settings.Tensor > 1 && !engine.Can.Tensor)
        {
            return new(Reason, $"{engine.Type} uses one accelerator: set spec.accelerator.count to 1 and leave out spec.parallelism.tensor; more load takes more spec.replicas");
        }

        if (settings.Nodes > 1 && !engine.Can.SeveralNodes)
        {
            return new(
                Reason,
                $"{engine.Type} does not run one copy of a model on several nodes, which {settings.Tensor} x {settings.Pipeline} accelerators on nodes of {settings.AcceleratorCount} come to: set spec.accelerator.count to {settings.Tensor * settings.Pipeline}, or spec.engine.type to {Others(other => other.Can.SeveralNodes)}");
        }

        if (settings.DataInPod > 1 && !engine.Can.DataInPod)
        {
            var one = settings.Tensor * settings.Pipeline;
            return new(
                Reason,
                $"{engine.Type} runs one copy of a model in a pod and would leave {settings.AcceleratorCount - one} of {settings.AcceleratorCount} accelerators idle: set spec.accelerator.count to {one} and spec.parallelism.data to {settings.DataInPod}");
        }

        if (engine.Type == EngineType.LlamaCpp && settings is { Tensor: > 1, Pipeline: > 1 })
        {
            return new(Reason, $"{engine.Type} splits a model by rows (spec.parallelism.tensor) or by layers (spec.parallelism.pipeline), not both: set one of them to 1");
        }

        return null;
    }

    /// <summary>Each part of a pipeline holds whole layers.</summary>
    private static SpecProblem? Layers(EndpointSettings settings) =>
        MemoryDemand.Of(settings.Engine, settings.Model).Shape.Layers is { } layers && settings.Pipeline > layers
            ? new("ParallelismMismatch", $"spec.parallelism.pipeline {settings.Pipeline} asks for more parts than the {layers} layers of LlmModel {Name(settings)}: set it to {layers} or less")
            : null;

    private static SpecProblem? Adapters(EndpointSettings settings, Engine engine)
    {
        if (settings.ModelSpec.Adapters is not { Count: > 0 } adapters)
        {
            return null;
        }

        if (!engine.Can.Adapters)
        {
            return new("AdaptersNotSupported", $"{engine.Type} serves no LoRA adapters: remove spec.adapters of LlmModel {Name(settings)}, or set spec.engine.type to {Others(other => other.Can.Adapters)}");
        }

        if (settings.ModelSpec.Cache is null && adapters.Select(ModelAdapters.Refusal).OfType<string>().FirstOrDefault() is { } refusal)
        {
            return new("AdapterSourceNotSupported", refusal);
        }

        // That of the endpoint itself is a rule of its own.
        return adapters.FirstOrDefault(adapter => adapter.Name != settings.Endpoint.Metadata.Name && EngineFacts.ServedNames(settings).Contains(adapter.Name)) is { } taken
            ? new("AdapterNameTaken", $"adapter {taken.Name} of LlmModel {Name(settings)} has the name the model itself is served under: give the adapter another name")
            : null;
    }

    private static IEnumerable<SpecProblem> Arguments(EndpointSettings settings, Engine engine, EngineLaunch? launch)
    {
        foreach (var option in EngineCommand.Given(engine, settings.Engine.Args))
        {
            if (engine.Reserved.TryGetValue(option, out var instead))
            {
                yield return new("ArgumentNotAllowed", $"spec.engine.args must not have {option}: {instead}");
            }
        }

        var takesVariables = launch is { Options.Count: 0 };
        foreach (var variable in settings.Engine.Env ?? [])
        {
            if (engine.Reserved.TryGetValue(variable.Name, out var instead) || (takesVariables && engine.Reserved.TryGetValue(EngineCommand.OptionOf(variable.Name), out instead)))
            {
                yield return new("ArgumentNotAllowed", $"spec.engine.env must not have {variable.Name}: {instead}");
            }
        }
    }

    private static string Name(EndpointSettings settings) => settings.Model.Metadata.Name!;

    private static string Others(Func<Engine, bool> able) => string.Join(" or ", EngineTable.All.Where(engine => engine.Type != EngineType.Custom && able(engine)).Select(engine => engine.Type).DefaultIfEmpty(EngineType.Custom));
}
