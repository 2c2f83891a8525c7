namespace LlmOperator.Kubernetes.Leadership;

/// <summary>Settings of a leader election.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>Namespace of the lease.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the lease.</summary>
    public required string Name { get; init; }

    /// <summary>Who this process is. Unique: two processes of one identity would both lead.</summary>
    public string Identity { get; init; } = $"{Environment.MachineName}_{Guid.NewGuid()}";

    /// <summary>How long others wait for a silent leader.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the leader tries to renew before it gives up.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between attempts.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Give the lease up on a clean stop, so that the next leader need not wait it out.</summary>
    public bool ReleaseOnStop { get; init; } = true;

    /// <summary>Waits between attempts are stretched by up to this factor, so that rivals do not march in step.</summary>
    internal const double JitterFactor = 1.2;

    /// <summary>Throws an <see cref="ArgumentException"/> that names every setting at fault.</summary>
    public void Validate()
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(Namespace))
        {
            faults.Add("Namespace is empty: name the namespace of the lease");
        }

        if (string.IsNullOrWhiteSpace(Name))
        {
            faults.Add("Name is empty: name the lease");
        }

        if (string.IsNullOrWhiteSpace(Identity))
        {
            faults.Add("Identity is empty: an empty holder means a free lease");
        }

        if (RetryPeriod <= TimeSpan.Zero)
        {
            faults.Add($"RetryPeriod is {RetryPeriod}: it must be longer than zero");
        }

        if (LeaseDuration < TimeSpan.FromSeconds(1))
        {
            faults.Add($"LeaseDuration is {LeaseDuration}: it is recorded in whole seconds and must be one at least");
        }

        if (LeaseDuration <= RenewDeadline)
        {
            faults.Add($"LeaseDuration ({LeaseDuration}) must be longer than RenewDeadline ({RenewDeadline}): the leader must give up before others take over");
        }

        if (RenewDeadline <= RetryPeriod * JitterFactor)
        {
            faults.Add($"RenewDeadline ({RenewDeadline}) must be longer than {JitterFactor} times RetryPeriod ({RetryPeriod}): there must be time for a second attempt");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException("leader election: " + string.Join("; ", faults));
        }
    }
}
