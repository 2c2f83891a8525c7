using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace LlmOperator.Testing;

/// <summary>
/// Finds where compiled code adds to a JSON array a value that would be serialised by reflection, which fails in a trimmed program and ends its publishing. The compiler makes such a call of a collection expression
/// whose elements are <c>JsonValue</c>s, where no analyzer sees it.
/// </summary>
public static class ReflectiveJson
{
    /// <summary>Assemblies of this project beside the test that programs are published with, and that do so.</summary>
    public static IReadOnlyList<string> Assemblies() =>
        [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Where(IsPublished).Where(Adds).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    private static bool IsPublished(string file) => Path.GetFileNameWithoutExtension(file) is var name
        && (name is "llm-operator" or "llm-gateway" or "prompt-trace"
            || (name.StartsWith("LlmOperator.", StringComparison.Ordinal) && !name.Contains("Test", StringComparison.Ordinal) && name is not ("LlmOperator.Sandbox" or "LlmOperator.Cli")));

    private static bool Adds(string file)
    {
        using var assembly = new PEReader(File.OpenRead(file));
        var metadata = assembly.GetMetadataReader();
        return metadata.MemberReferences.Select(metadata.GetMemberReference).Any(member =>
            metadata.GetString(member.Name) == "Add" && member.Parent.Kind == HandleKind.TypeReference
            && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name) == "JsonArray"
            && metadata.GetBlobReader(member.Signature).ReadSignatureHeader().IsGeneric);
    }
}
