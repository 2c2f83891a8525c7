using LlmOperator.Hosting;

return await OperatorCommand.Create().Parse(args).InvokeAsync();
