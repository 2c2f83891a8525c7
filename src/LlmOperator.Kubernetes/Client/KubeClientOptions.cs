namespace LlmOperator.Kubernetes.Client;

/// <summary>Settings of a <see cref="KubeClient"/> that are not the cluster's.</summary>
public sealed record KubeClientOptions
{
    /// <summary>Clock of deadlines, retries and credentials.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Sees each attempt of each request before it leaves; for fences and for fault injection.</summary>
    public DelegatingHandler? Handler { get; init; }

    /// <summary>How long one attempt may take until its answer is read; for a watch or a log, until the answer begins.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts of a request that the server asks to repeat.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>Source of jitter, from 0 up to 1.</summary>
    public Func<double> Jitter { get; init; } = Random.Shared.NextDouble;
}
