using LlmOperator.Gateway.Configuration;
using LlmOperator.Inference.Hosting;

var command = GatewayCommand.Create().Parse(args);

// The gateway handles signals itself: it stops when what is in hand is answered, not after the two seconds the parser would grant.
var code = await command.InvokeAsync(new() { ProcessTerminationTimeout = null });
return command.Errors.Count > 0 ? ServerProgram.NotConfigured : code;
