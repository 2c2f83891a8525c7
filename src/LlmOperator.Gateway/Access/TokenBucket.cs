namespace LlmOperator.Gateway.Access;

/// <summary>An allowance that fills up evenly over a minute and never holds more than a minute's worth. What is known only afterwards may take it below nothing.</summary>
/// <param name="perMinute">What comes in a minute.</param>
/// <param name="time">Clock.</param>
internal sealed class TokenBucket(double perMinute, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _level = perMinute;
    private long _filled = time.GetTimestamp();

    /// <summary>What comes in a minute.</summary>
    public double PerMinute { get; } = perMinute;

    /// <summary>Whether nothing of it is used up.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                Fill();
                return _level >= PerMinute;
            }
        }
    }

    /// <summary>What is left; below nothing when more was used.</summary>
    public double Left
    {
        get
        {
            lock (_gate)
            {
                Fill();
                return _level;
            }
        }
    }

    /// <summary>Takes an amount if there is as much.</summary>
    /// <returns>Null when it was taken; else how long it takes until there is as much.</returns>
    public TimeSpan? TryTake(double amount)
    {
        lock (_gate)
        {
            Fill();
            if (_level < amount)
            {
                return TimeSpan.FromMinutes((amount - _level) / PerMinute);
            }

            _level -= amount;
            return null;
        }
    }

    /// <summary>Takes an amount whether it is there or not.</summary>
    public void Charge(double amount)
    {
        lock (_gate)
        {
            Fill();
            _level -= amount;
        }
    }

    /// <summary>Whether anything is left.</summary>
    /// <returns>Null when something is; else how long it takes until then.</returns>
    public TimeSpan? WaitForAny()
    {
        lock (_gate)
        {
            Fill();
            return _level > 0 ? null : TimeSpan.FromMinutes((Math.Min(1, PerMinute) - _level) / PerMinute);
        }
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        _level = Math.Min(PerMinute, _level + (time.GetElapsedTime(_filled, now).TotalMinutes * PerMinute));
        _filled = now;
    }
}
