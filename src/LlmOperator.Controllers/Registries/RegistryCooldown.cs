using System.Collections.Concurrent;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>
/// Leaves a registry alone that cannot be reached or asks for patience: what one model learnt of it holds for all of them, so that a thousand models of a dead registry cost one timeout and not a thousand.
/// </summary>
internal sealed class RegistryCooldown(TimeProvider time)
{
    private static readonly TimeSpan Unreachable = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Impatient = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, (DateTimeOffset Until, RegistryException Fault)> _resting = new(StringComparer.Ordinal);

    /// <summary>Asks a registry unless it rests.</summary>
    /// <param name="who">The registry, and who asks it.</param>
    /// <param name="ask">The question.</param>
    public async Task<T> AskAsync<T>(string who, Func<Task<T>> ask)
    {
        if (_resting.TryGetValue(who, out var rest))
        {
            if (rest.Until > time.GetUtcNow())
            {
                throw new RegistryException(rest.Fault.Reason, rest.Fault.Message, isRetryable: true, rest.Until - time.GetUtcNow(), rest.Fault);
            }

            _resting.TryRemove(KeyValuePair.Create(who, rest));
        }

        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (RegistryException fault) when (RegistryReasons.IsTransient(fault.Reason))
        {
            var wait = fault.RetryAfter ?? (fault.Reason == RegistryReasons.RateLimited ? Impatient : Unreachable);
            _resting[who] = (time.GetUtcNow() + (wait < Longest ? wait : Longest), fault);
            throw;
        }
    }
}
