using System.Reflection;

namespace LlmOperator.Kubernetes.Http;

/// <summary>How we introduce ourselves to servers.</summary>
internal static class ProductName
{
    public static string UserAgent { get; } = $"llm-operator/{Version()}";

    private static string Version()
    {
        var version = typeof(ProductName).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        return version.Split('+')[0];
    }
}
