using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Engines;

/// <summary>Command, arguments and environment of an engine's container: what follows from the spec, and over it what the user says.</summary>
/// <param name="Command">Command; null for the image's own.</param>
/// <param name="Args">Arguments, the user's last; null when there are none.</param>
/// <param name="Environment">Variables, the user's last.</param>
/// <param name="Overridden">What of the operator's the user's replaces, each with the value it would have had.</param>
internal sealed record EngineCommand(IReadOnlyList<string>? Command, IReadOnlyList<string>? Args, IReadOnlyList<EnvVar> Environment, IReadOnlyList<string> Overridden)
{
    public static EngineCommand Of(EndpointSettings settings, PodRole role)
    {
        var engine = EngineTable.Of(settings.Engine);
        var launch = engine.Launch(settings, role);
        var own = settings.Engine.Args ?? [];
        var given = Given(engine, own);
        var ownVariables = (settings.Engine.Env ?? []).Select(Converted).ToList();
        var variables = EngineContainer.Folders.Concat(launch.Environment).Concat(ModelVolume.Environment(settings)).ToList();

        bool IsReplaced(EnvVar variable) => ownVariables.Exists(other => other.Name == variable.Name) || given.Contains(OptionOf(variable.Name));
        string[] args = [.. launch.Options.Where(option => !given.Contains(option.Name)).SelectMany(option => (IEnumerable<string>)[option.Name, .. option.Values]), .. own];
        return new(
            settings.Engine.Command ?? launch.Command,
            args.Length > 0 ? args : null,
            [.. variables.Where(variable => !IsReplaced(variable)), .. ownVariables],
            [
                .. launch.Options.Where(option => given.Contains(option.Name)).Select(option => Described(option.Name, string.Join(' ', option.Values))),
                .. variables.Where(IsReplaced).Select(variable => Described(variable.Name, variable.Value)),
            ]);
    }

    /// <summary>Options that arguments name, in their long form.</summary>
    public static IReadOnlySet<string> Given(Engine engine, IReadOnlyList<string>? arguments) =>
        (arguments ?? []).Where(argument => argument.StartsWith('-')).Select(argument => engine.LongForm(argument.Split('=', 2)[0])).ToHashSet(StringComparer.Ordinal);

    /// <summary>The option that a variable stands for, where an engine takes its options from variables.</summary>
    public static string OptionOf(string variable) => "--" + variable.Replace('_', '-').ToLowerInvariant();

    private static string Described(string name, string? value) => value is { Length: > 0 } ? $"{name} (would be {value})" : name;

    private static EnvVar Converted(EnvironmentVariable variable) => new()
    {
        Name = variable.Name,
        Value = variable.Value,
        ValueFrom = variable.ValueFrom is not { } source ? null : new()
        {
            SecretKeyRef = source.SecretKeyRef is { } secret ? new() { Name = secret.Name, Key = secret.Key } : null,
            ConfigMapKeyRef = source.ConfigMapKeyRef is { } map ? new() { Name = map.Name, Key = map.Key } : null,
        },
    };
}
