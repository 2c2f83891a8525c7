using System.Diagnostics.CodeAnalysis;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Generation;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Api;

/// <summary>The CustomResourceDefinitions of the project's kinds.</summary>
public static class CustomResourceDefinitions
{
    /// <summary>
    /// The definitions as they were when the project was built: the files of <c>crds/</c>, carried in the assembly. Cheap, and what a program installs.
    /// </summary>
    /// <returns>File name and YAML, in order of name.</returns>
    public static IReadOnlyList<(string FileName, string Yaml)> Embedded() =>
    [
        .. typeof(CustomResourceDefinitions).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("crds/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (name["crds/".Length..], ReadResource(name))),
    ];

    /// <summary>
    /// Makes the definitions from the C# types: their attributes, and their XML documentation, which lies beside the assembly.
    /// The same types always give the same bytes.
    /// </summary>
    /// <returns>File name and YAML, in order of name.</returns>
    /// <exception cref="FileNotFoundException">The documentation file is not beside the assembly.</exception>
    [RequiresUnreferencedCode("Walks the types by reflection; a trimmed program installs Embedded() instead.")]
    public static IReadOnlyList<(string FileName, string Yaml)> Generate()
    {
        var generator = new CrdGenerator(XmlDocumentation.Beside(typeof(CustomResourceDefinitions).Assembly));
        return
        [
            .. new[] { typeof(LlmEndpoint), typeof(LlmModel), typeof(RagIndex) }
                .Select(generator.Generate)
                .Select(crd => ($"{ApiGroup.Name}_{crd["spec"]!["names"]!["plural"]!.GetValue<string>()}.yaml", YamlText.Write(crd)))
                .OrderBy(file => file.Item1, StringComparer.Ordinal),
        ];
    }

    private static string ReadResource(string name)
    {
        using var stream = typeof(CustomResourceDefinitions).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
