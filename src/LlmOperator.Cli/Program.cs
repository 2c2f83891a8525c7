using System.CommandLine;
using LlmOperator.Cli;

var root = new RootCommand("kubectl-llm: try out, plan and operate language models on Kubernetes. On the PATH it is also 'kubectl llm'.")
{
    SandboxCommand.Create(),
    CrdsCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
