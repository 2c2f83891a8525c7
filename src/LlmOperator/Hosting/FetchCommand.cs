using System.CommandLine;
using System.Text.Json;
using LlmOperator.Controllers.Fetching;
using LlmOperator.Planning.Cache;

namespace LlmOperator.Hosting;

/// <summary>The command the Jobs of model caches run.</summary>
internal static class FetchCommand
{
    public static Command Create()
    {
        var into = new Option<string>("--into") { HelpName = "FOLDER", Description = "Mounted volume of the cache", Required = true };
        var items = new Option<string[]>("--item") { HelpName = "JSON", Description = "A revision to fetch, as the operator writes it: folder, source, revision and the start of the names of the variables with its credentials. May be repeated" };
        var remove = new Option<string[]>("--remove") { HelpName = "FOLDER", Description = "A folder to remove. May be repeated" };
        var command = new Command("fetch", "Fetch revisions of models into a cache's volume, and remove others. The operator starts it in Jobs.") { into, items, remove };
        command.SetAction(async (result, cancellationToken) =>
        {
            List<FetchItem> wanted = [];
            foreach (var argument in result.GetValue(items) ?? [])
            {
                try
                {
                    wanted.Add(FetchItem.Parse(argument));
                }
                catch (JsonException fault)
                {
                    await Console.Error.WriteLineAsync($"--item cannot be read: {fault.Message}").ConfigureAwait(false);
                    return OperatorCommand.NotConfigured;
                }
            }

            return await FetchRun.RunAsync(result.GetValue(into)!, wanted, result.GetValue(remove) ?? [], Environment.GetEnvironmentVariable, Console.Out, Console.Error, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }
}
