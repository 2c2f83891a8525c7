namespace LlmOperator.Api.Schema;

/// <summary>Patterns more than one field uses; RE2 syntax, anchored.</summary>
internal static class Patterns
{
    /// <summary>Object name: an RFC 1123 subdomain.</summary>
    public const string ObjectName = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    /// <summary>One label of a host name, in lower case; a digit may begin it.</summary>
    public const string Label = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

    /// <summary>Key of a Secret or ConfigMap.</summary>
    public const string DataKey = "^[-._a-zA-Z0-9]+$";

    /// <summary>Absolute http or https address, without user name or password: these would stand in the specs of pods.</summary>
    public const string HttpUrl = "^https?://[^\\s/@]+(/[^\\s]*)?$";

    /// <summary>Kubernetes quantity.</summary>
    public const string Quantity = "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

    /// <summary>Number of parameters: a plain count or one with a letter (thousand, million, thousand million, million million).</summary>
    public const string ParameterCount = "^[0-9]+(\\.[0-9]+)?[KMBT]?$";

    /// <summary>Hugging Face repository, owner/name.</summary>
    public const string HuggingFaceRepo = "^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$";

    /// <summary>Accelerator class of the catalogue, or auto.</summary>
    public const string AcceleratorClass = "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$";

    /// <summary>Environment variable name, as the API server accepts it.</summary>
    public const string EnvironmentName = "^[-._a-zA-Z][-._a-zA-Z0-9]*$";
}
