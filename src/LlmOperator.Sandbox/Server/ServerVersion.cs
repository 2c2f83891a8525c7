using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Server;

/// <summary>The Kubernetes version whose behaviour the sandbox follows.</summary>
internal static class ServerVersion
{
    /// <summary>Version as clients compare it.</summary>
    public const string GitVersion = "v1.36.2";

    /// <summary><c>/version</c>.</summary>
    public static JsonObject Document() => new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "",
        ["platform"] = $"{(OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux")}/{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64")}",
    };
}
