using System.CommandLine;
using LlmOperator.Benchmarks.Echo;

var root = new RootCommand("Benchmarks of llm-operator. Nothing here is a test: figures depend on the machine, so compare ratios of one run.")
{
    EchoCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
