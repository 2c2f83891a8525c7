using LlmOperator.Planning.Engines;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Endpoints;

/// <summary>
/// How a pod ends: first it sleeps, while endpoints and gateways forget it and it still answers; then the engine is told to end and lets running answers finish. An engine that cuts them off
/// is told only when their time is over.
/// </summary>
internal static class Termination
{
    /// <summary>Time in which every proxy has taken the pod off its list.</summary>
    private const int ForgottenSeconds = 10;

    /// <summary>Time the process takes to go once nothing runs any more.</summary>
    private const int ExitSeconds = 5;

    /// <summary>Time running answers get to end.</summary>
    public static int DrainSeconds(EndpointSettings settings) => settings.Engine.TerminationGracePeriodSeconds;

    /// <summary>Sleep before the engine gets its signal.</summary>
    public static int SleepSeconds(EndpointSettings settings) =>
        EngineTable.Of(settings.Engine).Drains(settings) ? ForgottenSeconds : ForgottenSeconds + DrainSeconds(settings);

    /// <summary>Time after which the pod is killed: more than sleep and drain together, and what the sidecar needs once the engine has ended.</summary>
    public static int GraceSeconds(EndpointSettings settings) => ForgottenSeconds + DrainSeconds(settings) + ExitSeconds + PromptTraceSidecar.EndSeconds(settings);
}
