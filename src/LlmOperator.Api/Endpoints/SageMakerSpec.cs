using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>A model on Amazon SageMaker.</summary>
public sealed record SageMakerSpec
{
    /// <summary>AWS region, for example eu-central-1.</summary>
    [Length(32, 1)]
    [Pattern("^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
    [Rule("self == oldSelf", "sageMaker.region cannot be changed: create a second LlmEndpoint in the other region, move traffic to it, then delete this one")]
    public required string Region { get; init; }

    /// <summary>Role that SageMaker assumes to read the model and write logs.</summary>
    [Length(2048, 20)]
    [Pattern("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
    public required string ExecutionRoleArn { get; init; }

    /// <summary>Role the operator assumes for its calls. Its own identity when absent.</summary>
    [Length(2048, 20)]
    [Pattern("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
    public string? AssumeRoleArn { get; init; }

    /// <summary>Whether several models may share the endpoint's instances (InferenceComponentBased) or one has them to itself (ModelBased).</summary>
    [AllowedValues("InferenceComponentBased", "ModelBased")]
    [Default("InferenceComponentBased")]
    public string EndpointType { get; set; } = "InferenceComponentBased";

    /// <summary>Instance type, for example ml.g5.2xlarge.</summary>
    [Length(64, 4)]
    [Pattern("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$")]
    public required string InstanceType { get; init; }

    /// <summary>Instances at the start.</summary>
    [Bounds(1, 1000)]
    [Default(1)]
    public int InitialInstanceCount { get; set; } = 1;

    /// <summary>CPU cores a copy needs.</summary>
    [Bounds(0.25, 1000)]
    [Default(2)]
    public double CpuCores { get; set; } = 2;

    /// <summary>Host memory a copy needs, in MiB.</summary>
    [Bounds(128, 100_000_000)]
    [Default(5120)]
    public int MemoryMiB { get; set; } = 5120;

    /// <summary>Seconds a container may take until it answers health checks.</summary>
    [Bounds(60, 3600)]
    [Default(900)]
    public int StartupTimeoutSeconds { get; set; } = 900;

    /// <summary>Tags put on every resource, besides the operator's own.</summary>
    [Count(40)]
    [Length(256)]
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
}
