namespace LlmOperator.Kubernetes.Configuration;

/// <summary>How to reach the cluster is not, or not properly, configured. The message names the file, the context and the field.</summary>
public sealed class ClusterConfigurationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ClusterConfigurationException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
