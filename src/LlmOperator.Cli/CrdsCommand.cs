using System.CommandLine;
using LlmOperator.Api;

namespace LlmOperator.Cli;

/// <summary><c>kubectl-llm crds</c>: writes the CRDs generated from the C# types.</summary>
internal static class CrdsCommand
{
    public static Command Create()
    {
        var output = new Option<DirectoryInfo?>("--out")
        {
            Description = "Folder to write one file a kind into; without it the YAML goes to standard output.",
            HelpName = "FOLDER",
        };
        var command = new Command("crds", "Print or write the CustomResourceDefinitions of LlmModel, LlmEndpoint and RagIndex.") { output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var folder = parsed.GetValue(output);
            folder?.Create();
            foreach (var (fileName, yaml) in CustomResourceDefinitions.Generate())
            {
                if (folder is null)
                {
                    await parsed.InvocationConfiguration.Output.WriteLineAsync($"---\n{yaml.TrimEnd()}");
                }
                else
                {
                    await File.WriteAllTextAsync(Path.Combine(folder.FullName, fileName), yaml, cancellationToken);
                }
            }
        });
        return command;
    }
}
