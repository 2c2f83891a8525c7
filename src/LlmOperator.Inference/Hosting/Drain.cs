namespace LlmOperator.Inference.Hosting;

/// <summary>Counts the requests inside, closes the door, and says when the last has left.</summary>
public sealed class Drain
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inside;
    private bool _isClosed;

    /// <summary>Whether the pod is to be asked for more; goes off before the door closes.</summary>
    public bool IsReady { get; set; } = true;

    /// <summary>Lets a request in, unless the door is closed.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            _inside += _isClosed ? 0 : 1;
            return !_isClosed;
        }
    }

    /// <summary>A request has been answered.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (--_inside == 0 && _isClosed)
            {
                _empty.TrySetResult();
            }
        }
    }

    /// <summary>Lets no more in.</summary>
    /// <returns>Ends when all that are inside have left.</returns>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            if (_inside == 0)
            {
                _empty.TrySetResult();
            }

            return _empty.Task;
        }
    }
}
