using LlmOperator.Inference.Hosting;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Hosting;

TwoPortServer.ServeInline();
SidecarOptions options;
try
{
    options = SidecarConfiguration.Load(Environment.GetEnvironmentVariable);
}
catch (ConfigurationException wrong)
{
    foreach (var problem in wrong.Problems)
    {
        Console.Error.WriteLine($"error: {problem}");
    }

    return ServerProgram.NotConfigured;
}

return await ServerProgram.RunAsync(loggers => new Sidecar(options, loggers));
