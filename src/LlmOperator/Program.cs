using LlmOperator.Hosting;

var command = OperatorCommand.Create().Parse(args);

// The operator handles signals itself: it stops when what is in hand is finished, not after the two seconds the parser would grant.
var code = await command.InvokeAsync(new() { ProcessTerminationTimeout = null });

// The parser answers a command line it cannot read with 1, which means here that the lease was lost.
return command.Errors.Count > 0 ? OperatorCommand.NotConfigured : code;
