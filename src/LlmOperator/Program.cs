using LlmOperator.Hosting;

// The operator handles signals itself: it stops when what is in hand is finished, not after the two seconds the parser would grant.
return await OperatorCommand.Create().Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });
