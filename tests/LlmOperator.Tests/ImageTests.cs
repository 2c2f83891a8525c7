using System.Text.RegularExpressions;
using LlmOperator.Planning;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Tests;

/// <summary>The Dockerfile builds what the manifests and the operator name. Nothing builds an image here, so the names are compared.</summary>
public sealed partial class ImageTests
{
    private static readonly string Dockerfile = Read("Dockerfile");

    [Fact]
    public void Every_program_is_published_from_a_project_that_is_there_and_started_by_its_name()
    {
        var published = Publishes().Matches(Dockerfile).ToDictionary(match => match.Groups["stage"].Value, match => match.Groups["project"].Value);
        var started = Starts().Matches(Dockerfile).ToDictionary(match => match.Groups["target"].Value, match => (Stage: match.Groups["stage"].Value, Program: match.Groups["program"].Value));
        Assert.Equal(["gateway", "operator", "prompt-trace"], started.Keys.Order());
        foreach (var (stage, program) in started.Values)
        {
            var project = published[stage];
            var text = Read($"{project}/{Path.GetFileName(project)}.csproj");
            Assert.Contains($"<AssemblyName>{program}</AssemblyName>", text, StringComparison.Ordinal);
            Assert.Contains("'$(Trim)' == 'true'", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_images_are_those_the_operator_and_the_manifests_name()
    {
        var built = Builds().Matches(Dockerfile).ToDictionary(match => match.Groups["target"].Value, match => match.Groups["image"].Value);
        var defaults = new DataPathOptions();
        Assert.Equal((defaults.GatewayImage, defaults.PromptTraceImage), (built["gateway"], built["prompt-trace"]));
        Assert.Contains($"image: {built["operator"]}\n", Read("config/base/deployment.yaml"), StringComparison.Ordinal);
        Assert.Contains($"\"{built["operator"]}\"", Read("src/LlmOperator.Controllers/Models/ModelCacheKeeper.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public void They_run_as_a_user_without_rights()
    {
        Assert.Matches(@"(?m)^FROM \S+-chiseled AS base\n(.*\n)*?USER 65532:65532$", Dockerfile);
        Assert.Equal(3, Regex.Count(Dockerfile, "(?m)^FROM base AS "));
    }

    [Fact]
    public void What_a_project_needs_is_sent_to_the_build()
    {
        var sent = Read(".dockerignore").Split('\n').Where(line => line.StartsWith('!')).Select(line => line[1..]).ToHashSet(StringComparer.Ordinal);
        Assert.All(sent, path => Assert.True(Path.Exists(Path.Combine(SharedData.RepositoryRoot, path)), $".dockerignore names {path}, which is not there"));
        var outside = Directory.GetFiles(Path.Combine(SharedData.RepositoryRoot, "src"), "*.csproj", SearchOption.AllDirectories)
            .SelectMany(file => FromOutside().Matches(File.ReadAllText(file)).Select(match => match.Groups["folder"].Value))
            .Append("Directory.Build.props")
            .Append("Directory.Packages.props");
        Assert.All(outside, folder => Assert.Contains(folder, sent));
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, path)).ReplaceLineEndings("\n");

    [GeneratedRegex(@"(?m)^FROM source AS (?<stage>\S+)\nRUN dotnet publish (?<project>\S+) ")]
    private static partial Regex Publishes();

    [GeneratedRegex(@"(?m)^FROM base AS (?<target>\S+)\nCOPY --from=(?<stage>\S+) /out \.\nENTRYPOINT \[""/app/(?<program>[^""]+)""\]$")]
    private static partial Regex Starts();

    [GeneratedRegex(@"(?m)^#   docker build --target (?<target>\S+) +-t (?<image>\S+) \.$")]
    private static partial Regex Builds();

    [GeneratedRegex(@"Include=""\.\./\.\./(?<folder>[^/""]+)")]
    private static partial Regex FromOutside();
}
