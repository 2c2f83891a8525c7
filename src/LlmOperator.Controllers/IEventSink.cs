using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Events;
using LlmOperator.Planning;

namespace LlmOperator.Controllers;

/// <summary>Where reconcilers tell of transitions.</summary>
internal interface IEventSink
{
    /// <summary>Tells people that a condition of an object changed.</summary>
    void Report(IKubeObject regarding, ConditionTransition transition);
}

/// <summary>Tells of transitions as Events: the condition's reason and message, so that both say the same.</summary>
internal sealed class RecordedEvents(EventRecorder recorder) : IEventSink
{
    public void Report(IKubeObject regarding, ConditionTransition transition)
    {
        var (condition, isWarning) = transition;
        if (isWarning)
        {
            recorder.Warning(regarding, condition.Reason!, $"{condition.Type}: {condition.Message}");
        }
        else
        {
            recorder.Normal(regarding, condition.Reason!, $"{condition.Type}: {condition.Message}");
        }
    }
}

/// <summary>Names under which the API server records what fields are ours.</summary>
internal static class FieldManagers
{
    public const string Operator = "llm-operator";

    /// <summary>The webhook's certificate and the CA bundles, which every replica writes.</summary>
    public const string Webhook = "llm-operator-webhook";
}
