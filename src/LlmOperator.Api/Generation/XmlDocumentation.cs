using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace LlmOperator.Api.Generation;

/// <summary>Summaries of types and properties, from the XML file the compiler writes: one text for the reader of the code and for <c>kubectl explain</c>.</summary>
internal sealed partial class XmlDocumentation
{
    private readonly Dictionary<string, string> _summaries;

    private XmlDocumentation(XDocument document) =>
        _summaries = document.Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Flatten(member.Element("summary")!));

    public static XmlDocumentation Beside(Assembly assembly)
    {
        var path = Path.Combine(AppContext.BaseDirectory, assembly.GetName().Name + ".xml");
        return File.Exists(path)
            ? new(XDocument.Load(path))
            : throw new FileNotFoundException($"descriptions are made of the XML documentation file {path}, which is not there: build the project with GenerateDocumentationFile, or use the definitions embedded in the assembly", path);
    }

    public string? Of(Type type) => _summaries.GetValueOrDefault($"T:{type.FullName}");

    public string? Of(PropertyInfo property) => _summaries.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}");

    /// <summary>Text of a summary on one line; a reference becomes the last part of its name.</summary>
    private static string Flatten(XElement summary)
    {
        var text = string.Concat(summary.DescendantNodes().Select(node => node switch
        {
            XText words => words.Value,
            XElement { Name.LocalName: "see" } see => see.Attribute("cref")?.Value.Split('.', ':')[^1] ?? see.Attribute("langword")?.Value,
            _ => null,
        }));
        return Whitespace().Replace(text, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
