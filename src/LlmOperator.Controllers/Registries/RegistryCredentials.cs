namespace LlmOperator.Controllers.Registries;

/// <summary>What is shown to a registry. No record, so that nothing prints what is in it.</summary>
internal sealed class RegistryCredentials
{
    public static RegistryCredentials None { get; } = new();

    /// <summary>Token of the Hugging Face hub.</summary>
    public string? Token { get; init; }

    /// <summary>Keys of AWS; the environment's own when null.</summary>
    public AwsKeys? Aws { get; init; }

    /// <summary>A file in the form of ~/.docker/config.json.</summary>
    public byte[]? DockerConfig { get; init; }

    /// <summary>Changes whenever the Secret they come from does; null when they come from none.</summary>
    public string? Version { get; init; }
}

/// <summary>Keys of AWS.</summary>
internal sealed class AwsKeys(string accessKeyId, string secretAccessKey, string? sessionToken)
{
    public string AccessKeyId { get; } = accessKeyId;

    public string SecretAccessKey { get; } = secretAccessKey;

    public string? SessionToken { get; } = sessionToken;
}
